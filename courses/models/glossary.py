"""The glossary: what a word means, said once for all lessons, in as many languages as it was put in."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.coreutils import get_content_languages

from lms.domain.texts import fold

from .translations import LONGEST_CODE

LONGEST_WORD, LONGEST_MEANING = 120, 600


class TermQuerySet(models.QuerySet["Term"]):
    """Sets of terms."""

    def saying(self, query: str) -> "TermQuerySet":
        """Those in which, in whatever language, every word of `query` stands."""
        found = self
        for word in fold(query).split()[:8]:
            elsewhere = TermTranslation.objects.filter(folded__contains=word).values("term")
            found = found.filter(Q(folded__contains=word) | Q(pk__in=elsewhere))
        return found

    def unsaid_in(self, code: str) -> "TermQuerySet":
        """Those that were not put in a language; none for that of the house."""
        if code == settings.LANGUAGE_CODE:
            return self.none()
        return self.exclude(pk__in=TermTranslation.objects.filter(language=code).values("term"))


class Said(models.Model):
    """A word and what it means. `folded` is both as a search compares them."""

    word = models.CharField(_("palabra"), max_length=LONGEST_WORD)
    meaning = models.TextField(_("qué significa"), max_length=LONGEST_MEANING)
    folded = models.TextField(editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word

    def save(self, *args, **kwargs) -> None:
        """Keep what a search compares in step."""
        self.folded = fold(f"{self.word} {self.meaning}")
        super().save(*args, **kwargs)


class Term(Said, ClusterableModel):
    """A word of the glossary in the language of the house, with its translations."""

    objects = TermQuerySet.as_manager()

    panels = [
        FieldPanel("word", help_text=_("Como aparece en las lecciones: catastro.")),
        FieldPanel("meaning"),
        InlinePanel("translations", heading=_("En otros idiomas"), label=_("Idioma")),
    ]

    class Meta:
        ordering = ["folded"]
        verbose_name = _("palabra del glosario")
        verbose_name_plural = _("palabras del glosario")
        constraints = [
            models.UniqueConstraint(
                Lower("word"),
                name="term_once",
                violation_error_message=_("Esa palabra ya está en el glosario. Búsquela en la lista y cámbiela ahí."),
            )
        ]

    def said_in(self, code: str) -> Said:
        """The word in a language, or in that of the house where it was not put in it."""
        return next((one for one in self.translations.all() if one.language == code), self)


def languages() -> list[tuple[str, str]]:
    """Those a word may be put in."""
    return [(code, name) for code, name in get_content_languages().items() if code != settings.LANGUAGE_CODE]


class TermTranslation(Said):
    """A word of the glossary in another language; `language` as the code of a locale."""

    term = ParentalKey(Term, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("idioma"), max_length=LONGEST_CODE, choices=languages)

    panels = [FieldPanel("language"), FieldPanel("word"), FieldPanel("meaning")]

    class Meta:
        ordering = ["language"]
        verbose_name = _("palabra en otro idioma")
        constraints = [models.UniqueConstraint(fields=["term", "language"], name="term_once_in_a_language")]
