"""Forms around templates of certificates: what the paper says and shows, and which courses use it."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from certificates.domain import designs, pictures
from certificates.models import CertificateTemplate
from certificates.pdf import wording
from courses.models import CoursePage
from lms.domain.errors import RuleBroken

IMAGES = {"accept": "image/png,image/jpeg"}
LABELS = {
    "intro": _("Antes de otorgar (fundamento)"),
    "grants": _("Otorga"),
    "title": _("Título del papel"),
    "to": _("A quién"),
    "reason": _("Por qué"),
    "body": _("Texto después del curso"),
    "held": _("Cómo se dice puesto y municipalidad"),
    "placed": _("Cómo se dice solo el municipio"),
    "number": _("Número"),
    "code": _("Código"),
    "check": _("Cómo verificar"),
    "book": _("Libro y folio"),
}
PAPERS = [("landscape", _("Carta horizontal")), ("portrait", _("Carta vertical"))]
YEARS = [("plain", "2026"), ("grouped", "2,026")]
LONG = {"intro": 2, "body": 4}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


class TemplateForm(forms.Form):
    """A template as it is drawn. After `is_valid`, `design` is what verbs take, `brought` the new pictures by digest.

    `to_see` leaves the name out: a sample needs none.
    """

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=_("Nombre de la plantilla"), max_length=80, help_text=_("Para encontrarla aquí; no sale en el papel.")
    )
    kind = forms.ChoiceField(label=_("Clase"), choices=CertificateTemplate._meta.get_field("kind").flatchoices)
    paper = forms.ChoiceField(label=_("Papel"), choices=PAPERS)
    language = forms.ChoiceField(
        label=_("Idioma de las palabras fijas"),
        help_text=_("En un idioma del país, escriba los textos usted. Lo que deje vacío sale en español."),
    )
    year_style = forms.ChoiceField(label=_("Cómo se escribe el año"), choices=YEARS)
    has_book = forms.BooleanField(
        label=_("Dejar un lugar para libro y folio"), required=False, help_text=_("Se llenan a mano.")
    )

    def __init__(self, *args: Any, template: CertificateTemplate | None = None, to_see: bool = False, **kwargs: Any):
        self.template = template
        self.design: dict[str, Any] = {}
        self.brought: dict[str, bytes] = {}
        kwargs.setdefault("initial", self._written(template))
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["language"].choices = designs.languages()  # type: ignore[attr-defined]
        self.fields["name"].required = not to_see
        ours = wording.built_in(self._said("kind", "diploma"), self._said("language", wording.SPANISH))
        for key in wording.TEXTS:
            self.fields[f"text_{key}"] = self._text(key, ours[key])
        for number in range(designs.MOST_LOGOS):
            self._add_picture(f"logo_{number}")
            label = _("De quién es")
            self.fields[f"logo_{number}_alt"] = forms.CharField(label=label, max_length=designs.ALT, required=False)
        for number in range(designs.MOST_SIGNATORIES):
            who = {"name": (_("Nombre"), designs.NAME), "role": (_("Cargo"), designs.ROLE)}
            for part, (label, most) in who.items():
                field = forms.CharField(label=label, max_length=most, required=False)
                self.fields[f"signatory_{number}_{part}"] = field
            self._add_picture(f"signatory_{number}")

    def _said(self, name: str, otherwise: str) -> str:
        """A choice that others depend on, if it is one of those that there are."""
        said = self.data.get(name) if self.is_bound else self.initial.get(name)
        known = {"kind": wording.KINDS, "language": (wording.SPANISH, wording.ENGLISH)}
        return str(said) if said in known[name] else otherwise

    @staticmethod
    def _text(key: str, ours: str) -> forms.CharField:
        lines = LONG.get(key)
        shown = {"placeholder": ours.replace("\n", " / ")}
        widget = forms.Textarea({"rows": lines, **shown}) if lines else forms.TextInput(shown)
        return forms.CharField(label=LABELS[key], max_length=designs.LENGTHS[key], required=False, widget=widget)

    def _add_picture(self, name: str) -> None:
        picture = forms.FileField(label=_("Imagen (PNG o JPG)"), required=False, widget=forms.FileInput(IMAGES))
        self.fields[f"{name}_file"] = picture
        self.fields[f"{name}_kept"] = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
        self.fields[f"{name}_drop"] = forms.BooleanField(label=_("Quitar la imagen"), required=False)

    @staticmethod
    def _written(template: CertificateTemplate | None) -> dict[str, Any]:
        """The fields of what stands."""
        design = template.draft if template else designs.empty()
        found = {key: design[key] for key in ("paper", "language", "year_style", "has_book")}
        found |= {f"text_{key}": text for key, text in design["texts"].items()}
        for name in ("logo", "signatory"):
            for number, one in enumerate(design[f"{name}s" if name == "logo" else "signatories"]):
                found |= {f"{name}_{number}_{part}": said for part, said in one.items() if part != "sha256"}
                found[f"{name}_{number}_kept"] = one["sha256"]
        found["kind"] = "diploma"  # as the first sample beside it
        if template:
            found |= {"name": template.name, "kind": template.kind, "seen": template.draft_number}
        return found

    # What the page shows, in the order in which people think.

    def about(self) -> list[forms.BoundField]:
        """What it is."""
        return [self[name] for name in ("name", "kind", "paper", "language", "year_style")]

    def texts(self) -> list[forms.BoundField]:
        """What it says, but for the line of book and folio."""
        return [self[f"text_{key}"] for key in wording.TEXTS if key != "book"]

    def logos(self) -> list[dict[str, Any]]:
        """Each place for a logo: its fields, and whether there is one."""
        return [self._place(f"logo_{number}", "alt") for number in range(designs.MOST_LOGOS)]

    def signatories(self) -> list[dict[str, Any]]:
        """Each place to sign: its fields, and whether there is a picture."""
        return [self._place(f"signatory_{number}", "name", "role") for number in range(designs.MOST_SIGNATORIES)]

    def _place(self, name: str, *parts: str) -> dict[str, Any]:
        return {
            "said": [self[f"{name}_{part}"] for part in parts],
            "file": self[f"{name}_file"],
            "kept": self[f"{name}_kept"],
            "drop": self[f"{name}_drop"] if self[f"{name}_kept"].value() else None,
        }

    # What it makes of it.

    def clean(self) -> dict[str, Any]:
        """The design; each broken rule beside its field."""
        given = super().clean() or {}
        self.design = {
            **{key: given.get(key, "") for key in ("paper", "language", "year_style")},
            "has_book": bool(given.get("has_book")),
            "texts": self._texts(given),
            "logos": self._logos(given),
            "signatories": self._signatories(given),
        }
        if not self.errors:
            self._judge_all()
        return given

    def _texts(self, given: dict[str, Any]) -> dict[str, str]:
        texts = {}
        for key in wording.TEXTS:
            if text := _plain(given.get(f"text_{key}", "")):
                texts[key] = text
                try:
                    designs.check_text(key, text)
                except RuleBroken as broken:
                    self.add_error(f"text_{key}", broken.message)
        return texts

    def _logos(self, given: dict[str, Any]) -> list[dict[str, str]]:
        found = []
        for number in range(designs.MOST_LOGOS):
            if digest := self._picture(f"logo_{number}", given):
                alt = _plain(given.get(f"logo_{number}_alt", ""))
                if not alt:
                    self.add_error(f"logo_{number}_alt", _("Diga de quién es el logo: así se le lee a quien no ve."))
                found.append({"sha256": digest, "alt": alt})
        return found

    def _signatories(self, given: dict[str, Any]) -> list[dict[str, str]]:
        found = []
        for number in range(designs.MOST_SIGNATORIES):
            place = f"signatory_{number}"
            one = {part: _plain(given.get(f"{place}_{part}", "")) for part in ("name", "role")}
            one["sha256"] = self._picture(place, given)
            if any(one.values()):
                if not one["role"]:
                    self.add_error(f"{place}_role", _("Escriba el cargo de quien firma."))
                found.append(one)
        return found

    def _picture(self, name: str, given: dict[str, Any]) -> str:
        """The digest of what was brought now, or of what was there and stays; empty for none."""
        if brought := given.get(f"{name}_file"):
            try:
                content = pictures.redraw(brought)
            except RuleBroken as broken:
                self.add_error(f"{name}_file", broken.message)
                return ""
            digest = pictures.digest_of(content)
            self.brought[digest] = content
            return digest
        return "" if given.get(f"{name}_drop") else given.get(f"{name}_kept", "")

    def _judge_all(self) -> None:
        """The whole by the rules of the domain; what is brought only now is not looked for among what is kept."""
        try:
            designs.check(self.design, brought=self.brought)
        except RuleBroken as broken:
            self.add_broken(broken)

    def add_broken(self, broken: RuleBroken) -> None:
        """What a verb said."""
        self.add_error("name" if broken.code in {"template.name_taken", "template.unnamed"} else None, broken.message)


class CourseChoice(forms.ModelMultipleChoiceField):
    """Courses by their titles."""

    def label_from_instance(self, course: CoursePage) -> str:
        return course.title


class UseForm(forms.Form):
    """Whether it stands for its kind, and for which courses besides."""

    is_default = forms.BooleanField(label=_("Usarla en todos los cursos que no elijan otra"), required=False)
    courses = CourseChoice(
        label=_("Cursos que la usan"),
        queryset=CoursePage.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Se ofrecen los que dan esta clase de certificado. Un curso usa una sola plantilla."),
    )

    def __init__(self, *args: Any, template: CertificateTemplate, **kwargs: Any) -> None:
        keys = list(template.uses.values_list("course_key", flat=True))
        fitting = CoursePage.objects.sources().filter(certificate_kind=template.kind).order_by("title")
        chosen = fitting.filter(translation_key__in=keys)
        initial = {"is_default": template.is_default, "courses": chosen}
        super().__init__(*args, label_suffix="", initial=initial, **kwargs)
        self.fields["courses"].queryset = fitting  # type: ignore[attr-defined]
