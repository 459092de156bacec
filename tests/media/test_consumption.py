"""What viewing cost, for administrators and auditors."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse

from lms.models import AuditEvent
from media.domain import consumption, delivered
from media.models import Delivered
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
INDEX, EXPORT = "media_consumption:index", "media_consumption:export"


@pytest.fixture
def watched():
    """Two videos, one of them in two courses; two people, and one who is no longer known."""
    video, other = a_video(title="Agua <y> luz"), a_video(title="=Ingresos")
    for title in ("Curso uno", "Curso dos"):
        a_lesson(a_course(title=title), ("video", {"video": video, "is_required": True}))
    ana, rosa = a_person(), a_person()
    for person, film, rung, day, sent in [
        (ana, video, "240p", 2, 30_000_000),
        (ana, video, "144p", 2, 1_000_000),
        (rosa, video, "240p", 3, 20_000_000),
        (rosa, other, "opus", 3, 500_000),
        (None, other, "opus", 31, 500_000),
    ]:
        key = person and person.pk
        delivered.add([delivered.Sent(key, date(2026, 3, day), film.pk, rung, sent, 1.0)])
    delivered.add([delivered.Sent(ana.pk, date(2026, 4, 1), video.pk, "240p", 7, 1.0)])
    return video, other


def told(lines) -> list[tuple]:
    return [(line.name, line.bytes, line.people) for line in lines]


def test_the_sums(watched, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):  # four sums, and where videos stand
        found = consumption.account(*MARCH)
    assert (found.whole.bytes, found.whole.people) == (52_000_000, 2)
    assert [line.bytes for line in found.by_day] == [31_000_000, 20_500_000, 500_000]
    assert told(found.by_video) == [("Agua <y> luz", 51_000_000, 2), ("=Ingresos", 1_000_000, 1)]
    assert told(found.by_course) == [
        ("Curso dos", 51_000_000, None),
        ("Curso uno", 51_000_000, None),
        ("En ningún curso", 1_000_000, None),
    ]
    assert {line.bytes for line in found.by_rung} == {50_000_000, 1_000_000}


def test_the_price_is_said_where_it_is_known(watched, client):
    client.force_login(somebody_with_role("administrator"))
    address = reverse(INDEX, query={"since": "2026-03-01", "until": "2026-03-31"})
    assert "Costo (Q)" not in client.get(address).content.decode()
    with override_settings(PRICE_PER_GB=Decimal("0.75")):
        assert consumption.account(*MARCH).whole.price == Decimal("0.04")
        page = client.get(address).content.decode()
    assert "Costo (Q)" in page
    assert "Agua &lt;y&gt; luz" in page


@pytest.mark.parametrize(("role", "status"), [("administrator", 200), ("auditor", 200), ("trainer", 403), ("", 403)])
def test_who_may_read_it(role, status, client):
    client.force_login(somebody_with_role(role) if role else a_person())
    for name in (INDEX, EXPORT):
        assert client.get(reverse(name)).status_code == status
    if status == 200:
        assert reverse(INDEX) in client.get(reverse("wagtailadmin_home")).content.decode()


def test_the_file(watched, client):
    """No cell is a formula, and the trail knows who took it."""
    client.force_login(somebody_with_role("auditor"))
    response = client.get(reverse(EXPORT, query={"since": "2026-03-01", "until": "2026-03-31"}))
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0] == "\ufeffDía,Video,Cursos,Calidad,Bytes,Personas,Costo (Q)"
    assert lines[1].startswith("2026-03-02,Agua <y> luz,Curso dos; Curso uno,144p,1000000,1,")
    assert any(line.startswith("2026-03-31,'=Ingresos,,") and line.endswith(",500000,0,") for line in lines)
    assert len(lines) == 6
    assert AuditEvent.objects.get(action="consumption.exported").facts["until"] == "2026-03-31"


@pytest.mark.parametrize(
    "asked", ["since=2026-03-31&until=2026-03-01", "since=mañana", "since=2024-01-01&until=2026-01-01"]
)
def test_days_that_are_none_come_back(asked, client):
    client.force_login(somebody_with_role("auditor"))
    response = client.get(f"{reverse(INDEX)}?{asked}")
    assert response.status_code == 422
    assert asked.split("&")[0].split("=")[1] in response.content.decode()
    assert client.get(f"{reverse(EXPORT)}?{asked}").status_code == 422


def test_a_deleted_video_still_cost_what_it_cost(watched):
    video, _other = watched
    video.renditions.all().delete()
    Delivered.objects.filter(video=video).update(video=None)
    assert consumption.account(*MARCH).whole.bytes == 52_000_000
    assert told(consumption.account(*MARCH).by_video)[0][0] == "Videos que ya se borraron"
