"""Cameras: what they give, and why one gives nothing. No camera is needed."""

import errno

import av
import numpy as np
import pytest

from stylize.errors import VideoError
from stylize.video import camera
from stylize.video.camera import read_camera
from tests.video.conftest import moving_square


@pytest.fixture
def plug_in(make_film, monkeypatch):
    """Let a film stand for all cameras."""
    film = make_film("camera.mp4", moving_square(4))
    asked = []
    open_file = av.open

    def plug(refuses=lambda options: None):
        def open_device(file, *, format, options=None):
            asked.append((file, format, options))
            refused = refuses(options)
            if refused is not None:
                raise refused
            return open_file(str(film))

        monkeypatch.setattr(camera.av, "open", open_device)
        return asked

    return plug


def failing(code):
    return lambda options: av.error.FFmpegError(code, "no")


@pytest.mark.parametrize(
    ("system", "device"),
    [
        ("linux", ("/dev/video1", "v4l2")),
        ("darwin", ("1:none", "avfoundation")),
        ("win32", ("video=Webcam", "dshow")),
    ],
)
def test_every_system_has_names_of_its_own(plug_in, monkeypatch, system, device):

    class Device:
        def __init__(self, name):
            self.name = name

    asked = plug_in()
    monkeypatch.setattr(camera.sys, "platform", system)
    monkeypatch.setattr(
        camera.av, "enumerate_input_devices", lambda kind: [Device("Phone"), Device("Webcam")]
    )
    frames = list(read_camera(1))
    assert [frame.shape for frame in frames] == [(64, 96, 3)] * 4
    assert frames[0].dtype == np.uint8
    assert asked[0][:2] == device


def test_pictures_are_scaled_down(plug_in):
    plug_in()
    assert next(read_camera(max_side_px=48)).shape == (32, 48, 3)


def test_a_camera_that_refuses_wishes_is_asked_for_nothing(plug_in):
    asked = plug_in(lambda options: options and av.error.FFmpegError(errno.EINVAL, "no"))
    assert len(list(read_camera())) == 4
    assert [options is None for _, _, options in asked] == [False, True]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOENT, "no camera 3"),
        (errno.EBUSY, "another program uses it"),
        (errno.EACCES, "may not be used"),
        (errno.EIO, "cannot be opened"),
    ],
)
def test_why_there_is_no_picture(plug_in, code, said):
    plug_in(failing(code))
    with pytest.raises(VideoError, match=said):
        next(read_camera(3))


def test_a_number_too_high_on_windows(monkeypatch):
    monkeypatch.setattr(camera.sys, "platform", "win32")
    monkeypatch.setattr(camera.av, "enumerate_input_devices", lambda kind: [])
    with pytest.raises(VideoError, match="no camera 0"):
        next(read_camera())


def test_a_camera_that_is_unplugged(monkeypatch):
    class Container:
        class streams:
            video = (None,)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def decode(self, video):
            raise av.error.FFmpegError(errno.ENODEV, "no such device")

    monkeypatch.setattr(camera.av, "open", lambda *_, **__: Container())
    with pytest.raises(VideoError, match="Is it unplugged"):
        next(read_camera())
