"""What is said in videos: found by anybody who may see the course, with its words around it; of no other course."""

from datetime import date

import pytest
from wagtail.models import PageViewRestriction

from courses.domain import enrolment, sayings
from courses.domain.activities import retire_lesson, sync_lesson
from courses.models import Activity, CoursePage, LessonPage
from lms.models import Language
from media.domain import captions
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, a_person, an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/cursos/"


def vtt(*lines: str, seconds: int = 10) -> str:
    cues = []
    for number, words in enumerate(lines):
        start, end = number * seconds, number * seconds + 4
        cues.append(f"{start // 60:02d}:{start % 60:02d}.000 --> {end // 60:02d}:{end % 60:02d}.000\n{words}\n")
    return "\n".join(["WEBVTT\n", *cues])


def said(*lines: str, course=None, language: str = "es", **fields):
    """A lesson whose video says `lines`, ten seconds apart."""
    video = a_video(duration_seconds=600)
    captions.save(video=video, language=Language.objects.get(key=language), text=vtt(*lines), by=None)
    lesson = a_lesson(course or a_course(), ("video", {"video": video, "is_required": True}), **fields)
    sync_lesson(lesson)
    return lesson


def found(query: str, person=None, courses=None) -> list[str]:
    """Titles of the lessons and the times, as they are offered."""
    seen = courses if courses is not None else CoursePage.objects.visible_to(person or a_person())
    return [
        f"{item.lesson.title} {saying.time}" for item in sayings.find(query, courses=seen) for saying in item.sayings
    ]


def in_words(parts) -> str:
    return "".join(f"[{part.text}]" if part.is_found else part.text for part in parts)


def test_a_phrase_is_found_whatever_its_accents_and_over_the_seam_of_two_lines():
    said("Buenos días", "Hoy hablamos de rendición de", "cuentas en el municipio", title="Cuentas")
    said("El agua es de todos", title="Agua")
    for query in ("rendicion de cuentas", "RENDICIÓN CUENTAS", "cuentas rendicion"):
        assert found(query) == ["Cuentas 0:10"]
    assert found("cuentas") == ["Cuentas 0:20"]
    assert found("agua") == ["Agua 0:00"]
    assert found("agua cuentas") == []
    assert found("a") == found("") == found("%%%") == found("___") == []


def test_words_of_mayan_languages_are_found_with_any_apostrophe():
    said("Ri qꞌijul rech Qʼeqchiʼ", title="Saludo", language="quc")
    for query in ("q'ijul", "qʼijul", "QꞌIJUL", "qijul q'eqchi'"):
        assert found(query) == ["Saludo 0:00"]
    hit = sayings.find("q'eqchi'", courses=CoursePage.objects.all())[0].sayings[0]
    assert (hit.language, in_words(hit.parts)) == ("quc", "Ri qꞌijul rech [Qʼeqchi]ʼ")


def test_a_hit_shows_what_is_said_around_it_and_opens_the_lesson_there(client):
    lesson = said("Muy lejos", "Se cobra el IUSI &amp; más", "cada trimestre")
    item = sayings.find("iusi", courses=CoursePage.objects.all())[0]
    activity = Activity.objects.get(kind="video")
    assert in_words(item.sayings[0].parts) == "Se cobra el [IUSI] & más"
    assert item.sayings[0].url == f"{lesson.url}?video={activity.block_key}&segundo=10#a-{activity.block_key}"
    person = an_employee()
    client.force_login(person)
    enrolment.enrol(person=person, course=lesson.course, by=person)
    html = client.get(item.sayings[0].url).content.decode()
    assert 'data-position="10"' in html
    assert "240p.mp4#t=10" in html
    for query in ("?segundo=20", f"?video={activity.block_key}&segundo=-1", f"?video={activity.block_key}&segundo=²"):
        assert "240p.mp4#t=" not in client.get(f"{lesson.url}{query}").content.decode()
    late = client.get(f"{lesson.url}?video={activity.block_key}&segundo=999999").content.decode()
    assert "240p.mp4#t=599" in late


def test_whole_phrases_come_first_and_neighbours_are_one_hit():
    said("Un plan que no es el de desarrollo", title="Suelto")
    both = said("El plan de desarrollo", "el plan de desarrollo", title="Junto")
    assert found("plan de desarrollo") == ["Junto 0:00", "Junto 0:10", "Suelto 0:00"]
    video = Activity.objects.get(lesson_key=both.translation_key).video
    captions.save(video=video, language=Language.objects.get(key="en"), text=vtt("The plan de desarrollo"), by=None)
    assert found("plan de desarrollo")[:2] == ["Junto 0:00", "Junto 0:10"]


