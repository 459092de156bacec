"""Learning paths and what somebody lacks of one. Flat in queries.

A course counts in whatever edition it was completed, under whatever record of the person. Courses that are not
published, or a network's own, are left out until they are open to everybody.
"""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Least

from courses.models import Completion, CoursePage, LearningPath, PathItem
from lms.domain import kept
from lms.models import Person


@dataclass(frozen=True)
class Step:
    """A course of a path, and whether it is done."""

    course: CoursePage
    is_required: bool
    is_done: bool = False


@dataclass(frozen=True)
class Route:
    """A path with its courses in order, `done` where they are somebody's."""

    path: LearningPath
    steps: list[Step]

    @property
    def required(self) -> list[Step]:
        """The courses that one has to take."""
        return [step for step in self.steps if step.is_required]

    @property
    def optional(self) -> list[Step]:
        """Those of which one chooses."""
        return [step for step in self.steps if not step.is_required]

    @property
    def choices(self) -> int:
        """How many of the optional courses are asked for."""
        return min(self.path.optional_min, len(self.optional))

    @property
    def total(self) -> int:
        """How many courses are asked for."""
        return len(self.required) + self.choices

    @property
    def done(self) -> int:
        """How many of those are completed."""
        chosen = sum(step.is_done for step in self.optional)
        return sum(step.is_done for step in self.required) + min(chosen, self.choices)

    @property
    def missing(self) -> int:
        """How many are missing."""
        return self.total - self.done

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing of a path that asks for something."""
        return self.total > 0 and not self.missing

    @property
    def lacking(self) -> list[Step]:
        """What to take next: required ones, then the optional while some of those are missing."""
        chosen = sum(step.is_done for step in self.optional)
        more = [step for step in self.optional if not step.is_done] if chosen < self.choices else []
        return [step for step in self.required if not step.is_done] + more


def routes(paths: Iterable[LearningPath]) -> list[Route]:
    """Paths with their courses; one query for all of them."""
    paths = list(paths)
    if not paths:
        return []
    items = PathItem.objects.filter(path__in=paths, course__live=True, course__network=None)
    by_path: dict[int, list[Step]] = defaultdict(list)
    for item in items.select_related("course").order_by("sort_order", "pk"):
        by_path[item.path_id].append(Step(item.course, item.is_required))
    return [Route(path, by_path[path.pk]) for path in paths]


def marked(route: Route, done: set[UUID]) -> Route:
    """A path as it stands for somebody who completed the courses `done` (translation keys)."""
    steps = [Step(one.course, one.is_required, one.course.translation_key in done) for one in route.steps]
    return Route(route.path, steps)


def own_routes(posts: Set[int], done: set[UUID]) -> list[Route]:
    """The paths of some posts (keys) that somebody holds today."""
    return [marked(route, done) for route, for_posts in kept.get("routes", _routes) if for_posts & posts]


def _routes() -> list[tuple[Route, frozenset[int]]]:
    """Every published path that asks for something, and the posts that it is for."""
    found = [route for route in routes(LearningPath.objects.published()) if route.total]
    posts: dict[int, set[int]] = defaultdict(set)
    for path, post in LearningPath.posts.through.objects.values_list("learningpath", "post"):
        posts[path].add(post)
    return [(route, frozenset(posts[route.path.pk])) for route in found]


def completed_by(people: Iterable[int]) -> dict[int, set[UUID]]:
    """The courses that each of some people completed, in any edition, under any of their records; one query."""
    found: dict[int, set[UUID]] = defaultdict(set)
    made = Completion.objects.with_holder().filter(person__in=Person.objects.families(people).values("pk"))
    for holder, key in made.order_by().values_list("holder", "course_key"):
        found[holder].add(key)
    return found


def with_done(people: QuerySet[Person], route: Route) -> QuerySet[Person]:
    """People with `path_done`: how much of a path they completed."""
    required, optional = _count(route.required), _count(route.optional)
    return people.annotate(path_done=required + Least(optional, Value(route.choices)))


def _count(steps: list[Step]):
    total: Any = Value(0, output_field=IntegerField())
    for step in steps:
        made = Completion.objects.filter(
            Q(person=OuterRef("pk")) | Q(person__merged_into=OuterRef("pk")),
            course_key=step.course.translation_key,
        )
        total = total + Case(When(Exists(made), then=Value(1)), default=Value(0), output_field=IntegerField())
    return total
