"""What was learnt as xAPI statements, held against the rules of the standard."""

import json
import re
import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from courses.domain import bitmap, grading, statements
from courses.domain.statement_answers import interaction, response
from courses.models import Attempt, Completion, WatchProgress
from courses.questions import Essay, Matching, Pair, ShortText, TextAnswer
from lms.models import AuditEvent
from tests.courses.event_cases import a_learner, answered, handed_in, options, send, watched
from tests.courses.test_events import everything
from tests.factories.people import an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db
OWN, COURSES = "/mi-aprendizaje/xapi.json", "/seguimiento/xapi/"
KEYS = {"id", "actor", "verb", "object", "result", "context", "timestamp", "version"}
RESULT = {"score", "success", "completion", "response", "duration", "extensions"}
CONTEXT = {"registration", "platform", "contextActivities", "extensions"}
INTERACTIONS = {
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
}
VIDEO = "https://w3id.org/xapi/video"
ISO_DURATION = re.compile(r"PT\d+(\.\d{1,2})?S")
UTC_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SEGMENTS = re.compile(r"(\d+(\.\d+)?\[\.\]\d+(\.\d+)?(\[,\]\d+(\.\d+)?\[\.\]\d+(\.\d+)?)*)?")


def is_iri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and parts.netloc) and " " not in text


def faults(one: dict, version: str) -> list[str]:
    """What of a statement breaks a rule of xAPI 1.0.3 (part 2) or 2.0, or of the Video Profile."""
    result, context, asked = one.get("result", {}), one["context"], one["object"]["definition"]
    score, extensions = result.get("score"), result.get("extensions", {})
    checks = {
        "properties": set(one) <= KEYS and set(result) <= RESULT and set(context) <= CONTEXT,
        "no nulls": "null" not in json.dumps(one),
        "id": str(uuid.UUID(one["id"])) == one["id"],
        "actor": set(one["actor"]) == {"objectType", "account"}
        and set(one["actor"]["account"]) == {"homePage", "name"},
        "home page": is_iri(one["actor"]["account"]["homePage"]),
        "verb": is_iri(one["verb"]["id"]) and set(one["verb"]["display"]) == {"es-GT", "en"},
        "object": one["object"]["objectType"] == "Activity" and is_iri(one["object"]["id"]) and is_iri(asked["type"]),
        "interaction": (asked["type"] == statements.TYPES["question"]) == ("interactionType" in asked),
        "interaction type": asked.get("interactionType", "other") in INTERACTIONS,
        "no right answer": "correctResponsesPattern" not in asked,
        "score": score is None or (-1 <= score["scaled"] <= 1 and score["min"] <= score["raw"] <= score["max"]),
        "booleans": {type(result[name]) for name in ("success", "completion") if name in result} <= {bool},
        "duration": ISO_DURATION.fullmatch(result.get("duration", "PT0S")) is not None,
        "extensions": all(is_iri(name) for name in [*extensions, *context.get("extensions", {})]),
        "registration": uuid.UUID(context["registration"]).version == 5,
        "activities": set(context["contextActivities"]) <= {"parent", "grouping", "category", "other"},
        "lists": all(isinstance(each, list) and each for each in context["contextActivities"].values()),
        "timestamp": UTC_MOMENT.fullmatch(one["timestamp"]) is not None,
        "version": one["version"] == {"1.0.3": "1.0.3", "2.0": "2.0.0"}[version],
    }
    if asked["type"] == f"{VIDEO}/activity-type/video":
        categories = [each["id"] for each in context["contextActivities"]["category"]]
        verb = one["verb"]["id"].rpartition("/")[2]
        told = {name.rpartition("/")[2] for name in extensions}
        checks |= {
            "profile": categories == [VIDEO],
            "session": bool(uuid.UUID(context["extensions"][f"{VIDEO}/extensions/session-id"])),
            "verb of the profile": verb in {"initialized", "played", "completed"},
            "what the verb asks": told
            == {"initialized": set(), "played": {"time", "played-segments"}}.get(
                verb, {"time", "progress", "played-segments"}
            ),
            "segments": SEGMENTS.fullmatch(extensions.get(f"{VIDEO}/extensions/played-segments", "")) is not None,
            "length": verb == "played" or context["extensions"][f"{VIDEO}/extensions/length"] > 0,
            "completion": verb != "completed" or result["completion"] is True,
        }
    return [name for name, holds in checks.items() if not holds]


@pytest.fixture
def learner():
    """Somebody who watched two stretches and all of it, failed once, passed, read and completed."""
    made = a_learner()
    wrong = [answered(made, n, options(made.attempt, n, right=False), n) for n in (1, 2)]
    send(made, *wrong, handed_in(made, wrong, 5), at=made.at - timedelta(minutes=1))
    made.attempt = grading.start(
        enrolment=made.enrolment, activity=made.quiz, attempt_id=uuid.uuid4(), at=made.granted_at
    )
    send(made, *everything(made, clock=10), watched(made, 5, 9.5, clock=200))
    assert Completion.objects.exists()
    return made


