"""The page that shows live pictures, to this machine alone."""

import http.client
import io

import numpy as np
import pytest
from PIL import Image

from stylize.video.screen import Screen
from tests.conftest import make_picture


@pytest.fixture
def screen():
    with Screen() as screen:
        yield screen


def ask(screen, path, **headers):
    address = screen.url.removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def part(answer):
    """Read one part of a stream."""
    lines = [answer.readline() for _ in range(4)]
    assert lines[0] == b"--frame\r\n"
    assert lines[1] == b"Content-Type: image/jpeg\r\n"
    data = answer.read(int(lines[2].split(b":")[1]))
    answer.readline()
    return Image.open(io.BytesIO(data))


def test_the_page_shows_the_stream(screen):
    assert screen.url.startswith("http://127.0.0.1:")
    connection, answer = ask(screen, "/")
    assert answer.status == 200
    assert b'src="/stream"' in answer.read()
    connection.close()


def test_pictures_come_as_they_are_shown(screen):
    picture = np.asarray(make_picture(64, 48))
    screen.show(picture)
    connection, answer = ask(screen, "/stream")
    assert answer.getheader("Content-Type").startswith("multipart/x-mixed-replace")
    first = np.asarray(part(answer))
    assert np.abs(first.astype(int) - picture).mean() < 12
    screen.show(255 - picture)
    second = np.asarray(part(answer))
    assert np.abs(second.astype(int) - (255 - picture)).mean() < 12
    connection.close()
    answer.close()


def test_other_pages_and_names_see_nothing(screen):
    for path, headers, status in (
        ("/etc/passwd", {}, 404),
        ("/", {"Host": "evil.example"}, 403),
        ("/stream", {"Host": f"evil.example:{screen.url[:-1].rpartition(':')[2]}"}, 403),
    ):
        connection, answer = ask(screen, path, **headers)
        assert answer.status == status
        answer.read()
        connection.close()


def test_a_picture_is_waited_for_only_a_moment(screen):
    assert screen.after(0) == (0, None)
    screen.show(np.zeros((16, 16, 3), np.uint8))
    number, jpeg = screen.after(0)
    assert number == 1
    assert jpeg[:2] == b"\xff\xd8"
    assert screen.after(number) == (1, None)
