"""Forms of the back-office."""

from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm

from courses.models import Question


class QuizForm(WagtailAdminModelForm):
    """A quiz whose every question can be answered rightly."""

    def clean(self) -> dict:
        """One right option where one is asked for, at least one where several may be."""
        data = super().clean()
        for form in self.formsets["questions"].forms:
            if form.is_valid() and form.has_changed() | bool(form.instance.pk) and not form.cleaned_data.get("DELETE"):
                self._check_question(form)
        return data

    def _check_question(self, form) -> None:
        choices = (choice.cleaned_data for choice in form.formsets["choices"].forms)
        right_count = sum(1 for choice in choices if choice.get("is_right") and not choice.get("DELETE"))
        if form.cleaned_data.get("kind") == Question.Kind.MULTIPLE:
            if right_count < 1:
                form.add_error("kind", _("Marque como correcta al menos una opción."))
        elif right_count != 1:
            form.add_error("kind", _("Marque como correcta exactamente una opción."))
