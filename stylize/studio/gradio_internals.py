"""What this project uses of Gradio beyond what Gradio documents.

An update of Gradio may break any of it: ``tests/studio/test_gradio_internals.py`` says what. The
page's share of it is in ``static/gradio.js``.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.routes import App, ORJSONResponse
from gradio.server_messages import ProcessCompletedMessage
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import get_upload_folder

__all__ = [
    "App",
    "ForgetfulState",
    "InspectedBlocks",
    "ORJSONResponse",
    "ProcessCompletedMessage",
    "SessionState",
    "StateHolder",
    "busy_events",
    "get_upload_folder",
    "hold_states",
    "request_header",
    "waiting_events",
]


class InspectedBlocks(gr.Blocks):
    """Blocks that look at what a request sends before any component or function sees it."""

    def inspect(self, data: list[Any]) -> None:
        """Raise ``gr.Error`` if a request must not send this."""
        raise NotImplementedError

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> Any:
        """Inspect, then go on as Gradio does."""
        if not explicit_call:  # from Python, not from a request
            self.inspect(inputs)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)

    async def process_api(
        self, block_fn: Any, inputs: list[Any], state: Any = None, request: Any = None, *args: Any,
        **options: Any,
    ) -> Any:  # fmt: skip
        """Let `request_header` see the request from the beginning, then go on as Gradio does."""
        LocalContext.request.set(request)
        return await super().process_api(block_fn, inputs, state, request, *args, **options)


class ForgetfulState(SessionState):
    """The state of a visit without the last value of every component.

    Gradio keeps those for links to a page "as it is", which nothing here makes.
    """

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


def hold_states(page: gr.Blocks, states: StateHolder) -> None:
    """Let other than Gradio's own hold the states of all visits to a page that is served."""
    states.set_blocks(page)
    page.app.state_holder = states


def waiting_events(page: gr.Blocks) -> list[Any]:
    """Return the requests in a page's queue, each with ``session_hash`` and ``request``."""
    queues = page._queue.event_queue_per_concurrency_id.values()
    return [event for events in queues for event in events.queue]


def busy_events(page: gr.Blocks) -> list[Any]:
    """Return the requests that a page is answering, of those that came through its queue."""
    return [event for events in page._queue.active_jobs if events for event in events]


def request_header(name: str) -> str:
    """Return a header of the request that is being answered; nothing where there is none."""
    request = LocalContext.request.get(None)
    return str(request.headers.get(name, "")) if isinstance(request, gr.Request) else ""
