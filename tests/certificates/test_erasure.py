"""Erasing a person: what need not be held is nowhere any more, and the register says what it said."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates.domain import checking, issuing
from certificates.models import Certificate, OwedCertificate
from courses.models import Attempt, Completion, Enrolment
from lms.domain import audit, duplicates, erasure, identity, people, requests
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Person, PersonRequest, RoleGrant
from media.domain import uploads
from media.models import Upload
from tests.clients import FullClient
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course
from tests.factories.people import PASSWORD, a_cui, a_person, an_employee, somebody_with_role
from tests.factories.whole_record import a_whole_record

pytestmark = pytest.mark.django_db

# What a canary is called and reached by: found nowhere else in the world.
NAMES = ("Xquenda Ixmucané", "Tz’utujil Canaria")
PHONE, EMAIL = "58761234", "xquenda.canaria@example.org"
GUARDIAN = "Madre De La Canaria"
# Where the register must say what the paper says, and the log that proves it.
REGISTER = {
    ("certificates_certificate", "person_name"),
    ("certificates_certificate", "person_name_folded"),
    ("certificates_certificatefile", "credential"),  # a part of the file, without which it cannot be made again
    ("certificates_logleaf", "entry"),
}


@pytest.fixture
def administrator() -> Person:
    return somebody_with_role("administrator")


@pytest.fixture
def canary() -> Person:
    """Somebody of whom everything is kept that can be."""
    cui = a_cui()
    person = a_whole_record(
        given_names=NAMES[0], surnames=NAMES[1], cui=cui, phone=PHONE, email=EMAIL, guardian_name=GUARDIAN
    )
    person.canary_cui = cui
    return person


def ask_and_wait(person: Person) -> PersonRequest:
    """An erasure asked for long enough ago."""
    asked = requests.ask_erasure(person=person, by=person)
    PersonRequest.objects.filter(pk=asked.pk).update(asked_at=asked.asked_at - requests.WAIT - timedelta(minutes=1))
    return PersonRequest.objects.get(pk=asked.pk)


def where(words: list[str]) -> set[tuple[str, str]]:
    """The columns, of every table, in which one of `words` stands."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for column in connection.introspection.get_table_description(cursor, table):
                name = connection.ops.quote_name(column.name)
                tests = " OR ".join([f"LOWER(CAST({name} AS TEXT)) LIKE LOWER(%s)"] * len(words))
                sql = f"SELECT 1 FROM {connection.ops.quote_name(table)} WHERE {tests} LIMIT 1"  # noqa: S608
                cursor.execute(sql, [f"%{word}%" for word in words])
                if cursor.fetchone():
                    found.add((table, column.name))
    return found


def in_files(words: list[str]) -> set[str]:
    """The files below MEDIA_ROOT and UPLOADS_DIR whose name or bytes have one of `words`."""
    found = set()
    for root in (Path(settings.MEDIA_ROOT), Path(settings.UPLOADS_DIR)):
        for path in root.rglob("*") if root.exists() else []:
            content = path.read_bytes() if path.is_file() else b""
            if any(word in path.name or word.encode() in content for word in words):
                found.add(path.name)
    return found


def canary_words(person: Person) -> list[str]:
    """Everything by which the canary would be known, in the ways in which it may be written."""
    names = [NAMES[0], NAMES[1], "Xquenda", "xquenda", "Xquenda Ixmucan\\u00e9", "Canaria", GUARDIAN]
    return [*names, person.canary_cui, PHONE, EMAIL, identity.cui_digest(person.canary_cui)]


def test_the_search_finds_what_is_there(canary):
    """Or the next test would prove nothing."""
    found = where(canary_words(canary))
    expected = {
        ("lms_person", "given_names"),
        ("lms_person", "search_text"),
        ("lms_person", "name_sound"),
        ("lms_person", "cui_digest"),
        ("lms_person", "email"),
        ("lms_person", "phone"),
        ("lms_guardianconsent", "guardian_name"),
        ("lms_personrequest", "text"),
        ("media_upload", "file_name"),
        ("mfa_authenticator", "data"),
        ("account_emailaddress", "email"),
        ("socialaccount_socialaccount", "extra_data"),
    }
    assert (expected | REGISTER) - found - {("lms_person", "name_sound")} == set()


def test_nothing_of_the_person_is_left_but_what_the_paper_says(
    canary, administrator, django_capture_on_commit_callbacks
):
    words = canary_words(canary)
    with django_capture_on_commit_callbacks(execute=True):
        requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    assert where(words) == REGISTER
    assert in_files(words) == set()  # the certificate's own file is compressed
    assert list(checking.find_faults()) == []
    assert list(audit.find_faults()) == []


