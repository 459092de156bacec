"""A worksheet of a lesson: printed, filled in and kept, and handed in only if its writer likes."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from courses.domain import enrolment as enrolments
from courses.domain import worksheets
from courses.domain.worksheets import Given
from courses.models import FilledWorksheet, LessonPage
from lms.domain import duplicates
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
PROMPTS = [{"prompt": "¿Cuántos usuarios hay?", "lines": 2}, {"prompt": "¿Quién cobra?", "lines": 3}]


@pytest.fixture
def lesson():
    sheet = {"title": "Mi padrón", "instructions": "<p>Vaya a la oficina.</p>", "prompts": PROMPTS}
    return a_lesson(a_course(title="El agua"), ("worksheet", sheet), title="El padrón")


@pytest.fixture
def learner(client):
    person = an_employee(given_names="Ana", surnames="Ixchop")
    client.force_login(person)
    return person


@pytest.fixture
def mine(learner, lesson):
    return enrolments.enrol(person=learner, course=lesson.course, by=learner)


def sheet_of(lesson: LessonPage) -> worksheets.Worksheet:
    return worksheets.worksheet_of(lesson, LessonPage.objects.get(pk=lesson.pk).body[0])


def address(lesson: LessonPage) -> str:
    return reverse("courses:worksheet", args=[lesson.translation_key, "es", lesson.body[0].id])


def fields(lesson: LessonPage, *texts: str) -> dict:
    return {one.field: text for one, text in zip(sheet_of(lesson).prompts, texts, strict=False)}


def test_anybody_prints_it_and_who_is_in_the_course_fills_it_in(client, lesson):
    html = client.get(address(lesson)).content.decode()
    assert all(words in html for words in ("Mi padrón", "Vaya a la oficina.", "¿Quién cobra?"))
    assert "<textarea" not in html
    assert html.count("worksheet-line") == 1 + 2 + 3  # the name, and the lines of each prompt
    assert address(lesson) in client.get(lesson.url).content.decode()
    assert client.post(address(lesson), fields(lesson, "200")).status_code == 302
    assert not FilledWorksheet.objects.exists()


def test_it_is_kept_without_a_script_and_found_again(client, lesson, mine):
    client.post(address(lesson), fields(lesson, "Doscientos", ""))
    html = client.get(address(lesson)).content.decode()
    assert ">Doscientos</textarea>" in html
    assert html.count('<span class="worksheet-line">') == 3  # lines where nothing was written yet
    assert "Ficha guardada" in client.get(lesson.url).content.decode()
    assert mine.person.full_name in html


def test_a_script_keeps_what_changed_and_the_rest_stays(client, lesson, mine):
    client.post(address(lesson), fields(lesson, "Doscientos", "Rosa"))
    one = {sheet_of(lesson).prompts[1].field: "Juan", "p-not-a-prompt": "x"}
    for _twice in range(2):
        answer = client.post(address(lesson), one, headers={"X-Requested-With": "aula"})
        assert (answer.status_code, answer.content) == (204, b"")
    filled = FilledWorksheet.objects.get()
    assert [said["text"] for said in filled.written] == ["Doscientos", "Juan"]
    assert filled.handed_in_at is None
    client.logout()
    assert client.post(address(lesson), one, headers={"X-Requested-With": "aula"}).status_code == 401


def test_what_is_too_long_is_said_and_nothing_typed_is_lost(client, lesson, mine):
    answer = client.post(address(lesson), fields(lesson, "x" * 2001, "Rosa"))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "x" * 2001 in html
    assert ">Rosa</textarea>" in html
    assert not FilledWorksheet.objects.exists()


def test_an_answer_outlives_its_prompt(lesson, mine):
    sheet = sheet_of(lesson)
    given = {one.key: Given("Algo") for one in sheet.prompts}
    worksheets.keep(enrolment=mine, worksheet=sheet, given=given)
    del lesson.body[0].value["prompts"][0]
    lesson.save_revision().publish()
    sheet = sheet_of(LessonPage.objects.get(pk=lesson.pk))
    (left,) = sheet.prompts
    filled, _joined = worksheets.keep(enrolment=mine, worksheet=sheet, given={left.key: Given("Otra cosa")})
    assert {one["text"] for one in filled.written} == {"Algo", "Otra cosa"}


def test_only_what_was_handed_in_is_seen_by_whoever_writes_the_course(client, lesson, mine, learner):
    def seen_by(person) -> str:
        client.force_login(person)
        return client.get(office).content.decode()

    office = reverse("courses_people:worksheets", args=[lesson.course.translation_key])
    administrator = somebody_with_role("administrator")
    client.post(address(lesson), fields(lesson, "Doscientos"))
    assert "Doscientos" not in seen_by(administrator)
    client.force_login(learner)
    client.post(address(lesson), fields(lesson, "Trescientos") | {"hand_in": "1"})
    assert "Ficha entregada" in client.get(lesson.url).content.decode()
    shown = seen_by(administrator)
    assert all(words in shown for words in ("Trescientos", "¿Cuántos usuarios hay?", learner.full_name))
    first = FilledWorksheet.objects.get().handed_in_at
    client.force_login(learner)
    client.post(address(lesson), fields(lesson, "Cuatrocientos") | {"hand_in": "1"})
    assert FilledWorksheet.objects.get().handed_in_at == first
    assert AuditEvent.objects.filter(action="worksheet.handed_in").count() == 1
    client.force_login(somebody_with_role("trainer"))
    assert client.get(office).status_code == 404


def test_who_may_not_keep_it_and_what_is_not_handed_in_empty(lesson, mine):
    def code_of(enrolment, given=(), **more) -> str:
        with pytest.raises(RuleBroken) as broken:
            worksheets.keep(enrolment=enrolment, worksheet=sheet_of(lesson), given=dict(given), **more)
        return broken.value.code

    other = enrolments.enrol(person=mine.person, course=a_course(), by=mine.person)
    assert code_of(other) == "worksheet.not_enrolled"
    assert code_of(mine, hands_in=True) == "worksheet.empty"
    enrolments.withdraw(enrolment=mine, by=mine.person)
    mine.refresh_from_db()
    assert code_of(mine) == "worksheet.not_enrolled"
    assert not FilledWorksheet.objects.exists()


def test_there_is_one_for_each_person_and_worksheet(lesson, mine):
    keys = {"enrolment": mine, "lesson_key": lesson.translation_key, "block_key": lesson.body[0].id}
    FilledWorksheet.objects.create(**keys)
    with pytest.raises(IntegrityError), transaction.atomic():
        FilledWorksheet.objects.create(**keys)


def test_what_is_not_published_is_not_there(client, lesson, mine):
    lesson.course.unpublish()
    assert client.get(address(lesson)).status_code == 404
    assert client.post(address(lesson), fields(lesson, "x")).status_code == 404


def test_it_follows_its_writer_into_another_record_and_back(lesson, mine):
    worksheets.keep(enrolment=mine, worksheet=sheet_of(lesson), given={sheet_of(lesson).prompts[0].key: Given("Algo")})
    survivor = a_person()
    merge = duplicates.merge(survivor=survivor, absorbed=mine.person, reason="Es la misma persona.", by=None)
    assert FilledWorksheet.objects.get().enrolment.person == survivor
    duplicates.undo(merge=merge, by=None)
    assert FilledWorksheet.objects.get().enrolment == mine


# Two devices


def write(mine, lesson, text: str, over: int | None = None, page: str = "") -> tuple[str, int, bool]:
    """What stands at the first prompt after that, its number, and whether two texts were joined."""
    sheet = sheet_of(lesson)
    key = sheet.prompts[0].key
    filled, joined = worksheets.keep(enrolment=mine, worksheet=sheet, given={key: Given(text, over, page)})
    return filled.answers[key]["text"], filled.answers[key]["number"], key in joined


def test_what_two_devices_wrote_over_the_same_stands_together_once(lesson, mine):
    assert write(mine, lesson, "Hay 200.", 0, "telephone") == ("Hay 200.", 1, False)
    both = "Hay 200.\n\nHay unos 190."
    assert write(mine, lesson, "Hay unos 190.", 0, "office") == (both, 2, True)
    assert write(mine, lesson, "Hay unos 190.", 0, "office") == (both, 2, False)  # its answer was lost
    assert write(mine, lesson, "Hay 200.", 0, "telephone") == (both, 2, False)
    assert write(mine, lesson, "Hay 195.", 2, "telephone") == ("Hay 195.", 3, False)


def test_whoever_goes_on_from_what_stands_writes_over_it(lesson, mine):
    write(mine, lesson, "Hay 200.", 0, "telephone")
    assert write(mine, lesson, "Nada de eso.", 1, "office") == ("Nada de eso.", 2, False)
    assert write(mine, lesson, "", 2, "office") == ("", 3, False)


def test_what_was_left_open_empty_elsewhere_takes_nothing_away(lesson, mine):
    write(mine, lesson, "Hay 200.", 0, "telephone")
    assert write(mine, lesson, "", 0, "office") == ("Hay 200.", 1, False)
    assert write(mine, lesson, "Hay 200. Y más.", 0, "office") == ("Hay 200. Y más.", 2, False)


def test_a_page_whose_answer_was_lost_goes_on_with_its_own(lesson, mine):
    write(mine, lesson, "Hay 200.", 0, "telephone")
    assert write(mine, lesson, "Hay 210.", 0, "telephone") == ("Hay 210.", 2, False)
    assert write(mine, lesson, "Hay 220.", None, "") == ("Hay 220.", 3, False)  # a page of before says nothing


def test_a_page_without_a_script_is_told_that_both_stand(client, lesson, mine):
    prompt = sheet_of(lesson).prompts[0]
    html = client.get(address(lesson)).content.decode()
    assert f'name="{prompt.over}" value="0"' in html
    client.post(address(lesson), {prompt.field: "Hay 200.", prompt.over: "0"})
    answer = client.post(address(lesson), {prompt.field: "Hay 190.", prompt.over: "0"}, follow=True)
    html = answer.content.decode()
    assert "Quedaron las dos respuestas" in html
    assert f'name="{prompt.over}" value="2"' in html
    assert "Hay 200." in html
    assert "Hay 190." in html
    for wrong in ("x", "-1", "9" * 30, "²"):
        client.post(address(lesson), {prompt.field: "Hay 180.", prompt.over: wrong})
    assert FilledWorksheet.objects.get().answers[prompt.key]["text"] == "Hay 180."


def test_a_script_hears_the_numbers_that_stand(client, lesson, mine):
    first = sheet_of(lesson).prompts[0]
    headers = {"X-Requested-With": "aula", "Accept": "application/json"}
    typed = {first.field: "Hay 200.", first.over: "0", "page": "a"}
    assert client.post(address(lesson), typed, headers=headers).json() == {"numbers": {first.field: 1}, "joined": {}}
    typed = {first.field: "Hay 190.", first.over: "0", "page": "b"}
    told = client.post(address(lesson), typed, headers=headers).json()
    assert told == {"numbers": {first.field: 2}, "joined": {first.field: "Hay 200.\n\nHay 190."}}
