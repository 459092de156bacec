"""Forms of the back-office."""

import re
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm

from courses.models import BankQuestion, Topic
from courses.models.reach import bank_for, topics_for

ITEM = re.compile(r"items-\d+-(question|topic)")


class QuizForm(WagtailAdminModelForm):
    """A quiz that asks something, nothing twice, and newly only what its writer may place; what it has may stay."""

    def __init__(self, data: Any = None, *args, instance=None, for_user=None, **kwargs) -> None:
        self.offered = _offered(for_user, instance)
        self.refused: set[str] = set()
        super().__init__(self._known(data), *args, instance=instance, for_user=for_user, **kwargs)
        self._narrow(self.formsets["items"])

    def _narrow(self, rows: Any) -> None:
        """Its rows, the empty one for more among them, offer what is within reach."""
        add_fields = rows.add_fields

        def narrowed(form: Any, index: int | None) -> None:
            add_fields(form, index)
            for name, offered in self.offered.items():
                form.fields[name].queryset = offered

        rows.add_fields = narrowed

    def _known(self, data: Any) -> Any:
        """What was sent, without what is out of reach: its name would be drawn beside the error."""
        if data is None:
            return None
        data = data.copy()
        for key in [key for key in data if ITEM.fullmatch(key)]:
            value, offered = data[key], self.offered[key.rpartition("-")[2]]
            if value and not (str(value).isdecimal() and len(str(value)) < 19 and offered.filter(pk=value).exists()):
                data[key] = ""
                self.refused.add(key)
        return data

    def clean(self) -> dict:
        """Says of what is asked twice, or is not one's own, where it stands."""
        data = super().clean()
        seen: set[tuple[str, int]] = set()
        for form in self.formsets["items"].forms:
            for name in self.offered:
                if form.add_prefix(name) in self.refused:
                    form.add_error(name, _("Esto no lo puede usar usted en un cuestionario. Elija otra cosa."))
            if not form.is_valid() or form.cleaned_data.get("DELETE"):
                continue
            for name in self.offered:
                chosen = form.cleaned_data.get(name)
                if chosen and (name, chosen.pk) in seen:
                    form.add_error(name, _("Ya está en este cuestionario."))
                elif chosen:
                    seen.add((name, chosen.pk))
        return data


def _offered(person, quiz) -> dict[str, Any]:
    kept = quiz.items.all() if quiz is not None and quiz.pk else []
    questions = [item.question_id for item in kept if item.question_id]
    topics = [item.topic_id for item in kept if item.topic_id]
    placing = bank_for(person, BankQuestion.objects.in_use(), to_edit=False)
    drawing = topics_for(person, Topic.objects.all(), to_edit=False)
    return {
        "question": BankQuestion.objects.filter(Q(pk__in=placing.values("pk")) | Q(pk__in=questions)),
        "topic": Topic.objects.filter(Q(pk__in=drawing.values("pk")) | Q(pk__in=topics)),
    }
