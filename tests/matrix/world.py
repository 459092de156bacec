"""Everybody who walks, and the two sides they walk on: at home (Nebaj) and abroad (Guatemala)."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from courses.domain.activities import sync_lesson
from courses.models import Activity, CoursePage
from lms.domain import roles
from lms.models import Municipality, Network, Person, RoleGrant
from tests.clients import FullClient
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import PASSWORD, a_member, a_network, an_employee

HOME, ABROAD = "1413", "0101"
SIDES = ("home", "abroad")
# Wagtail leaves the files of new sizes of pictures to the collector of garbage.
QUIET = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:Unclosed:ResourceWarning")


@dataclass(frozen=True)
class Found:
    """A thing that an address can name: its keys by the names of the address, what to ask and what to send with it."""

    keys: dict[str, object] = field(default_factory=dict)
    query: dict[str, object] = field(default_factory=dict)
    data: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def by_key(row, **more: object) -> Found:
    """Most addresses name a row by its key or its public id."""
    public = {"public_id": row.public_id} if hasattr(row, "public_id") else {}
    return Found({"pk": row.pk, "id": row.pk, **public, **more})


@dataclass
class Walker:
    """Somebody who walks: by the name of `reliability.md`; `role` and `scope` are what policy.yaml calls them."""

    name: str
    person: Person | None
    role: str = ""
    scope: str = ""
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass
class Side:
    """One half of the world."""

    municipality: Municipality
    network: Network
    course: Page
    lesson: Page
    text: Page
    activity: Activity
    reading: Activity
    somebody: Person


class World:
    """Built once for a module, inside a transaction that is thrown away.

    `own` and `makers` make the things that are found in it, by the names of their kinds: `own` what belongs to one
    person, `makers` what stands on one side.
    """

    def __init__(
        self,
        own: dict[str, Callable[["World", Person], Found]],
        makers: dict[str, Callable[["World", Side], Found]],
    ) -> None:
        self.own, self.makers = own, makers
        self.sides = {"home": self._side(HOME), "abroad": self._side(ABROAD)}
        self.walkers = {walker.name: walker for walker in self._walkers()}
        CoursePage.objects.filter(pk=self.sides["home"].course.pk).update(owner=self.walkers["trainer"].person)
        self._made: dict[tuple, Found] = {}
        for walker in self.walkers.values():
            sign_in(walker)

    def find(self, kind: str, side: str, walker: Walker) -> Found:
        """The thing of a kind: for what belongs to people `home` is the walker's own and `abroad` another person's."""
        owner = (walker.person if side == "home" else None) or self.sides["abroad"].somebody
        key = (kind, owner.pk if kind in self.own else side)
        if key not in self._made:
            with transaction.atomic():
                if kind in self.own:
                    self._made[key] = self.own[kind](self, owner)
                else:
                    self._made[key] = self.makers[kind](self, self.sides[side])
        return self._made[key]

    def _side(self, code: str) -> Side:
        course = a_course()
        lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(questions=1), "is_required": True}))
        text = a_lesson(course)
        for page in (lesson, text):
            sync_lesson(page)
        kinds = Activity.objects.filter(course_key=course.translation_key)
        return Side(
            municipality=Municipality.objects.get(code=code),
            network=a_network(f"Red de {code}", (code,)),
            course=course,
            lesson=lesson,
            text=text,
            activity=kinds.get(kind=Activity.Kind.QUIZ),
            reading=kinds.get(kind=Activity.Kind.READING),
            somebody=an_employee(code),
        )

    def _walkers(self):
        home = self.sides["home"]
        yield Walker("anonymous", None)
        yield Walker("learner", an_employee(HOME))
        young = timezone.localdate().replace(year=timezone.localdate().year - 15, day=1)
        yield Walker("network member", a_member(home.network, born_on=young))
        coordinator = a_member(home.network, is_coordinator=True)
        yield Walker("coordinator", coordinator, "coordinator", "network")
        places, department = {"municipality": home.municipality}, home.municipality.department
        for name, role, scope, where in [
            ("trainer", "trainer", "nation", {}),
            ("trainer of a course", "trainer", "course", {"course_key": home.course.translation_key}),
            ("HR delegate", "hr_delegate", "municipality", places),
            (
                "departmental delegate",
                "department_delegate",
                "department",
                {"department": department},
            ),
            ("certifier", "certifier", "nation", {}),
            ("administrator", "administrator", "nation", {}),
            ("auditor", "auditor", "nation", {}),
        ]:
            person = an_employee(HOME)
            RoleGrant.objects.create(person=person, role=role, scope=scope, **where)
            roles.sync_groups(person)
            yield Walker(name, person, role, scope)
        yield Walker("superuser", an_employee(HOME, is_superuser=True), "superuser", "nation")


def sign_in(walker: Walker) -> None:
    """Once for all walks, with a second factor."""
    client = FullClient()
    if walker.person:
        walker.person.set_password(PASSWORD)
        walker.person.save()
        TOTP.activate(walker.person, "A" * 32)
        RecoveryCodes.activate(walker.person)
        client.force_login(walker.person)
    walker.cookies = {name: morsel.value for name, morsel in client.cookies.items()}
