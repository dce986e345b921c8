from types import SimpleNamespace

import pytest
from PIL import Image

from stylize.studio import visit_states
from stylize.studio.visit import Content, Visit
from stylize.studio.visit_states import Visits


def state(side_px: int) -> SimpleNamespace:
    picture = Image.new("RGB", (side_px, side_px))
    content = Content(None, picture, picture, "", picture.size)
    return SimpleNamespace(state_data={1: Visit(content=content), 2: "other"})


def test_idle_visits_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit_states, "MAX_BYTES", 10_000_000)
    visits = Visits(grace_s=60)
    for name in ("a", "b", "c"):
        visits.session_data[name] = state(500)  # 2 MB each, and as much that Gradio keeps
        visits[name]
    assert list(visits.session_data) == ["b", "c"]
    visits["b"]  # who asks is not idle
    visits.session_data["d"] = state(500)
    visits["d"]
    assert list(visits.session_data) == ["b", "d"]
    assert visits.time_last_used.keys() == {"b", "d"}


def test_one_visit_always_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit_states, "MAX_BYTES", 1)
    visits = Visits(grace_s=60)
    visits.session_data["a"] = state(100)
    visits["a"]
    assert list(visits.session_data) == ["a"]
