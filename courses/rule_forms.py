"""The form in which one writes what a course asks for."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.domain.durations import on_the_clock
from courses.domain.rules import Asked, Own, Passages, Span
from courses.models import Activity

CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)"
PASSAGE = re.compile(rf"{CLOCK}\s*(?:[-–—]|a)\s*{CLOCK}")


def read_spans(text: str) -> tuple[Span, ...]:
    """`2:10-2:50, 1:02:00–1:03:00` as seconds. Raises `ValidationError`."""
    found = []
    for part in filter(None, (one.strip() for one in re.split(r"[,;\n]", text))):
        match = PASSAGE.fullmatch(part)
        if match is None:
            raise forms.ValidationError(
                _("«%(part)s» no se entiende. Escriba, por ejemplo: 2:10–2:50"), params={"part": part}
            )
        parts = [int(one or 0) for one in match.groups()]
        found.append((_seconds(parts[:3]), _seconds(parts[3:])))
    return tuple(sorted(found))


def _seconds(parts: list[int]) -> int:
    hours, minutes, seconds = parts
    return 3600 * hours + 60 * minutes + seconds


class RuleForm(forms.Form):
    """What the whole course asks for, and each of its videos and quizzes."""

    watch_percent = forms.IntegerField(label=gettext_lazy("De cada video hay que ver (%)"), min_value=10, max_value=100)
    optional_count = forms.IntegerField(
        label=gettext_lazy("Actividades opcionales que hay que hacer, a elección"), min_value=0, max_value=500
    )
    mean_percent = forms.IntegerField(
        label=gettext_lazy("Promedio mínimo de los cuestionarios (%)"),
        help_text=gettext_lazy("Vacío: basta con aprobar cada uno."),
        min_value=1,
        max_value=100,
        required=False,
    )

    def __init__(self, *args, activities: Iterable[Activity], asked: Asked, **kwargs) -> None:
        initial = {
            "watch_percent": asked.watch_percent,
            "optional_count": asked.optional_count,
            "mean_percent": asked.mean_percent,
        }
        super().__init__(*args, label_suffix="", initial=initial, **kwargs)
        self.activities = [one for one in activities if one.video or one.quiz]
        for one in self.activities:
            self._add(one, asked.of(one))

    def _add(self, activity: Activity, own: Own) -> None:
        key = activity.block_key
        if activity.quiz:
            self.fields[f"pass-{key}"] = forms.IntegerField(
                label=_("Se aprueba con (%)"),
                help_text=_("Vacío: %(n)s, como dice el cuestionario.") % {"n": activity.quiz.pass_percent},
                min_value=1,
                max_value=100,
                required=False,
                initial=own.pass_percent,
            )
            return
        self.fields[f"watch-{key}"] = forms.IntegerField(
            label=_("Hay que ver (%)"),
            help_text=_("Vacío: lo mismo que los demás."),
            min_value=10,
            max_value=100,
            required=False,
            initial=own.watch_percent,
        )
        self.fields[f"passages-{key}"] = forms.CharField(
            label=_("Pasajes que no se pueden saltar"),
            help_text=_("Por ejemplo: 2:10–2:50, 7:00–7:30. El video dura %(time)s.")
            % {"time": on_the_clock(activity.video.length_seconds if activity.video else 0)},
            required=False,
            max_length=1000,
            initial=_written(own, activity),
        )

    @property
    def course_fields(self) -> list[forms.BoundField]:
        """Those of the whole course."""
        return [self[name] for name in ("watch_percent", "optional_count", "mean_percent")]

    @property
    def rows(self) -> list[tuple[Activity, list[forms.BoundField]]]:
        """Each activity with its fields."""
        return [
            (one, [self[name] for name in self.fields if name.endswith(str(one.block_key))]) for one in self.activities
        ]

    def clean(self) -> dict[str, Any]:
        """Passages as seconds."""
        data = super().clean() or {}
        for name in [name for name in data if name.startswith("passages-")]:
            try:
                data[name] = read_spans(data[name])
            except forms.ValidationError as unfit:
                self.add_error(name, unfit)
        return data

    @property
    def own(self) -> dict[str, Own]:
        """What single activities ask for, by their block keys."""
        return {str(one.block_key): self._own(one) for one in self.activities}

    def _own(self, activity: Activity) -> Own:
        key, given = activity.block_key, self.cleaned_data
        spans = given.get(f"passages-{key}") or ()
        video = activity.video
        passages = Passages(str(video.public_id), video.cut, spans) if spans and video else None
        return Own(given.get(f"watch-{key}"), given.get(f"pass-{key}"), passages)


def _written(own: Own, activity: Activity) -> str:
    """Passages as one writes them; none where the block has another video by now."""
    if not own.passages or not activity.video or own.passages.video != str(activity.video.public_id):
        return ""
    return ", ".join(f"{on_the_clock(first)}–{on_the_clock(after)}" for first, after in own.passages.spans)


class DayForm(forms.Form):
    """From which day a change applies."""

    on = forms.DateField(
        label=gettext_lazy("Se aplica desde"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args, **kwargs) -> None:
        kwargs.setdefault("initial", {"on": timezone.localdate()})
        super().__init__(*args, label_suffix="", **kwargs)


class WaiverForm(forms.Form):
    """From what somebody is excused, or what is accepted, and why."""

    activity = forms.ModelChoiceField(
        label=gettext_lazy("Actividad"), queryset=Activity.objects.none(), to_field_name="public_id"
    )
    kind = forms.ChoiceField(label=gettext_lazy("Qué se acepta"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("Por qué"),
        help_text=gettext_lazy("La persona lo leerá, y queda en la bitácora."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, missing, kinds, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["activity"].queryset = missing  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why an exception is taken back."""

    reason = forms.CharField(
        label=gettext_lazy("Por qué se retira"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
