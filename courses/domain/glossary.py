"""Words and what they mean, as a lesson says them."""

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from courses.models import LessonPage, Term
from courses.models.glossary import Said


def in_language(terms: Iterable[Term | None], code: str) -> list[Said]:
    """Terms in a language, each in that of the house where it was not put in it; by the alphabet, in one query.

    What was taken out of the glossary since is left out.
    """
    given = {one.pk: one for one in terms if one is not None}
    prefetch_related_objects(list(given.values()), "translations")
    return sorted((one.said_in(code) for one in given.values()), key=lambda said: said.word.casefold())


def unsaid(lessons: Iterable[LessonPage], code: str) -> list[Term]:
    """Terms that lessons explain and that were not put in a language; one query."""
    used = {key for lesson in lessons for block in lesson.body.raw_data for key in _terms_in(block)}
    return list(Term.objects.filter(pk__in=used).unsaid_in(code))


def _terms_in(block: dict) -> list[int]:
    """The keys in a block as it is stored; a list of before has the bare ones."""
    if block["type"] != "words":
        return []
    return [one["value"] if isinstance(one, dict) else one for one in block["value"].get("terms", [])]