def test_many_hits_of_one_lesson_are_counted_and_not_all_shown():
    said(*["El presupuesto"] * 9, title="Mucho")
    item = sayings.find("presupuesto", courses=CoursePage.objects.all())[0]
    assert (len(item.sayings), item.more) == (3, 6)


def test_of_courses_that_one_may_not_see_nothing_is_told(client):
    network, stranger = a_network(), a_person()
    member = a_member(network)
    other = a_member(a_network("Otra red"))
    said("Palabra clave de la red", course=a_course(network=network), title="Red")
    hidden = said("Palabra clave de un borrador", title="Borrador")
    hidden.unpublish()
    retired = said("Palabra clave que se quitó", title="Quitada")
    retire_lesson(retired)
    fallen = said("Palabra clave de una lección que se bajó a medias", title="Caída")
    LessonPage.objects.filter(pk=fallen.pk).update(live=False)  # whoever should have retired its activities died
    unpublished = a_course()
    said("Palabra clave de un curso oculto", course=unpublished, title="Oculta")
    unpublished.unpublish()
    private = said("Palabra clave con contraseña", title="Privada")
    PageViewRestriction.objects.create(page=private, restriction_type="password", password="x")
    loose = a_video()
    captions.save(video=loose, language=Language.objects.get(key="es"), text=vtt("Palabra clave suelta"), by=None)
    seen = {}
    for name, person in (("nobody", None), ("stranger", stranger), ("other", other), ("member", member)):
        client.logout()
        if person:
            client.force_login(person)
        html = client.get(ADDRESS, {"q": "palabra clave"}).content.decode()
        seen[name] = [
            title for title in ("Red", "Borrador", "Quitada", "Caída", "Oculta", "Privada") if f">{title}<" in html
        ]
        assert "suelta" not in html
    assert seen == {"nobody": [], "stranger": [], "other": [], "member": ["Red"]}


def test_a_membership_that_ended_tells_nothing_more(client):
    network = a_network()
    member = a_member(network)
    said("Palabra clave de la red", course=a_course(network=network), title="Red")
    client.force_login(member)
    assert ">Red<" in client.get(ADDRESS, {"q": "palabra clave"}).content.decode()
    member.memberships.update(joined_on=date(2019, 1, 1), left_on=date(2020, 1, 1))
    assert ">Red<" not in client.get(ADDRESS, {"q": "palabra clave"}).content.decode()


def test_the_catalogue_shows_them_with_the_other_filters_and_escaped(client):
    said("Se paga el &lt;script&gt; IUSI", course=a_course(family="FI"), title="Finanzas")
    said("El IUSI otra vez", course=a_course(family="AC"), title="Alcaldía")
    html = client.get(ADDRESS, {"q": "iusi"}).content.decode()
    assert "Dicho en los videos" in html
    assert ">Finanzas<" in html
    assert ">Alcaldía<" in html
    assert "&lt;script&gt; <mark>IUSI</mark>" in html
    only = client.get(ADDRESS, {"q": "iusi", "family": "FI"}).content.decode()
    assert ">Finanzas<" in only
    assert ">Alcaldía<" not in only
    for query in ({}, {"q": ""}, {"q": "nada de esto"}, {"q": "iusi", "page": "2"}):
        assert "Dicho en los videos" not in client.get(ADDRESS, query).content.decode()


@pytest.mark.parametrize("count", [1, 9])
def test_statements_grow_neither_with_lessons_nor_with_hits(count, django_assert_num_queries):
    for _number in range(count):
        said(*["El presupuesto municipal"] * count)
    courses = CoursePage.objects.visible_to(a_person())
    sayings.find("presupuesto", courses=courses)
    with django_assert_num_queries(5):
        lessons = sayings.find("presupuesto", courses=courses)
        assert all(saying.url for item in lessons for saying in item.sayings)
    assert len(lessons) == min(count, 8)


def test_marks_stand_where_the_words_are_written():
    assert in_words(sayings.mark("Línea\ndos ÑANDÚ", ["nandu", "linea"])) == "[Línea]\ndos [ÑANDÚ]"
    assert in_words(sayings.mark("la la", ["la"])) == "[la] [la]"
    assert sayings.mark("", ["x"]) == ()
