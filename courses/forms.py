"""Forms of the back-office."""

from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm


class QuizForm(WagtailAdminModelForm):
    """A quiz that asks something, and nothing twice."""

    def clean(self) -> dict:
        """Says of what is asked twice where it stands."""
        data = super().clean()
        seen: set[tuple[str, int]] = set()
        for form in self.formsets["items"].forms:
            if not form.is_valid() or form.cleaned_data.get("DELETE"):
                continue
            for name in ("question", "topic"):
                chosen = form.cleaned_data.get(name)
                if chosen and (name, chosen.pk) in seen:
                    form.add_error(name, _("Ya está en este cuestionario."))
                elif chosen:
                    seen.add((name, chosen.pk))
        return data