def told(found) -> list[tuple[str, str]]:
    return [
        (one["verb"]["id"].rpartition("/")[2], one["object"]["definition"]["type"].rpartition("/")[2]) for one in found
    ]


@pytest.mark.parametrize("version", ["1.0.3", "2.0"])
def test_every_statement_keeps_the_rules(learner, version):
    found = list(statements.of_person(learner.person, version=version))
    assert [(one["verb"]["id"], faults(one, version)) for one in found if faults(one, version)] == []
    kinds = told(found)
    assert set(kinds) == {
        ("initialized", "video"),
        ("played", "video"),
        ("completed", "video"),
        ("answered", "cmi.interaction"),
        ("failed", "assessment"),
        ("passed", "assessment"),
        ("completed", "lesson"),
        ("completed", "course"),
    }
    counts = [
        kinds.count(kind) for kind in [("played", "video"), ("answered", "cmi.interaction"), ("completed", "course")]
    ]
    assert counts == [5, 5, 1]
    assert len({one["id"] for one in found}) == len(found)


def test_the_played_segments_are_our_set_of_seconds(learner):
    (whole,) = [one for one in statements.of_person(learner.person) if told([one]) == [("completed", "video")]]
    runs = bitmap.runs_of(bytes(WatchProgress.objects.get().bitmap))
    written = whole["result"]["extensions"][statements.PLAYED]
    assert [tuple(map(int, each.split("[.]"))) for each in written.split("[,]")] == runs == [(0, 60)]
    assert (whole["result"]["duration"], whole["result"]["extensions"][f"{VIDEO}/extensions/progress"]) == ("PT60S", 1)
    assert statements.segments([(0, 12.5), (14, 20.1239)]) == "0[.]12.5[,]14[.]20.124"


def test_the_same_export_twice_says_the_same_and_what_is_new_is_added(learner):
    first = list(statements.of_person(learner.person))
    assert list(statements.of_person(learner.person)) == first
    send(learner, watched(learner, 0, 10, clock=400))
    again = {one["id"]: one for one in statements.of_person(learner.person)}
    assert {one["id"]: one for one in first}.items() <= again.items()
    assert len(again) == len(first) + 1


def test_an_open_attempt_and_what_did_not_count_are_not_told():
    learner = a_learner()
    hidden = watched(learner, 0, 15)
    hidden.body["is_visible"] = False
    send(learner, hidden, answered(learner, 1, options(learner.attempt, 1)))
    assert list(statements.of_person(learner.person)) == []
    assert Attempt.objects.get().closed_at is None


def test_a_course_tells_nobodys_name_and_no_words_of_theirs(learner):
    somebody = somebody_with_role("auditor")
    own = list(statements.of_person(learner.person))
    found = list(statements.of_course(learner.course, by=somebody))
    assert told(found) == told(own)
    assert [faults(one, "2.0") for one in found if faults(one, "2.0")] == []
    text = json.dumps(found)
    person, enrolment = learner.person, learner.enrolment
    known = [
        str(person.public_id),
        str(enrolment.public_id),
        person.email,
        person.given_names,
        person.surnames,
    ]
    assert [one for one in known if one and one in text] == []
    assert str(person.public_id) in json.dumps(own)
    assert {one["id"] for one in own} & {one["id"] for one in found} == set()
    assert len({one["actor"]["account"]["name"] for one in found}) == 1
    assert AuditEvent.objects.filter(action="course.statements_taken", actor=str(somebody.public_id)).count() == 1


def test_what_somebody_wrote_goes_only_to_them():
    essay, short = Essay(), ShortText(answers=(TextAnswer(text="sí"),))
    for body in (essay, short):
        assert response(body, {"text": "Me llamo Ana"}, with_own_words=False) is None
        assert response(body, {"text": "Me llamo Ana"}, with_own_words=True) == "Me llamo Ana"
    pairs = Matching(pairs=(Pair(key="p", prompt="a", answer="b"), Pair(key="q", prompt="c", answer="d")))
    said = response(pairs, {"pairs": {"p": "a0", "q": "a1"}}, with_own_words=False)
    assert (interaction(pairs), said) == ("matching", "p[.]a0[,]q[.]a1")


def test_one_person_has_another_name_in_another_course(learner):
    other = a_learner(person=learner.person)
    send(other, *everything(other))
    somebody = somebody_with_role("auditor")
    names = {
        one["actor"]["account"]["name"]
        for made in (learner, other)
        for one in statements.of_course(made.course, by=somebody)
    }
    assert len(names) == 2


