"""The broker of files: many publish at once, and whoever reads finds whole messages."""

import json
import shutil
import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

import lms.celery  # noqa: F401 registers the transport

PUBLISHERS, EACH = 4, 40
QUEUE = Queue("cola", routing_key="cola")


@pytest.fixture
def options(tmp_path) -> dict:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "messages")
    return {"data_folder_in": folder, "data_folder_out": folder, "control_folder": str(tmp_path / "control")}


def publish(options: dict, sender: int) -> None:
    with Connection("aula-files://", transport_options=options) as broker:
        producer = broker.Producer()
        for number in range(EACH):
            body = {"from": sender, "number": number, "filling": "x" * 5000}
            producer.publish(body, exchange="", routing_key="cola", declare=[QUEUE], serializer="json")


def test_the_transport_is_ours():
    assert TRANSPORT_ALIASES["aula-files"] == "lms.broker:Transport"


def test_many_publish_at_once_and_nothing_is_lost_or_torn(options):
    torn, finished = [], threading.Event()

    def watch() -> None:
        while not finished.is_set():
            for path in Path(options["data_folder_in"]).glob("*.msg"):
                try:
                    json.loads(path.read_bytes())
                except json.JSONDecodeError:
                    torn.append(path.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    publishers = [threading.Thread(target=publish, args=(options, number)) for number in range(PUBLISHERS)]
    for thread in publishers:
        thread.start()
    for thread in publishers:
        thread.join()
    finished.set()
    watcher.join()
    assert torn == []
    assert received(options) == {(sender, number) for sender in range(PUBLISHERS) for number in range(EACH)}


def received(options: dict) -> set:
    found = []
    with Connection("aula-files://", transport_options=options) as broker:
        queue = broker.SimpleQueue(QUEUE)
        for _message in range(PUBLISHERS * EACH):
            message = queue.get(timeout=5)
            found.append((message.payload["from"], message.payload["number"]))
            message.ack()
        assert queue.qsize() == 0
    assert len(found) == len(set(found))
    return set(found)


def test_messages_of_one_publisher_come_in_order(options):
    publish(options, 0)
    with Connection("aula-files://", transport_options=options) as broker:
        queue = broker.SimpleQueue(QUEUE)
        order = []
        for _message in range(EACH):
            message = queue.get(timeout=5)
            order.append(message.payload["number"])
            message.ack()
    assert order == list(range(EACH))


def test_what_is_half_written_is_not_a_message(options):
    folder = Path(options["data_folder_in"])
    (folder / "00000000000000000001_x.cola.msg.part").write_text('{"half')
    with Connection("aula-files://", transport_options=options) as broker:
        queue = broker.SimpleQueue(QUEUE)
        with pytest.raises(queue.Empty):
            queue.get(timeout=0.3)


@pytest.mark.parametrize("left", [b"", b"\0" * 40, b'{"body": "W10', b"\xff\xfe"])
def test_what_a_power_cut_left_of_a_message_is_dropped_and_the_next_one_comes(options, caplog, left):
    broken = Path(options["data_folder_in"]) / "00000000000000000001_x.cola.msg"
    broken.write_bytes(left)
    publish(options, 0)
    with Connection("aula-files://", transport_options=options) as broker:
        message = broker.SimpleQueue(QUEUE).get(timeout=5)
        assert message.payload["number"] == 0
        message.ack()
    assert broken.name in caplog.text
    assert not list(broken.parent.glob(f"{broken.name}*"))


def test_folders_that_somebody_tidied_up_are_made_again(options):
    with Connection("aula-files://", transport_options=options) as broker:
        shutil.rmtree(options["data_folder_in"])
        body = {"from": 0, "number": 0}
        broker.Producer().publish(body, exchange="", routing_key="cola", declare=[QUEUE], serializer="json")
        message = broker.SimpleQueue(QUEUE).get(timeout=5)
        assert message.payload == body
        message.ack()


@pytest.mark.parametrize("left", ["", "[[", '{"half'])
def test_what_a_power_cut_left_of_a_table_of_queues_stops_nobody(options, left):
    exchange = f"cambio{len(left)}"  # a process binds a queue once
    table = Path(options["control_folder"]) / f"{exchange}.exchange"
    table.write_text(left)
    bound = Queue("cola", Exchange(exchange, "direct"), routing_key="cola")
    with Connection("aula-files://", transport_options=options) as broker:
        broker.Producer().publish({"a": 1}, exchange=exchange, routing_key="cola", declare=[bound], serializer="json")
        message = broker.SimpleQueue(bound).get(timeout=5)
        assert message.payload == {"a": 1}
        message.ack()


def test_a_reader_stays_when_the_folder_goes_away_under_it(options, monkeypatch):
    """Between the look and the taking: a folder may be a file for a moment, on a disk that comes and goes."""
    publish(options, 0)
    monkeypatch.setattr(Path, "rename", lambda _path, _target: (_ for _ in ()).throw(NotADirectoryError(20, "away")))
    with Connection("aula-files://", transport_options=options) as broker, pytest.raises(Empty):
        broker.SimpleQueue(QUEUE).get(timeout=0.2)
    monkeypatch.undo()
    with Connection("aula-files://", transport_options=options) as broker:
        assert broker.SimpleQueue(QUEUE).get(timeout=5).payload["number"] == 0
