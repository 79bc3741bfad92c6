"""The hub: who gets which change, what a returning browser missed, and what becomes of a slow one."""

import json
from typing import Any
from uuid import uuid4

import pytest

from services.portal import stream
from services.portal.stream import Client, Hub, TooManyStreams
from shared.identity import Actor

SQUARE, OTHER = str(uuid4()), str(uuid4())
FRONT_LINE = Actor("kari", frozenset({("front_line", "*")}))
READER = Actor("ole", frozenset({("user_council_reader", SQUARE)}))


def row(seq: int, view: str = "calendar", square: str | None = SQUARE, **more: Any) -> dict[str, Any]:
    return {"seq": seq, "view": view, "square_id": square, "dates": ["2026-11-24"], "ids": [], **more}


def events(client: Client) -> list[tuple[str, int | None]]:
    """(event, id) of every frame that waits."""
    found = []
    for frame in b"".join(client.queue).decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines())
        if lines:
            found.append((lines["event"], int(lines["id"]) if "id" in lines else None))
    client.queue.clear()
    return found


def test_publish_reaches_only_those_who_look_at_the_square() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as here, hub.client(FRONT_LINE, OTHER, None) as there:
        events(here), events(there)
        hub.publish(row(1))
        hub.publish(row(2, square=None))
        assert events(here) == [("change", 1), ("change", 2)]
        assert events(there) == [("change", 2)]


def test_publish_leaves_out_views_the_reader_has_no_right_to() -> None:
    hub = Hub()
    with hub.client(READER, SQUARE, None) as reader:
        events(reader)
        for seq, view in enumerate(("calendar", "sources", "visitors", "something_new"), start=1):
            hub.publish(row(seq, view))
        assert events(reader) == [("change", 1), ("change", 3)]


def test_publish_the_same_change_twice_is_sent_once() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as client:
        events(client)
        hub.publish(row(5))
        hub.publish(row(5))
        assert events(client) == [("change", 5)]


def test_client_returning_gets_exactly_what_it_missed() -> None:
    hub = Hub()
    for seq in range(1, 6):
        hub.publish(row(seq, square=OTHER if seq == 4 else SQUARE))
    with hub.client(FRONT_LINE, SQUARE, 2) as client:
        assert events(client) == [("hello", None), ("change", 3), ("change", 5)]


@pytest.mark.parametrize("last_seen", [-1, 3, 99])
def test_client_that_saw_what_is_not_kept_is_told_to_fetch(last_seen: int) -> None:
    hub = Hub()
    hub.reset(10)
    hub.publish(row(11))
    with hub.client(FRONT_LINE, SQUARE, last_seen) as client:
        assert events(client) == [("hello", None), ("reset", 11)]


def test_client_returning_after_the_ring_has_turned_is_told_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "RING", 3)
    hub = Hub()
    for seq in range(1, 7):
        hub.publish(row(seq))
    with hub.client(FRONT_LINE, SQUARE, 2) as late, hub.client(FRONT_LINE, SQUARE, 3) as in_time:
        assert events(late)[-1] == ("reset", 6)
        assert events(in_time) == [("hello", None), ("change", 4), ("change", 5), ("change", 6)]


def test_reset_reaches_everybody() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as client:
        events(client)
        hub.reset(7)
        assert events(client) == [("reset", 7)]


def test_slow_client_is_cut_off_and_its_queue_stays_bounded() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as client:
        for seq in range(1, stream.QUEUE * 2):
            hub.publish(row(seq))
        assert client.cut.is_set()
        assert len(client.queue) == stream.QUEUE


def test_sixth_stream_of_one_user_is_refused_until_one_ends() -> None:
    hub = Hub()
    opened = [hub.client(FRONT_LINE, SQUARE, None) for _ in range(stream.MOST_PER_USER)]
    for one in opened:
        one.__enter__()
    with pytest.raises(TooManyStreams), hub.client(FRONT_LINE, SQUARE, None):
        pass
    opened[0].__exit__(None, None, None)
    with hub.client(FRONT_LINE, SQUARE, None) as again:
        assert events(again)


def test_close_ends_every_stream_and_those_that_come_later() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as before:
        hub.close()
        with hub.client(READER, SQUARE, None) as after:
            assert before.cut.is_set()
            assert after.cut.is_set()


def test_frame_value_cannot_end_the_frame() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as client:
        client.queue.clear()
        hub.publish(row(1, ids=["a\n\nevent: evil\ndata: x\r"]))
        frame = client.queue[0].decode()
        assert frame.count("\n\n") == 1
        data = next(line for line in frame.splitlines() if line.startswith("data: "))
        assert json.loads(data.removeprefix("data: "))["ids"] == ["a\n\nevent: evil\ndata: x\r"]


def said(client: Client) -> list[dict[str, Any]]:
    frames = b"".join(client.queue).decode().split("\n\n")
    return [json.loads(frame.partition("data: ")[2]) for frame in frames if frame]


def test_clock_that_is_set_reaches_everybody_and_greets_who_comes_later() -> None:
    hub = Hub()
    with hub.client(FRONT_LINE, SQUARE, None) as here, hub.client(READER, SQUARE, None) as reader:
        hub.tell_clock("2026-11-24T10:30:00+00:00")
        assert [one["clock"] for one in said(here)] == [None, "2026-11-24T10:30:00+00:00"]
        assert events(reader)[-1] == ("clock", None)
    with hub.client(FRONT_LINE, SQUARE, None) as late:
        assert said(late)[0]["clock"] == "2026-11-24T10:30:00+00:00"
