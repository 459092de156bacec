"""What it costs to complete a lesson or a whole course, on PostgreSQL: a part of `scripts.bench_learning`.

Each learner completes once, so a class is split: half complete a lesson of many, half the last one of their course.
"""

import uuid
from typing import TYPE_CHECKING

from scripts import steps
from scripts.bench import Figure
from scripts.bench_class import Class

if TYPE_CHECKING:
    from scripts.bench_learning import Asking


def told(group: Class, number: int, first: int, last: int, clock: int) -> None:
    """What a browser sends every few seconds: a stretch that was played, and where the player is."""
    from courses.domain import events  # noqa: PLC0415

    until = clock + last - first
    played = {"sequence": 0, "from_second": first, "to_second": last, "clock_from": clock, "rate": 1}
    played |= {"is_visible": True, "is_audio": False}
    device, token = uuid.uuid4(), group.tokens[number]
    batch = [
        events.Event(uuid.uuid4(), kind, token, device, until, "1.1", body)
        for kind, body in (("watched", played), ("position", {"second": float(last)}))
    ]
    if any(
        verdict.outcome != "stored" or verdict.code
        for verdict in events.record(person=group.people[number], batch=batch)
    ):
        raise steps.Stopped("an event did not count")


def measure_completing(asking: "Asking", small: Class, large: Class) -> list[Figure]:
    """Goal 3: what it costs to complete a lesson, and with it the whole course, beside an ordinary write."""
    from courses.domain import completion  # noqa: PLC0415
    from courses.models import ActivityCompletion, Completion  # noqa: PLC0415

    found = []
    for group in (small, large):
        lessons, half = len(group.activities), len(group.people) // 2
        mine = [one.pk for one in group.enrolments]
        ActivityCompletion.objects.filter(enrolment__in=mine).delete()
        # The first half has nothing done yet; the others all but the first lesson, so who completes it is through.
        for enrolled in group.enrolments[half:]:
            for activity in group.activities[1:]:
                completion.complete_activity(enrolment=enrolled, activity=activity)
        for number in range(len(group.people)):
            told(group, number, 0, 5, 900_000)

        def ordinary(number: int, group=group) -> None:
            told(group, number, 5, 10, 950_000)

        def whole(number: int, group=group) -> None:
            told(group, number, 0, 3600, 1_000_000)

        sent = asking.statements(lambda ordinary=ordinary: ordinary(0))
        found.append(Figure(f"Progress told, {lessons} lessons", "statements", "≤ 3", None, sent, sent <= 3))
        times = half - asking.warm_ups - 1
        plain = asking.milliseconds(lambda number, ordinary=ordinary: ordinary(number + 1), times)
        for what, first in (("a lesson", 0), ("the whole course", half)):
            sent = asking.statements(lambda whole=whole, first=first: whole(first))
            cost = asking.milliseconds(lambda number, whole=whole, first=first: whole(first + 1 + number), times)
            title = f"… that completes {what}, {lessons} lessons"
            found.append(Figure(title, "statements", "≤ 8", None, sent, sent <= 8))
            found.append(Figure(title, "CPU ms", "≤ 3 × floor", plain, cost, cost <= 3 * plain))
        if Completion.objects.filter(enrolment__in=mine).count() != len(mine) - half:
            raise steps.Stopped("courses were completed that were not to be, or the other way round")
    return found
