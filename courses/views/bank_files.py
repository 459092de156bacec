"""Bringing questions of a file into the bank, after a look at it, and taking them along."""

import secrets
import zlib

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from wagtail.admin import messages

from courses.domain import bank_files
from courses.interchange.reading import Reading, Unreadable
from courses.models import BankQuestion, Topic
from courses.models.reach import EDIT, bank_for, topics_for
from courses.views.bank import frame
from lms.models import Person
from lms.permissions import needs

MOST_BYTES = 20 * 1024**2
KEPT_SECONDS = 60 * 60
NOTES_SHOWN = 500
MOST_EXPORTED = 1_000


class FileForm(forms.Form):
    """A file."""

    file = forms.FileField(label=gettext_lazy("Archivo de preguntas"), max_length=255)

    def clean_file(self):
        """Not more than one can look through."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("El archivo pasa de 20 MB. Divídalo en varios."))
        return file


class TakeForm(forms.Form):
    """Where the questions go, and whether those that are there already come again."""

    topic = forms.ModelChoiceField(
        label=gettext_lazy("Tema"), queryset=Topic.objects.none(), required=False, empty_label="—"
    )
    by_category = forms.BooleanField(
        label=gettext_lazy("Un tema por cada categoría del archivo"), required=False, initial=True
    )
    again = forms.BooleanField(label=gettext_lazy("Traer también las que ya están en el banco"), required=False)

    def __init__(self, *args, person: Person, **kwargs) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["topic"].queryset = topics_for(person, Topic.objects.all(), to_edit=True)  # type: ignore[attr-defined]


def _address(person: Person, token: str) -> str:
    """Where a file waits for its owner's word; nobody else's token leads there."""
    return f"bank-file:{person.pk}:{token}"


@needs(EDIT)
def bring(request: HttpRequest) -> HttpResponse:
    """A file is looked at first; what it holds is shown, and taken in when that is wished."""
    if request.method == "POST" and "token" in request.POST:
        return _take(request)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read()
        try:
            reading = bank_files.read(content)
        except Unreadable as unreadable:
            form.add_error("file", str(unreadable.message))
        else:
            token = secrets.token_urlsafe(16)
            cache.set(_address(request.user, token), (zlib.compress(content), file.name), KEPT_SECONDS)
            return _looked(request, reading, token, file.name, TakeForm(person=request.user))
    status = 422 if request.method == "POST" else 200
    context = {"form": form} | frame(_("Traer preguntas de un archivo"))
    return render(request, "wagtailadmin/courses/bank_import.html", context, status=status)


def _looked(request: HttpRequest, reading: Reading, token: str, name: str, form: TakeForm) -> HttpResponse:
    notes = reading.notes
    context = {
        "form": form,
        "token": token,
        "total": len(reading.questions),
        "counts": bank_files.counts(reading),
        "notes": notes[:NOTES_SHOWN],
        "more_notes": max(0, len(notes) - NOTES_SHOWN),
        "dropped": len(reading.dropped),
        "known": [
            reading.questions[place].question.name for place in sorted(bank_files.present(request.user, reading))
        ],
        "categories": sorted({" › ".join(found.category) for found in reading.questions if found.category}),
    }
    return render(request, "wagtailadmin/courses/bank_look.html", context | frame(_("Lo que trae el archivo"), name))


def _take(request: HttpRequest) -> HttpResponse:
    address = _address(request.user, request.POST["token"][:64])
    kept = cache.get(address)
    if kept is None:
        messages.error(request, _("El archivo ya no está guardado. Súbalo otra vez."))
        return redirect("courses_bank:import")
    content, name = zlib.decompress(kept[0]), kept[1]
    reading = bank_files.read(content)
    form = TakeForm(request.POST, person=request.user)
    if not form.is_valid():
        return _looked(request, reading, request.POST["token"], name, form)
    given = form.cleaned_data
    leave = set() if given["again"] else bank_files.present(request.user, reading)
    count, lost = bank_files.take_in(
        reading, by=request.user, topic=given["topic"], by_category=given["by_category"], leave=leave
    )
    cache.delete(address)
    said = ngettext("Se trajo %(count)s pregunta.", "Se trajeron %(count)s preguntas.", count) % {"count": count}
    messages.success(request, said)
    if leave:
        known = ngettext(
            "%(count)s ya estaba en el banco y no se repitió.",
            "%(count)s ya estaban en el banco y no se repitieron.",
            len(leave),
        )
        messages.info(request, known % {"count": len(leave)})
    if lost:
        unread = ngettext(
            "%(count)s imagen no se pudo leer; quedó su descripción.",
            "%(count)s imágenes no se pudieron leer; quedó su descripción.",
            lost,
        )
        messages.warning(request, unread % {"count": lost})
    return redirect("courses_bank:index")


@needs(EDIT)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The chosen questions, or those of a topic, of those that one may change: what is right goes along."""
    kind = request.GET.get("formato", "gift")
    kind = kind if kind in bank_files.FORMATS else "gift"
    mine = bank_for(request.user, BankQuestion.objects.exclude(latest=None), to_edit=True)
    found = mine.select_related("latest", "topic__parent__parent").prefetch_related("pictures__image")
    keys = [key for key in request.GET.getlist("pregunta") if len(key) <= 36]
    topic = request.GET.get("tema", "")
    try:
        found = found.filter(public_id__in=keys) if keys else found.filter(archived_at=None)
    except ValidationError:
        found = found.none()
    if not keys and topic.isdecimal():
        found = found.filter(topic=topic)
    count, part = found.count(), request.GET.get("parte", "")
    if count > MOST_EXPORTED and not part:
        return _parts(request, count, bank_files.FORMATS[kind][0])
    start = (int(part) - 1) * MOST_EXPORTED if part.isdecimal() and int(part[:6]) > 0 else 0
    written = bank_files.write(kind, found[start : start + MOST_EXPORTED])
    label, ending, content_type, _writer = bank_files.FORMATS[kind]
    if "archivo" not in request.GET and (written.notes or not written.content):
        query = request.GET.copy()
        query["archivo"] = "1"
        context = {"notes": written.notes[:NOTES_SHOWN], "url": f"{reverse('courses_bank:export')}?{query.urlencode()}"}
        shown = context | {"label": label} | frame(_("Exportar preguntas"))
        return render(request, "wagtailadmin/courses/bank_export.html", shown)
    answer = HttpResponse(written.content, content_type=content_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"preguntas.{ending}")
    return answer


def _parts(request: HttpRequest, count: int, label) -> HttpResponse:
    """More than one file may hold: each part is a file of its own, and none is left out."""
    parts = []
    for number, first in enumerate(range(1, count + 1, MOST_EXPORTED), start=1):
        query = request.GET.copy()
        query["parte"] = str(number)
        last = min(first + MOST_EXPORTED - 1, count)
        parts.append({"url": f"{reverse('courses_bank:export')}?{query.urlencode()}", "first": first, "last": last})
    context = {"parts": parts, "count": count, "label": label} | frame(_("Exportar preguntas"))
    return render(request, "wagtailadmin/courses/bank_export.html", context)
