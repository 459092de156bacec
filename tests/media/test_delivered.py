"""What was sent is counted: once, by person, video, day and rung, whoever sent it."""

import logging
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.models import Sum
from django.test import override_settings

from lms.domain import belongings
from media import tasks
from media.domain import delivered, delivery, delivery_log
from media.models import Delivered, DeliveryLog
from media.views import playback
from tests.factories.media import a_video
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def viewer():
    return a_person()


def sent(person, video, rung="240p", sent_bytes=1000, day=DAY) -> delivered.Sent:
    return delivered.Sent(person and person.pk, day, video.pk, rung, sent_bytes, sent_bytes / 100)


def rows() -> list[tuple]:
    return list(Delivered.objects.order_by("rung", "pk").values_list("person", "day", "video", "rung", "bytes"))


def test_what_is_added_adds_up(viewer):
    video = a_video()
    delivered.add([sent(viewer, video), sent(viewer, video, "144p"), sent(None, video)])
    delivered.add([sent(viewer, video, sent_bytes=5), sent(None, video, sent_bytes=7)])
    assert rows() == [
        (viewer.pk, DAY, video.pk, "144p", 1000),
        (viewer.pk, DAY, video.pk, "240p", 1005),
        (None, DAY, video.pk, "240p", 1007),
    ]
    assert Delivered.objects.get(person=viewer, rung="240p").seconds == pytest.approx(10.05)
    assert delivered.day_cost(DAY) == 3012
    assert delivered.day_cost(date(2026, 3, 3)) == 0


def test_a_month_is_guatemalas(viewer):
    """From midnight to midnight there, with what joined records were sent."""
    absorbed, video = a_person(), a_video()
    absorbed.merged_into = viewer
    absorbed.save()
    for person, day in [(viewer, date(2026, 2, 28)), (viewer, DAY), (absorbed, date(2026, 3, 31)), (a_person(), DAY)]:
        delivered.add([sent(person, video, day=day)])
    assert delivered.month_of(viewer, NOON) == 2000
    assert delivered.month_of(absorbed, NOON) == 2000
    assert delivered.month_of(viewer, datetime(2026, 3, 1, 5, 59, tzinfo=UTC)) == 1000
    assert delivered.month_of(viewer, datetime(2026, 12, 31, tzinfo=UTC)) == 0
    assert delivered.by_month(viewer) == [("2026-02", 1000), ("2026-03", 1000)]


def test_the_range_view_counts_what_it_sent(viewer, client, monkeypatch):
    """Not what was asked for: a line that drops after the first piece has cost that piece."""
    client.force_login(viewer)
    video = a_video()
    url = delivery.playback(video, person=viewer).sources[-1].url
    with time_machine.travel(NOON, tick=False):
        client.force_login(viewer)
        b"".join(client.get(url, headers={"Range": "bytes=100-1099"}).streaming_content)
        b"".join(client.get(url, headers={"Range": "bytes=0-9"}).streaming_content)
        client.head(url)
        client.get(url, headers={"If-None-Match": client.head(url)["ETag"]})
        client.get(url, headers={"Range": "bytes=99999-"})
        monkeypatch.setattr(playback, "CHUNK_BYTES", 100)
        dropped = client.get(url, headers={"Range": "bytes=0-999"})
        assert len(next(iter(dropped))) == 100
        for close in dropped._resource_closers:
            close()
    assert rows() == [(viewer.pk, DAY, video.pk, "240p", 1110)]
    assert Delivered.objects.get().seconds == pytest.approx(1110 * 100 / 10240)


def test_an_answer_costs_one_statement(viewer, client, django_assert_max_num_queries):
    client.force_login(viewer)
    url = delivery.playback(a_video(), person=viewer).sources[-1].url
    with django_assert_max_num_queries(6) as seen:
        b"".join(client.get(url).streaming_content)
    assert sum("media_delivered" in query["sql"] for query in seen.captured_queries) == 1


def test_a_film_goes_on_when_counting_fails(viewer, client, caplog):
    """And it is said."""
    client.force_login(viewer)
    url = delivery.playback(a_video(), person=viewer).sources[-1].url

    def refuse(execute, sql, params, many, context):
        if "media_delivered" in sql:
            raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), caplog.at_level(logging.ERROR):
        assert len(b"".join(client.get(url).streaming_content)) == 10240
    assert "could not be counted" in caplog.text
    assert rows() == []


def line(person, video, *, rung="240p", status=206, sent_bytes=1000, cut=1) -> str:
    whose = person.public_id.hex if person else "-"
    return f"{NOON.timestamp():.3f}\t{whose}/{video.public_id}/{cut}/0/{rung}\t{status}\t{sent_bytes}\n"


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "delivery.log"


def test_every_line_of_nginx_counts_once(viewer, log):
    """Read again and again while it grows, with a line that is not whole yet."""
    video = a_video()
    log.write_text(line(viewer, video) + line(viewer, video, rung="144p") + line(viewer, video)[:30])
    assert delivery_log.count(log).lines == 2
    assert delivery_log.count(log).lines == 0
    with log.open("a") as handle:
        handle.write(line(viewer, video)[30:] + line(viewer, video, status=404) + line(None, video))
    assert delivery_log.count(log) == delivery_log.Report(lines=3, skipped_lines=0, bytes=2000)
    assert rows() == [
        (viewer.pk, DAY, video.pk, "144p", 1000),
        (viewer.pk, DAY, video.pk, "240p", 2000),
        (None, DAY, video.pk, "240p", 1000),
    ]


