"""A share of the server for everyone: of the queue, of pictures a minute, and of connections.

What nobody waits for any more is not worked on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import time
from collections import Counter
from typing import Any

import gradio as gr

from stylize.studio.gradio_internals import ProcessCompletedMessage, waiting_events
from stylize.studio.settings import LimitError, RateLimit, StudioSettings

# A page holds a few connections for good, a browser at most six to one server.
_MOST_CONNECTIONS = 400
_MOST_FROM_ONE_ADDRESS = 200  # a school comes from one
_UNHEARD_S = 15.0  # a program may ask for its result this much later
_HEAD_S = 15.0  # within which a request must have come as far as its headers


def share_queue(page: gr.Blocks, settings: StudioSettings) -> None:
    """Let no visit and no address fill the queue of a page, or paint without a pause.

    Refused as Gradio refuses when the queue is full, which pages and clients know.
    """
    queue = page._queue
    push = queue.push
    of_visits = RateLimit(settings.jobs_per_minute)
    of_addresses = RateLimit(4 * settings.jobs_per_minute)  # a class comes from one
    most_of_address = max(1, settings.queue_size // 2)

    async def push_fairly(body: Any, request: Any, username: Any) -> Any:
        address = address_of(request)
        waiting = waiting_events(page)
        of_visit = sum(event.session_hash == body.session_hash for event in waiting)
        of_address = sum(address_of(event.request) == address for event in waiting)
        if of_visit >= settings.queue_per_visit or of_address >= most_of_address:
            return False, "Queue is full: your other requests come first.", "queue_full"
        if _paints(page, body):
            try:
                of_visits.check(body.session_hash or address)
                of_addresses.check(f"from {address}")
            except LimitError as error:
                return False, str(error), "queue_full"
        return await push(body, request, username)

    queue.push = push_fairly  # type: ignore[method-assign]
    get_events = queue.get_events

    def get_heard_events() -> Any:
        found = get_events()
        while found is not None and not found[1] and not _is_heard(queue, found[0][0]):
            _drop(queue, found[0][0])
            found = get_events()
        return found

    queue.get_events = get_heard_events  # type: ignore[method-assign]


def refuse_new(page: gr.Blocks) -> None:
    """Take no more requests into the queue of a page that is about to end."""

    async def refuse(body: Any, request: Any, username: Any) -> Any:
        return False, "This page is being closed. Ask again in a moment.", "queue_full"

    page._queue.push = refuse  # type: ignore[method-assign]


def _is_heard(queue: Any, event: Any, *, unheard_s: float = _UNHEARD_S) -> bool:
    """Say whether somebody waits for an event: else messages about its place in the queue pile up.

    Gradio drops what waits for a page that is closed, but not what nobody ever listened to.
    """
    messages = queue.pending_messages_per_session.get(event.session_hash)
    unread = messages is None or messages.qsize() > 0
    return not unread or time.monotonic() - event.enqueue_time < unheard_s


def _drop(queue: Any, event: Any) -> None:
    """Forget an event; who asks for its result after all is told."""
    queue.event_ids_to_events.pop(event._id, None)
    if event.session_hash in queue.pending_messages_per_session:
        why = "Nobody asked for this result in time, so it was not made. Ask again."
        queue.send_message(event, ProcessCompletedMessage(output={"error": why}, success=False))


def address_of(request: Any) -> str:
    """Return the address a request comes from; behind the Hub's proxies the one they noted."""
    if os.environ.get("SPACE_ID"):
        for part in reversed(request.headers.get("x-forwarded-for", "").split(",")):
            with contextlib.suppress(ValueError):
                if ipaddress.ip_address(part.strip()).is_global:
                    return str(part).strip()
    return str(request.client.host) if request.client else ""


def _paints(page: gr.Blocks, body: Any) -> bool:
    function = page.fns.get(body.fn_index)
    return function is not None and function.concurrency_id == "engine"


def bound_connections(server: Any) -> None:
    """Let nobody keep the server busy with connections over which no request comes.

    Args:
        server: Of uvicorn, running.
    """
    server.config.http_protocol_class = bounded(server.config.http_protocol_class)
    server.config.ws_protocol_class = None  # nothing here speaks over web sockets


def bounded(
    protocol: Any,
    *,
    most: int = _MOST_CONNECTIONS,
    most_from_one: int = _MOST_FROM_ONE_ADDRESS,
    head_s: float = _HEAD_S,
) -> Any:
    """Return a protocol of uvicorn that closes surplus and silent connections at once, unlogged."""
    addresses: Counter[str] = Counter()

    class Bounded(protocol):  # type: ignore[misc]
        _address: str | None = None
        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            peer = transport.get_extra_info("peername")
            address = str(peer[0]) if isinstance(peer, tuple) else ""
            if len(self.connections) >= most or addresses[address] >= most_from_one:
                self.transport = transport
                transport.abort()
                return
            self._address = address
            addresses[address] += 1
            super().connection_made(transport)
            self._look_again()

        def connection_lost(self, error: Exception | None) -> None:
            if self._watch is not None:
                self._watch.cancel()
            if self._address is None:
                return  # was never let in
            addresses[self._address] -= 1
            if addresses[self._address] <= 0:
                del addresses[self._address]
            super().connection_lost(error)

        def data_received(self, data: bytes) -> None:
            if self._address is not None:
                super().data_received(data)

        def eof_received(self) -> None:
            if self._address is not None:
                super().eof_received()

        def _look_again(self) -> None:
            self._watch = self.loop.call_later(head_s, self._close_if_silent, self.cycle)

        def _close_if_silent(self, before: Any) -> None:
            idle = self.cycle is None or self.cycle.response_complete
            if idle and self.cycle is before and not self.transport.is_closing():
                self.transport.close()
            else:
                self._look_again()

    return Bounded
