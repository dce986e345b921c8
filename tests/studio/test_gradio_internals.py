"""What an update of Gradio has broken: each test names the part of this project that needs care.

`stylize/studio/gradio_internals.py` and `static/gradio.js` hold all that is used of Gradio beyond
what it documents.
"""

import inspect
from pathlib import Path

import gradio as gr
import pytest
from gradio import component_meta, events, helpers
from gradio.queueing import Queue

from stylize.studio import gradio_internals as internals
from stylize.studio.environment import prepared

FRONTEND = Path(gr.__file__).parent / "templates" / "frontend"


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_importing_it_parses_no_sources(monkeypatch):
    parsed = []
    monkeypatch.setattr(component_meta, "extract_class_source_code", lambda *_: parsed.append(_))
    with prepared():
        component_meta.create_or_modify_pyi(gr.Textbox, "Textbox", gr.Textbox.EVENTS)
    assert parsed == []
    with pytest.raises(TypeError):  # and would, else
        component_meta.create_or_modify_pyi(gr.Textbox, "Textbox", gr.Textbox.EVENTS)
    assert len(parsed) == 1


def test_requests_can_be_inspected():
    assert parameters(gr.Blocks.preprocess_data)[:4] == ["self", "block_fn", "inputs", "state"]
    assert "explicit_call" in parameters(gr.Blocks.preprocess_data)
    assert parameters(gr.Blocks.validate_inputs) == ["self", "block_fn", "inputs"]
    first = ["self", "block_fn", "inputs", "state", "request"]
    assert parameters(gr.Blocks.process_api)[:5] == first


def test_states_of_visits_can_be_held_by_others():
    holder = internals.StateHolder()
    for name in ("session_data", "time_last_used", "lock"):
        assert hasattr(holder, name), name
    for name in ("set_blocks", "delete_all_expired_state", "__getitem__"):
        assert callable(getattr(internals.StateHolder, name)), name
    with gr.Blocks() as page:
        gr.State()
    state = internals.ForgetfulState(page)
    for name in ("state_data", "is_closed"):
        assert hasattr(state, name), name
    update = internals.SessionState._update_value_in_config
    assert parameters(update) == parameters(internals.ForgetfulState._update_value_in_config)
    assert "state_holder" in inspect.getsource(internals.App)


def test_the_queue_can_be_shared():
    assert parameters(Queue.push)[:2] == ["self", "body"]
    with gr.Blocks() as page:
        gr.Button().click(lambda: None)
    page.queue()
    assert internals.waiting_events(page) == internals.busy_events(page) == []
    for name in ("event_ids_to_events", "pending_messages_per_session"):
        assert hasattr(page._queue, name), name
    for name in ("get_events", "send_message"):
        assert callable(getattr(page._queue, name)), name
    message = internals.ProcessCompletedMessage(output={"error": "why"}, success=False)
    assert message.output == {"error": "why"}
    assert "session_hash" in inspect.getsource(Queue)


def test_the_application_can_be_guarded():
    assert "_app" in parameters(gr.Blocks.launch)
    assert hasattr(internals.App, "build_middleware_stack")
    assert issubclass(internals.ORJSONResponse, object)
    assert Path(internals.get_upload_folder()).is_absolute()


def test_the_request_is_known_while_it_is_answered():
    request = gr.Request(None, headers={"x-studio-language": "de"})
    internals.LocalContext.request.set(request)
    assert internals.request_header("x-studio-language") == "de"
    internals.LocalContext.request.set(None)
    assert internals.request_header("x-studio-language") == ""


def test_components_by_script_have_events_of_their_own():
    assert "js_on_load" in parameters(gr.HTML)
    assert callable(events.api)
    assert hasattr(helpers, "EventData")


@pytest.fixture(scope="module")
def scripts():
    """Gradio's scripts for the browser, one after the other."""
    files = [*FRONTEND.glob("**/*.js"), *FRONTEND.glob("**/*.html")]
    return b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("used", "by"),
    [
        ("This application is currently busy. Please try again.", "words that are translated"),
        ("Connection errored out.", "words that are translated"),
        ("Connection to the server was lost", "closing of messages that stay"),
        ("toast-body", "messages that are translated and closed"),
        ("toast-text", "messages that are translated"),
        ("toast-title", "messages that are translated"),
        ("toast-close", "closing of messages that stay"),
        ("progress-text", "the place in the queue"),
        ("queue: ", "the place in the queue"),
        ("app_id", "noticing that the server is away"),
        ("heartbeat", "telling a new server that the page is open"),
        ("queue/join", "requests that wait for the server and name the language"),
        ("queue/data", "noticing that answers break off"),
        ("broken_connection", "ending a stream that broke off"),
        ("close_stream", "ending a stream that broke off"),
        ("gradio_config", "addresses"),
        ("gradio.FileData", "files that were uploaded"),
    ],
)
def test_the_page_still_has(scripts, used, by):
    assert used.encode() in scripts, f"static/gradio.js, {by}: Gradio has no {used!r} any more"
