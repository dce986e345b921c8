"""One visitor who floods the server leaves room for the others."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from stylize.studio import StudioSettings
from stylize.studio.fair import address_of, bounded, share_queue


class FakeQueue:
    """Keeps what it is given, as Gradio's does while the engine is busy."""

    def __init__(self):
        self.events = SimpleNamespace(queue=[])
        self.event_queue_per_concurrency_id = {"engine": self.events}
        self.pending_messages_per_session = {}
        self.event_ids_to_events = {}

    async def push(self, body, request, username):
        event = SimpleNamespace(
            session_hash=body.session_hash, request=request, _id=str(body.session_hash),
            enqueue_time=time.monotonic(),
        )  # fmt: skip
        self.events.queue.append(event)
        self.event_ids_to_events[event._id] = event
        self.pending_messages_per_session[body.session_hash] = asyncio.Queue()
        return True, "id", "success"

    def get_events(self):
        return ([self.events.queue.pop(0)], False, "engine") if self.events.queue else None

    def send_message(self, event, message):
        self.pending_messages_per_session[event.session_hash].put_nowait(message)


def request(address="10.0.0.1", **headers):
    return SimpleNamespace(client=SimpleNamespace(host=address), headers=headers)


def asker(**settings):
    """Return what asks as a visit from an address and tells whether there was room."""
    queue = FakeQueue()
    functions = {1: SimpleNamespace(concurrency_id="engine")}
    page = SimpleNamespace(_queue=queue, fns=functions)
    share_queue(page, StudioSettings(queue_per_visit=12, jobs_per_minute=40, **settings))

    def ask(visit, address="10.0.0.1", *, done=False):
        body = SimpleNamespace(session_hash=visit, fn_index=1)
        success, _, _ = asyncio.run(queue.push(body, request(address), None))
        if done:
            queue.events.queue.clear()
        return success

    return ask


@pytest.fixture
def ask():
    return asker(queue_size=64)


def test_a_visit_has_a_share_of_the_queue(ask):
    assert [ask("a") for _ in range(20)] == [True] * 12 + [False] * 8
    assert ask("b")


def test_new_visits_from_one_address_have_half_of_it(ask):
    assert sum(ask(f"flood-{number}") for number in range(500)) == 32
    assert ask("child", "10.0.0.2")


def test_the_smallest_queue_has_room_for_one():
    ask = asker(queue_size=1)
    assert [ask("a"), ask("b")] == [True, False]


def test_programs_without_a_visit_are_counted_by_their_address(ask):
    assert sum(ask(None, done=True) for _ in range(60)) == 40
    assert ask(None, "10.0.0.2")


def test_a_minute_of_pictures_is_bounded_for_an_address_too(ask):
    assert sum(ask(f"flood-{number}", done=True) for number in range(300)) == 160


def test_what_nobody_waits_for_is_not_worked_on():
    queue = FakeQueue()
    share_queue(SimpleNamespace(_queue=queue, fns={}), StudioSettings())
    for visit in ("gone", "late", "waiting"):
        body = SimpleNamespace(session_hash=visit, fn_index=1)
        asyncio.run(queue.push(body, request(), None))
    events = {event.session_hash: event for event in queue.events.queue}
    for visit in ("gone", "late"):  # unread: its place in the queue
        queue.pending_messages_per_session[visit].put_nowait("you are the second")
    events["gone"].enqueue_time -= 16
    events["waiting"].enqueue_time -= 600
    worked_on = [queue.get_events()[0][0].session_hash for _ in range(2)]
    assert worked_on == ["late", "waiting"]
    assert queue.get_events() is None
    assert "gone" not in queue.event_ids_to_events
    messages = queue.pending_messages_per_session["gone"]
    assert "Ask again" in [messages.get_nowait() for _ in range(2)][1].output["error"]


def test_addresses_behind_the_proxies_of_the_hub(monkeypatch):
    told = {"x-forwarded-for": "6.6.6.6, 8.8.8.8, 10.1.2.3"}
    assert address_of(request("10.9.9.9", **told)) == "10.9.9.9"  # anyone could say so
    monkeypatch.setenv("SPACE_ID", "me/studio")
    assert address_of(request("10.9.9.9", **told)) == "8.8.8.8"


class FakeProtocol:
    """What `bounded` needs of a protocol of uvicorn."""

    def __init__(self, connections, loop):
        self.connections = connections
        self.loop = loop
        self.cycle = None
        self.transport = None

    def connection_made(self, transport):
        self.connections.add(self)
        self.transport = transport

    def connection_lost(self, error):
        self.connections.discard(self)


class FakeTransport:
    def __init__(self, address):
        self._address = address
        self.ended = None

    def get_extra_info(self, name):
        return (self._address, 1) if name == "peername" else None

    def abort(self):
        self.ended = "aborted"

    def close(self):
        self.ended = "closed"

    def is_closing(self):
        return self.ended is not None


class FakeLoop:
    def __init__(self):
        self.calls = []

    def call_later(self, delay, function, *arguments):
        self.calls.append((function, arguments))
        return SimpleNamespace(cancel=lambda: None)


def connect(protocol, shared, address):
    connection = protocol(*shared)
    transport = FakeTransport(address)
    connection.connection_made(transport)
    return connection, transport


def test_surplus_connections_are_dropped_and_places_come_back():
    protocol, shared = bounded(FakeProtocol, most=3, most_from_one=2), (set(), FakeLoop())
    first, _ = connect(protocol, shared, "a")
    connect(protocol, shared, "a")
    surplus, transport = connect(protocol, shared, "a")
    assert transport.ended == "aborted"
    surplus.connection_lost(None)
    _, other = connect(protocol, shared, "b")
    assert other.ended is None
    _, full = connect(protocol, shared, "c")
    assert full.ended == "aborted"
    first.connection_lost(None)
    _, again = connect(protocol, shared, "a")
    assert again.ended is None


def test_a_connection_over_which_no_request_comes_is_closed():
    loop = FakeLoop()
    protocol = bounded(FakeProtocol)
    silent, transport = connect(protocol, (set(), loop), "a")
    function, arguments = loop.calls.pop()
    silent.cycle = SimpleNamespace(response_complete=False)  # an answer is under way
    function(*arguments)
    assert transport.ended is None
    silent.cycle.response_complete = True
    function, arguments = loop.calls.pop()
    function(*arguments)
    assert transport.ended == "closed"