@pytest.mark.parametrize("way", ["rename", "copy and truncate"])
def test_a_log_that_is_turned_is_read_to_its_end(way, viewer, log):
    """Known by its first line, not by its name; the new one begins at its beginning, shorter or longer."""
    video, turned = a_video(), log.with_name("delivery.log.1")
    log.write_text(line(viewer, video, sent_bytes=1))
    delivery_log.count(log)
    with log.open("a") as handle:
        handle.write(line(viewer, video, sent_bytes=10))
    if way == "rename":
        log.rename(turned)
    else:
        turned.write_bytes(log.read_bytes())
    log.write_text(line(viewer, video, sent_bytes=100) * 5)
    assert delivery_log.count(log).bytes == 510
    log.with_name("delivery.log.2").write_bytes(turned.read_bytes())
    turned.unlink()
    log.with_name("delivery.log.3.gz").write_bytes(b"\x1f\x8b")
    assert delivery_log.count(log).bytes == 0
    assert Delivered.objects.get().bytes == 511


BROKEN = """no line of ours
1.0\tx
abc\t-/{video}/1/0/240p\t206\t10
1.0\tnobody/{video}/1/0/240p\t206\t10
1.0\t-/not-a-video/1/0/240p\t206\t10
1.0\t-/{video}/1/0/240p'; DROP\t206\t10
1.0\t-/{video}/1/0/240p\t206\t-10
1.0\t-/{video}/1/0/240p\t206\t
1e99\t-/{video}/1/0/240p\t206\t10
nan\t-/{video}/1/0/240p\t206\t10
"""


def test_a_broken_line_is_skipped_and_counted(viewer, log):
    video = a_video()
    broken = BROKEN.format(video=video.public_id).encode() + b"\xff\xfe\n\n" + line(viewer, video, rung="720p").encode()
    gone = line(viewer, video).replace(str(video.public_id), str(uuid.uuid4()))
    log.write_bytes(broken + gone.encode() + line(viewer, video).encode())
    report = delivery_log.count(log)
    assert (report.lines, report.skipped_lines, report.bytes) == (15, 14, 1000)
    assert DeliveryLog.objects.get().skipped_lines == 14
    assert rows() == [(viewer.pk, DAY, video.pk, "240p", 1000)]


def test_a_line_without_an_end_does_not_hold_the_rest(viewer, log, monkeypatch):
    """However long: what is longer than a stretch is skipped."""
    monkeypatch.setattr(delivery_log, "STRETCH_BYTES", 400)
    video = a_video()
    log.write_text(line(viewer, video) + "x" * 1500 + "\n" + line(viewer, video) * 3)
    delivery_log.count(log)
    assert Delivered.objects.get().bytes == 4000


def test_nothing_is_counted_that_is_not_noted_as_read(viewer, log):
    """Both or neither: a counter that is killed in between counts it the next time, once."""
    log.write_text(line(viewer, a_video()))

    def die(execute, sql, params, many, context):
        if sql.startswith('UPDATE "media_deliverylog"'):
            raise DatabaseError("killed")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(die), pytest.raises(DatabaseError):
        delivery_log.count(log)
    assert rows() == []
    delivery_log.count(log)
    delivery_log.count(log)
    assert Delivered.objects.get().bytes == 1000


def test_the_clock_and_the_command_count(viewer, log, capsys):
    log.write_text(line(viewer, a_video()))
    with override_settings(DELIVERY_LOG=log):
        tasks.count_delivered()
        assert rows() == []
        with override_settings(MEDIA_DELIVERY="nginx"):
            tasks.count_delivered()
    assert Delivered.objects.get().bytes == 1000
    call_command("count_delivered", str(log))
    assert capsys.readouterr().out == "0 lines, 0 of them skipped; 0 bytes of films\n"
    with pytest.raises(CommandError):
        call_command("count_delivered", str(log.with_name("nowhere")))


def test_who_is_erased_leaves_sums_without_a_name(viewer, log):
    """What nginx wrote before and is counted after, too."""
    video, other = a_video(), a_person()
    delivered.add([sent(viewer, video), sent(other, video), sent(None, video, sent_bytes=1)])
    media = next(part for part in belongings.all_of_them() if part.name == "media")
    assert media.tell(viewer)["data_used"] == [{"month": "2026-03", "bytes_sent": 1000}]
    assert media.erase(viewer)["data_used"] == 1
    kept = {(other.pk, DAY, video.pk, "240p", 1000), (None, DAY, video.pk, "240p", 1001)}
    assert set(rows()) == kept
    viewer.erased_at = NOON
    viewer.save()
    log.write_text(line(viewer, video))
    delivery_log.count(log)
    assert Delivered.objects.get(person=None).bytes == 2001
    video.renditions.all().delete()
    video.delete()
    assert Delivered.objects.filter(video=None).aggregate(all=Sum("bytes"))["all"] == 3001