def test_the_stub_has_no_name_and_nobody_enters_by_it(canary, administrator):
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    stub = Person.objects.get(pk=canary.pk)
    assert (stub.full_name, stub.email, stub.phone, stub.cui_digest, stub.cui_encrypted) == (
        "Registro borrado", None, None, None, "",
    )  # fmt: skip
    assert (stub.born_on, stub.language, stub.last_login, stub.is_active) == (None, None, None, False)
    assert stub.erased_at is not None
    assert not stub.has_usable_password()
    assert not [s for s in Session.objects.all() if s.get_decoded().get("_auth_user_id") == str(canary.pk)]
    for rows in ("appointments", "memberships", "uploads", "videos", "groups", "access_codes", "authenticator_set"):
        assert not getattr(stub, rows).exists(), rows
    [asked] = stub.requests.all()
    assert (asked.kind, asked.state, asked.text, asked.answer) == ("erasure", "granted", "", "")


def test_the_register_still_says_what_the_paper_says(canary, administrator):
    certificate = Certificate.objects.get(person=canary)
    before = Certificate.objects.filter(pk=certificate.pk).values().get()
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    assert Certificate.objects.filter(pk=certificate.pk).values().get() == before
    page = Client().get(reverse("certificates:certificate", args=[certificate.code]))
    assert (page.status_code, NAMES[1] in page.content.decode()) == (200, True)
    kept = Completion.objects.get(person=canary)
    assert kept == certificate.owed.completion
    assert (kept.score_percent, kept.post, kept.municipality, kept.programme, kept.rule) == (None, None, None, [], {})
    assert Enrolment.objects.get(person=canary) == kept.enrolment
    assert not Attempt.objects.filter(enrolment__person=canary).exists()


def test_a_new_record_with_the_same_cui_can_be_opened(canary, administrator):
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    again = people.register(given_names="Ana", surnames="Ceto", password="", cui=canary.canary_cui, by=administrator)
    assert again.pk != canary.pk


def test_uploads_go_with_their_bytes_and_videos_stay(canary, administrator, django_capture_on_commit_callbacks):
    upload, video = Upload.objects.get(person=canary), canary.videos.get()
    path = uploads.path_of(upload)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    assert not path.exists()
    video.refresh_from_db()
    assert video.uploaded_by is None


def test_a_second_click_changes_nothing(canary, administrator):
    asked = ask_and_wait(canary)
    requests.grant_erasure(request=asked, by=administrator)
    stub, events = Person.objects.values().get(pk=canary.pk), AuditEvent.objects.count()
    assert _broken(requests.grant_erasure, request=asked, by=administrator) == "request.answered"
    assert erasure.erase(person=canary, by=administrator) == {}
    assert (Person.objects.values().get(pk=canary.pk), AuditEvent.objects.count()) == (stub, events)


def test_the_trail_says_that_it_happened_and_counts(canary, administrator):
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    event = AuditEvent.objects.get(action="person.erased")
    assert (event.actor, event.subject) == (str(administrator.public_id), f"lms.person:{canary.public_id}")
    assert event.facts["appointments"] == 1
    assert all(isinstance(count, int) for count in event.facts.values())


def test_a_certificate_on_its_way_is_issued_first(administrator):
    person = an_employee(cui=a_cui())
    completion = a_completion(person=person)
    issuing.owe(completion)
    assert _broken(erasure.erase, person=person, by=administrator) == "erasure.certificate_on_its_way"
    person.refresh_from_db()
    assert (person.erased_at, bool(person.cui_digest), person.appointments.count()) == (None, True, 1)
    issuing.issue(completion.public_id)
    erasure.erase(person=person, by=administrator)
    person.refresh_from_db()
    assert person.erased_at is not None


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("survivor_is_older", [True, False])
def test_a_certificate_on_its_way_to_a_joined_record_is_issued_first(administrator, is_heard, survivor_is_older):
    """Nobody stands behind the absorbed record by itself, but somebody behind the human being."""
    if survivor_is_older:
        survivor, absorbed = an_employee(), a_person()
    else:
        absorbed, survivor = a_person(), an_employee()
    completion = a_completion(person=absorbed)
    if is_heard:
        issuing.owe(completion)
    duplicates.merge(survivor=survivor, absorbed=absorbed, reason="Misma persona.", by=administrator)
    survivor.refresh_from_db()
    assert _broken(erasure.erase, person=survivor, by=administrator) == "erasure.certificate_on_its_way"
    issuing.owe(Completion.objects.get(pk=completion.pk))
    issuing.issue(completion.public_id)
    erasure.erase(person=survivor, by=administrator)
    assert Certificate.objects.filter(owed__completion=completion).exists()


def test_a_completion_that_gets_no_certificate_beside_another_keeps_nobody(administrator):
    survivor, absorbed, course = an_employee(), an_employee(), a_course()
    a_certificate(person=survivor, course=course)
    a_completion(person=absorbed, course=course)
    duplicates.merge(survivor=survivor, absorbed=absorbed, reason="Misma persona.", by=administrator)
    survivor.refresh_from_db()
    erasure.erase(person=survivor, by=administrator)
    survivor.refresh_from_db()
    assert survivor.erased_at


def test_a_certificate_that_waits_for_a_confirmation_is_given_up(administrator):
    person = an_employee(is_confirmed=False)
    issuing.owe(a_completion(person=person))
    erasure.erase(person=person, by=administrator)
    assert not Completion.objects.filter(person=person).exists()
    assert not OwedCertificate.objects.exists()


