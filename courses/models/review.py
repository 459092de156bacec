"""What a page waits for before it is published, where ANAM looks at it first (decision 0036)."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Task, TaskState

from .reach import reviews


class ReturnForm(forms.Form):
    """Why a page goes back: whoever wrote it reads this."""

    comment = forms.CharField(
        label=gettext_lazy("Qué hay que cambiar"), widget=forms.Textarea({"rows": 4}), max_length=2000
    )


class ReviewTask(Task):
    """A look by ANAM. Asked of the roles in force and of no group: a role that ended reviews nothing more."""

    class Meta:
        verbose_name = gettext_lazy("revisión")
        verbose_name_plural = gettext_lazy("revisiones")

    def user_can_access_editor(self, obj, user) -> bool:
        """Reviewers may correct what they look at."""
        return reviews(user)

    def locked_for_user(self, obj, user) -> bool:
        """What was handed in stays as it is until it was looked at or taken back."""
        return not reviews(user)

    def get_actions(self, obj, user) -> list[tuple[str, str, bool]]:
        """Name, words, and whether a comment is asked for."""
        if not reviews(user):
            return []
        return [
            ("reject", _("Devolver con un comentario"), True),
            ("approve", _("Aprobar"), False),
            ("approve", _("Aprobar con un comentario"), True),
        ]

    def get_form_for_action(self, action: str):
        """Nothing goes back without a word."""
        return ReturnForm if action == "reject" else super().get_form_for_action(action)

    def get_task_states_user_can_moderate(self, user, **kwargs):
        """What waits for somebody."""
        waiting = TaskState.objects.filter(task_id=self.pk, status=TaskState.STATUS_IN_PROGRESS)
        return waiting if reviews(user) else waiting.none()

    @classmethod
    def get_description(cls) -> str:
        """What it is."""
        return _("Quien puede revisar cursos los mira antes de que se publiquen.")
