"""Words and what they mean, as a lesson says them."""

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from courses.models import Term
from courses.models.glossary import Said


def in_language(terms: Iterable[Term | None], code: str) -> list[Said]:
    """Terms in a language, each in that of the house where it was not put in it; by the alphabet, in one query.

    What was taken out of the glossary since is left out.
    """
    given = {one.pk: one for one in terms if one is not None}
    prefetch_related_objects(list(given.values()), "translations")
    return sorted((one.said_in(code) for one in given.values()), key=lambda said: said.word.casefold())
