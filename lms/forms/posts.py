"""The form of the catalogue of posts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.domain import posts

from . import RuleForm


class PostForm(RuleForm):
    """What a post is called. Its class is chosen once."""

    name = forms.CharField(label=_("Nombre"), max_length=posts.NAME_LENGTH)
    kind = forms.ChoiceField(label=_("Clase"), choices=[("", "—"), *posts.KINDS.items()])
    abbreviation = forms.CharField(label=_("Siglas (opcional)"), max_length=posts.SHORT_LENGTH, required=False)
    name_en = forms.CharField(
        label=_("Nombre en inglés (opcional)"),
        max_length=posts.NAME_LENGTH,
        required=False,
        help_text=_("Vacío: se muestra el nombre en español."),
    )
