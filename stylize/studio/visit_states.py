"""What the server holds of visits in memory: no more than is needed, and not for longer.

Gradio keeps the last values of every visit, and the state of a page that was closed for another
hour. Neither suits pictures of other people.
"""

from __future__ import annotations

import time

import gradio as gr
from PIL import Image

from stylize.studio.gradio_internals import (
    ForgetfulState,
    SessionState,
    StateHolder,
    hold_states,
)
from stylize.studio.visit import Visit

MAX_BYTES = 500_000_000
_EMPTY_VISIT_BYTES = 2_000_000  # what Gradio keeps of each, measured


class Visits(StateHolder):
    """The states of all visits.

    Args:
        grace_s: Seconds from the closing of a page until its visit is forgotten. Not none: a
            telephone drops the connection while another app is in front.
    """

    def __init__(self, grace_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._grace_s = grace_s
        self._left: dict[str, float] = {}

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = ForgetfulState(self.blocks)
        self._left.pop(session_id, None)  # who asks is here
        state = super().__getitem__(session_id)
        self._make_room()
        return state

    def _make_room(self) -> None:
        """Forget the visits that have been idle longest, until the others fit; their pages tell."""
        with self.lock:
            left = sum(map(_bytes_of_state, self.session_data.values())) - MAX_BYTES
            while left > 0 and len(self.session_data) > 1:
                session_id, state = self.session_data.popitem(last=False)
                self.time_last_used.pop(session_id, None)
                self._left.pop(session_id, None)
                left -= _bytes_of_state(state)

    def leave(self, session_id: str) -> None:
        """Note that the page of a visit was closed."""
        if session_id in self.session_data:
            self.session_data[session_id].is_closed = False  # states would stay for an hour
            self._left[session_id] = time.monotonic()

    def delete_all_expired_state(self) -> None:
        """Forget what is due; Gradio calls this every second."""
        super().delete_all_expired_state()  # type: ignore[no-untyped-call]
        for session_id, since in list(self._left.items()):
            if time.monotonic() - since >= self._grace_s:
                del self._left[session_id]
                self.session_data.pop(session_id, None)
                self.time_last_used.pop(session_id, None)


def _bytes_of_state(state: SessionState) -> int:
    return _EMPTY_VISIT_BYTES + sum(map(_bytes_of, list(state.state_data.values())))


def _bytes_of(value: object) -> int:
    """About how much memory a value of a visit takes: that of its pictures."""
    if isinstance(value, Image.Image):
        return 4 * value.width * value.height
    if not isinstance(value, Visit):
        return 0
    pictures = [region.mask for region in value.regions]
    if value.content is not None:
        pictures += [value.content.preview, value.content.screen]
    texts = [scene.screen_url for scene in value.scenes.values()]
    return sum(map(_bytes_of, pictures)) + sum(map(len, texts))


def notice_who_leaves(page: gr.Blocks) -> None:
    """Listen for pages that are closed; call inside of the page that is being built."""

    def left(request: gr.Request) -> None:
        if isinstance(page.state_holder, Visits):
            page.state_holder.leave(str(request.session_hash))

    page.unload(left)


def forget_visits(page: gr.Blocks, grace_s: float) -> None:
    """Let a page that is being served forget its visits in time."""
    hold_states(page, Visits(grace_s))
