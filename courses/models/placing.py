"""What a page of courses or tools may show: no more than whoever writes it may place, whatever numbers are posted."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.blocks import StreamValue, StructValue
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Page
from wagtail.rich_text import RichText
from wagtail.rich_text.rewriters import FIND_A_TAG, extract_attrs

from courses.models.bank import BankQuestion
from courses.models.questions import Quiz
from courses.models.reach import bank_for, linkable_by, quizzes_for
from lms.models import Person, Post
from media.domain import access
from media.models import Video

Named = tuple[type[models.Model], str]
# The things that are somebody's own, each with those of them that somebody may place or lead to.
PLACEABLE: dict[type[models.Model], Callable[[Person], models.QuerySet]] = {
    Quiz: lambda person: quizzes_for(person, Quiz.objects.all()),
    BankQuestion: lambda person: bank_for(person, BankQuestion.objects.all(), to_edit=False),
    Video: access.choosable_by,
    Image: lambda person: Image.objects.filter(access.picture_policy.offered_to(person)),
    Document: lambda person: Document.objects.filter(access.document_policy.offered_to(person)),
    Page: linkable_by,
}
LINKED = {"document": Document, "page": Page}


def _is_placing(field: Any) -> bool:
    """Whether a field of a page may name something of `PLACEABLE`: blocks, rich text, another page."""
    return hasattr(field, "extract_references") or (
        isinstance(field, models.ForeignKey) and issubclass(field.related_model, Page)
    )


def named_in(field: models.Field, value: Any) -> Iterator[Named]:
    """Each (model, key) of `PLACEABLE` that the value of a page's field shows or links to."""
    if isinstance(field, models.ForeignKey):
        yield Page, str(value)
        return
    for model, key, _model_path, _content_path in field.extract_references(value):  # type: ignore[attr-defined]
        if model in PLACEABLE:
            yield model, str(key)


def without(value: Any, refused: set[Named]) -> Any:
    """The value of a page's field, with nothing where it names one of `refused`."""
    if isinstance(value, StreamValue):
        for child in value:
            child.value = without(child.value, refused)
    elif isinstance(value, StructValue):
        for name, one in value.items():
            value[name] = without(one, refused)
    elif isinstance(value, RichText):
        return RichText(_unlinked(value.source, refused))
    elif isinstance(value, models.Model):
        return None if (type(value), str(value.pk)) in refused else value
    elif isinstance(value, str):
        return None if (Page, value) in refused else _unlinked(value, refused)
    return value


def _unlinked(html: str, refused: set[Named]) -> str:
    def plain(match) -> str:
        attrs = extract_attrs(match[1])
        return "<a>" if (LINKED.get(attrs.get("linktype")), attrs.get("id")) in refused else match[0]

    return FIND_A_TAG.sub(plain, html)


class ShownField(forms.BoundField):
    """A field as its form draws it: what was refused is not shown, or its number would tell its name."""

    form: "PlacingForm"

    def value(self) -> Any:
        """What was typed, less that."""
        return without(super().value(), self.form.refused.get(self.name, set()))


class PlacingForm(WagtailAdminPageForm):
    """A page that newly names only what its writer may place; what the saved one has may stay."""

    bound_field_class = ShownField

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.refused: dict[str, set[Named]] = {}
        if "posts" in self.fields:
            chosen = [post.pk for post in self.instance.posts.all()]
            offered = models.Q(is_open=True) | models.Q(pk__in=chosen)
            self.fields["posts"].queryset = Post.objects.filter(offered)

    def clean(self) -> dict:
        """Beside the field that names another's quiz, video, picture, document or page."""
        data = super().clean()
        fields = [one for one in self.instance._meta.get_fields() if one.name in self.fields and _is_placing(one)]
        kept = {one for field in fields for one in self._named(field, field.value_from_object(self.instance))}
        for field in fields:
            # As it was typed: what stands beside another mistake is not drawn either.
            named = self._named(field, self[field.name].data) - kept
            if refused := {one for one in named if not self._may_place(*one)}:
                self.refused[field.name] = refused
                self.errors.pop(field.name, None)  # one message is shown beside a field of blocks
                self.add_error(
                    field.name,
                    _(
                        "Aquí hay un cuestionario, una pregunta, un video, una imagen o un archivo que usted no puede "
                        "usar. No se guardó nada; lo que escribió sigue aquí. Quítelo o elija otro, y guarde de nuevo."
                    ),
                )
        return data

    def _named(self, field: models.Field, value: Any) -> set[Named]:
        return set(named_in(field, value)) if value else set()

    def _may_place(self, model: type[models.Model], key: str) -> bool:
        return key.isdecimal() and PLACEABLE[model](self.for_user).filter(pk=key).exists()