def test_who_carries_a_role_is_not_erased(administrator):
    superuser = a_person(is_superuser=True)
    holder = somebody_with_role("trainer")
    coming = a_person()
    later = timezone.now() + timedelta(days=3)
    RoleGrant.objects.create(person=coming, role="trainer", scope="nation", starts_at=later)
    codes = [_broken(erasure.erase, person=one, by=administrator) for one in (superuser, holder, coming)]
    assert codes == ["erasure.superuser", "erasure.role_in_force", "erasure.role_in_force"]
    assert _broken(requests.ask_erasure, person=holder, by=holder) == "erasure.role_in_force"


def test_roles_that_ended_stay_without_a_name(administrator):
    person = somebody_with_role("trainer")
    RoleGrant.objects.filter(person=person).update(ends_at=timezone.now())
    erasure.erase(person=person, by=administrator)
    assert str(RoleGrant.objects.get(person=person).person) == "Registro borrado"


def test_only_an_administrator_erases_and_never_oneself(administrator):
    person = a_person()
    auditor = somebody_with_role("auditor")
    assert _broken(erasure.erase, person=person, by=auditor) == "erasure.not_allowed"
    assert _broken(erasure.erase, person=administrator, by=administrator) == "erasure.own"


def _broken(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def test_what_was_joined_goes_with_it_and_cannot_be_parted(administrator):
    survivor, absorbed = an_employee(surnames="Xaltepeque"), a_person(surnames="Xaltepequi", cui=a_cui())
    merged = duplicates.merge(survivor=survivor, absorbed=absorbed, by=administrator, reason="Xaltepeque dos veces")
    survivor.refresh_from_db()
    assert _broken(erasure.erase, person=Person.objects.get(pk=absorbed.pk), by=administrator) == "erasure.joined"
    erasure.erase(person=survivor, by=administrator)
    merged.refresh_from_db()
    assert (merged.journal, merged.kept, merged.reason) == ({}, {}, "")
    assert Person.objects.get(pk=absorbed.pk).erased_at is not None
    assert where(["Xaltepeq"]) == set()
    assert _broken(duplicates.undo, merge=merged, by=administrator) in {"merge.erased", "merge.too_late"}


def test_an_event_never_carries_a_datum(canary):
    """All that the verbs above wrote, looked through: the trail names keys only."""
    told = str(list(AuditEvent.objects.values_list("facts", flat=True)))
    assert AuditEvent.objects.count() > 5
    assert [word for word in canary_words(canary) if word in told] == []


def test_lists_and_exports_no_longer_name_the_person(canary, administrator):
    word = "Xquenda"
    client = FullClient()
    client.force_login(administrator)
    addresses = [reverse("certificates:tracking"), reverse("certificates_register:index")]
    export = reverse("certificates:export_csv")
    assert all(word in client.get(address).content.decode() for address in addresses)
    assert word in b"".join(client.get(export).streaming_content).decode()
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    assert not [address for address in addresses if word in client.get(address).content.decode()]
    told = b"".join(client.get(export).streaming_content).decode()
    assert (word in told, "Registro borrado" in told) == (False, True)
    reference = Certificate.objects.get(person=canary).reference
    found = [client.get(address, {"q": word}).content.decode() for address in addresses]
    assert [page for page in found if reference in page] == []


def test_nobody_brings_an_erased_record_back(canary, administrator):
    requests.grant_erasure(request=ask_and_wait(canary), by=administrator)
    stub = Person.objects.get(pk=canary.pk)
    for verb, arguments in [
        (people.set_active, {"is_active": True}),
        (people.change_password, {"new": PASSWORD}),
        (people.change_details, {"given_names": "Otra"}),
    ]:
        assert _broken(verb, person=stub, by=administrator, **arguments) == "person.erased"
    client = FullClient()
    client.force_login(administrator)
    assert "Registro borrado" not in client.get(reverse("lms_people:index")).content.decode()


def test_whom_a_restore_brings_back_is_erased_again(administrator, tmp_path):
    """A list of ids is all that is needed; it is taken before, and a record in between is not touched."""
    person, holder = an_employee(cui=a_cui()), somebody_with_role("trainer")
    listed = tmp_path / "erased.txt"
    audit.record("person.erased", by=administrator, subject=f"lms.person:{person.public_id}")
    audit.record("person.erased", by=administrator, subject=f"lms.person:{holder.public_id}")
    out = StringIO()
    call_command("erase_people", "--list", stdout=out)
    listed.write_text(out.getvalue())
    call_command("erase_people", "--again", str(listed), "--dry-run", stdout=StringIO())
    person.refresh_from_db()
    assert person.erased_at is None
    told = StringIO()
    with pytest.raises(CommandError, match="1 could not be erased"):
        call_command("erase_people", "--again", str(listed), stdout=told)
    person.refresh_from_db()
    assert (person.erased_at is None, f"{holder.public_id} erasure.role_in_force" in told.getvalue()) == (False, True)