def test_queries_do_not_grow_with_people(django_assert_max_num_queries, learner):
    with django_assert_max_num_queries(14):
        list(statements._of_each(learner.course.enrolments.all(), "2.0", is_own=False))
    for _n in range(3):
        other = a_learner()
        type(other.enrolment).objects.filter(pk=other.enrolment.pk).update(course_key=learner.enrolment.course_key)
        send(other, *everything(other))
    every = type(learner.enrolment).objects.all()
    with django_assert_max_num_queries(14):
        list(statements._of_each(every, "2.0", is_own=False))


def test_ones_own_as_a_file(client, learner):
    assert client.get(OWN).status_code == 302
    client.force_login(learner.person)
    answer = client.get(OWN, {"version": "1.0.3"})
    assert answer.streaming
    found = json.loads(b"".join(answer.streaming_content))
    assert {one["version"] for one in found} == {"1.0.3"}
    assert {one["actor"]["account"]["homePage"] for one in found} == {settings.PUBLIC_URL}
    assert (answer["Cache-Control"], answer["Content-Type"]) == ("private, no-store", "application/json; charset=utf-8")
    assert client.get(OWN, {"version": "3"}).status_code == 404
    client.force_login(an_employee())
    assert json.loads(b"".join(client.get(OWN).streaming_content)) == []


def test_a_course_as_a_file_for_those_who_may(client, learner):
    sought = {"curso": str(learner.course.translation_key), "version": "2.0"}
    for role, status in (("auditor", 200), ("administrator", 200), ("hr_delegate", 403), ("trainer", 403)):
        client.force_login(somebody_with_role(role))
        assert client.get(COURSES, sought).status_code == status, role
    client.force_login(learner.person)
    assert client.get(COURSES, sought).status_code == 403
    client.force_login(somebody_with_role("auditor"))
    assert learner.course.title in client.get(COURSES).content.decode()
    assert len(json.loads(b"".join(client.get(COURSES, sought).streaming_content))) > 10
    for wrong in ("x", str(uuid.uuid4())):
        assert client.get(COURSES, {"curso": wrong}).status_code == 404


def test_who_writes_a_course_takes_it_away_without_names_and_without_minors(client, learner):
    trainer, other = somebody_with_role("trainer"), somebody_with_role("trainer")
    learner.course.owner = trainer
    learner.course.save()
    minor = a_learner(person=an_employee(born_on=born(16)))
    send(minor, *everything(minor))
    type(minor.enrolment).objects.filter(pk=minor.enrolment.pk).update(course_key=learner.enrolment.course_key)
    address = reverse("courses_evaluation:statements", args=[learner.course.pk])
    client.force_login(trainer)
    answer = client.get(address, {"version": "1.0.3"})
    assert answer.streaming
    assert "no-store" in answer["Cache-Control"]
    text = b"".join(answer.streaming_content).decode()
    found = json.loads(text)
    assert len(found) > 10
    assert {one["version"] for one in found} == {"1.0.3"}
    assert len({one["actor"]["account"]["name"] for one in found}) == 1  # of two who learnt
    person = learner.person
    known = [str(person.public_id), str(learner.enrolment.public_id), person.email, person.given_names, person.surnames]
    assert [one for one in known if one and one in text] == []
    taken = AuditEvent.objects.filter(action="course.statements_taken")
    assert [one.actor for one in taken] == [str(trainer.public_id)]
    assert client.get(address, {"version": "3"}).status_code == 404
    assert (
        "menores de edad"
        in client.get(reverse("courses_evaluation:results", args=[learner.course.pk])).content.decode()
    )
    for person, status in ((other, 404), (somebody_with_role("hr_delegate"), 403), (learner.person, 403)):
        client.force_login(person)
        assert client.get(address).status_code in {status, 302}, person
        assert not getattr(client.get(address), "streaming", False)
    client.force_login(other)
    assert client.get(address).status_code == 404
    assert client.get(COURSES, {"curso": str(learner.course.translation_key)}).status_code == 403
    assert taken.count() == 1
    client.force_login(somebody_with_role("auditor"))
    everybody = client.get(COURSES, {"curso": str(learner.course.translation_key)})
    assert len({one["actor"]["account"]["name"] for one in json.loads(b"".join(everybody.streaming_content))}) == 2


def test_times_are_utc_and_durations_never_negative():
    at = timezone.now().replace(hour=5, microsecond=120_000)
    assert UTC_MOMENT.fullmatch(statements.moment(at.astimezone(timezone.get_default_timezone())))
    assert [statements.duration(timedelta(seconds=n)) for n in (-3, 0, 1.5, 90)] == ["PT0S", "PT0S", "PT1.50S", "PT90S"]
