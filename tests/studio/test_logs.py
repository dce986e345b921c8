import io
import json
import logging

import pytest

from stylize.studio.logs import log_as_json


@pytest.fixture
def stream():
    root, ours = logging.getLogger(), logging.getLogger("stylize")
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers[:], root.level, ours.level = before


def test_each_message_is_a_line_of_json(stream):
    logger = logging.getLogger("stylize.studio.test")
    logger.info("%d requests\n\x1b[2J", 3)
    try:
        raise ValueError("fault")
    except ValueError:
        logger.exception("It failed")
    logging.getLogger("httpx").info("not ours, no warning")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["logger"]) == ("info", "stylize.studio.test")
    assert first["message"] == "3 requests\n\x1b[2J"
    assert first["time"].endswith("+00:00")
    assert "ValueError: fault" in second["error"]
