"""What lessons and courses say that they cost in data."""

import gzip
import re

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from courses.domain import weighing
from courses.domain.learning import _video_bytes
from courses.domain.progress import build_progress
from courses.models import LessonPage, LessonWeight
from media.models import Rendition, Track
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db
WORDS = "<p>" + "El IUSI se paga cada trimestre. " * 40 + "</p>"


def a_rendition(video, rung: str, size: int, **fields) -> Rendition:
    height = int(rung[:-1]) if rung[0].isdecimal() else 0
    facts = {"path": "x", "duration_seconds": 1, "codecs": "", "sha256": "", "height": height} | fields
    return Rendition.objects.create(video=video, rung=rung, bytes=size, **facts)


def a_film(**sizes: int):
    """A video with renditions of these sizes: `p240=…`, `opus=…`."""
    video = a_video(rungs=())
    for rung, size in sizes.items():
        a_rendition(video, f"{rung[1:]}p" if rung[0] == "p" else rung, size)
    return video


def costs(course) -> weighing.Costs:
    return weighing.costs_of(build_progress([course], {})[0])


def whole(course) -> tuple[int, int, bool]:
    cost = costs(course).whole
    return cost.film, cost.sound, cost.has_films


def test_a_video_counts_as_its_lightest_film_and_its_lightest_sound():
    course = a_course()
    for video in (
        a_film(p720=900, p240=140, p144=70, audio=40, opus=30, mp3=35),
        a_film(p144=60, audio=20),  # nothing better was made
        a_film(slides=50),  # without a sound
    ):
        a_lesson(course, ("video", {"video": video}))
    assert whole(course) == (140 + 60 + 50, 30 + 20, True)


def test_a_recording_without_a_picture_costs_its_sound_alone():
    course = a_course()
    a_lesson(course, ("video", {"video": a_film(audio=20, opus=10)}))
    assert whole(course) == (10, 10, False)


def test_only_the_cut_in_use_and_the_video_itself_count():
    """A new cut, and a second language, once doubled what a course seemed to cost."""
    course = a_course()
    video = a_film(p240=140, opus=30)
    a_lesson(course, ("video", {"video": video}))
    a_rendition(video, "240p", 100, cut=2)
    a_rendition(video, "opus", 20, cut=2)
    a_rendition(video, "240p", 999, track=Track.objects.create(video=video, kind=Track.Kind.SIGN))
    assert whole(course) == (140, 30, True)
    video.cut = 2
    video.save()
    assert whole(course) == (100, 20, True)
    progress = build_progress([course], {})[0]
    assert _video_bytes(progress.missing) == 100


def test_a_video_that_stands_twice_in_a_lesson_is_sent_once_more_in_another():
    course = a_course()
    video = a_film(p240=140)
    a_lesson(course, ("video", {"video": video}), ("video", {"video": video}))
    a_lesson(course, ("video", {"video": video}))
    assert [cost.film for cost in costs(course).by_lesson.values()] == [140, 140]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail leaves thumbnails' files open
def test_words_pictures_and_files_are_weighed_when_the_lesson_is_published(client):
    course = a_course()
    picture = Image.objects.create(title="Foto", file=get_test_image_file(size=(1600, 1200)))
    paper = Document.objects.create(title="Formato", file=ContentFile(b"x" * 5000, name="formato.txt"))
    lesson = a_lesson(
        course,
        ("text", WORDS),
        ("image", {"image": picture, "description": "Una foto", "caption": ""}),
        ("file", {"document": paper, "description": ""}),
        ("file", {"document": paper, "description": ""}),
    )
    weight = LessonWeight.objects.get()
    html = client.get(lesson.url).content.decode()
    parts = "".join(re.findall(r'<section class="part"[^>]*>(.*?)</section>', html, re.S))
    assert weight.text_bytes == pytest.approx(len(gzip.compress(parts.encode(), 6)), rel=0.1)
    assert weight.picture_bytes == picture.get_rendition("width-800|format-webp").file.size
    assert weight.file_bytes == 5000
    lesson.body = [("text", "<p>Poco.</p>")]
    lesson.save_revision()
    assert LessonWeight.objects.get().text_bytes == weight.text_bytes  # a draft is not sent
    lesson.save_revision().publish()
    lighter = LessonWeight.objects.get()
    assert (lighter.picture_bytes, lighter.file_bytes) == (0, 0)
    assert 0 < lighter.text_bytes < weight.text_bytes


def test_what_was_published_before_is_weighed_by_the_sweeper():
    lesson = a_lesson(a_course())
    draft = a_lesson(lesson.course)
    draft.unpublish()
    LessonWeight.objects.all().delete()
    weighing.weigh_missing()
    assert list(LessonWeight.objects.values_list("lesson_id", flat=True)) == [lesson.pk]


def test_the_cost_stands_beside_each_lesson_and_the_course(client):
    course = a_course()
    lessons = [a_lesson(course, ("video", {"video": a_film(p240=14_000_000, opus=3_000_000)})) for _ in range(2)]
    html = client.get(course.url).content.decode()
    for words, count in (("28 MB video", 1), ("6.0 MB solo audio", 1), ("14 MB video", 2), ("3.0 MB solo audio", 2)):
        assert html.count(words) == count, words
    html = client.get(lessons[0].url).content.decode()
    assert (html.count("14 MB video"), html.count("28 MB video")) == (1, 0)


def test_the_editor_tells_the_cost_of_the_draft(client):
    trainer = somebody_with_role("trainer")
    lesson = a_lesson(a_course(owner=trainer), owner=trainer)
    client.force_login(trainer)
    address = reverse("wagtailadmin_pages:edit", args=[lesson.pk])
    assert "0.1 MB texto" in client.get(address).content.decode()
    lesson.body = [("video", {"video": a_film(p240=14_000_000)})]
    lesson.save_revision()
    assert "14 MB video" in client.get(address).content.decode()
    assert LessonPage.objects.get(pk=lesson.pk).weight.text_bytes
