"""What posts ask for of those who hold them, and where it is learnt; each change of it with its author."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from courses.models import AskedLevel, Competency, CoursePage
from lms.domain import audit
from lms.models import Person

ACTION = "manage_competencies"


def in_words(proven: dict[str, Any]) -> str:
    """`Presupuesto municipal, nivel intermedio`."""
    return _("%(name)s, nivel %(level)s") % {"name": proven["name"], "level": proven["level_name"]}


def asked_of(posts: Iterable[int]) -> dict[int, list[AskedLevel]]:
    """What each of some posts asks for, by the key of the post, in the order of names; one query."""
    found: dict[int, list[AskedLevel]] = defaultdict(list)
    rows = AskedLevel.objects.filter(post__in=set(posts)).select_related("competency", "post")
    for row in rows.order_by("competency__name", "post__order"):
        found[row.post_id].append(row)
    return found


def courses_that_prove() -> dict[str, list[CoursePage]]:
    """The published courses open to all that prove each competency, by its key; the lowest level first; one query."""
    found: dict[str, list[CoursePage]] = defaultdict(list)
    pages = CoursePage.objects.live().public().sources().filter(network=None, competency__isnull=False)
    for course in pages.exclude(certificate_kind="").select_related("competency").order_by("competency_level", "path"):
        found[course.proven["key"]].append(course)
    return found


def said(competency: Competency) -> dict[str, str]:
    """What the trail keeps of a competency as the database has it."""
    stands = Competency.objects.filter(pk=competency.pk).first()
    if stands is None:
        return {}
    asked = [f"{row.post.code}: {row.level}" for row in stands.asked.select_related("post").order_by("post__code")]
    return {
        "title": stands.name,
        "description": stands.description,
        "levels": ", ".join(stands.levels.values()),
        "posts": ", ".join(asked),
        "is_derived": _("sí") if stands.is_derived else _("no"),
    }


def note_change(competency: Competency, before: dict[str, str], *, by: Person | None) -> None:
    """Tell the trail what is said otherwise than `before`; nothing where all is as it was. In the caller's transaction.

    A new one has nothing before, one that was taken away nothing after.
    """
    after = said(competency)
    if before == after:
        return
    action = "competency.changed" if before and after else "competency.added" if after else "competency.removed"
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    facts: dict[str, object] = {"competency": competency.key}
    facts |= {name: after[name] for name in names if name in after}
    if before:
        facts["before"] = {name: before[name] for name in names if name in before}
    audit.record(action, by=by, subject=f"courses.competency:{competency.key}", facts=facts)
