"""Cameras, by the input devices of FFmpeg."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from stylize.errors import VideoError
from stylize.images import fit_within

Bytes = NDArray[np.uint8]

# What most cameras can; where one refuses it, it is asked for nothing.
_WISHES = {"video_size": "640x480", "framerate": "30"}
_BUSY = (errno.EBUSY,)
_DENIED = (errno.EACCES, errno.EPERM)


def read_camera(number: int = 0, *, max_side_px: int = 640) -> Iterator[Bytes]:
    """Yield what a camera sees, (H, W, 3) RGB, without end.

    Args:
        number: Of the camera, from 0.
        max_side_px: Limit of the longer side.

    Raises:
        VideoError: There is none, others use it, it may not be used, or it was unplugged.
    """
    with _open(number) as container:
        if not container.streams.video:
            raise VideoError(f"Camera {number} gives no pictures.")
        try:
            for frame in container.decode(video=0):
                width, height = fit_within((frame.width, frame.height), max_side_px)
                yield frame.to_ndarray(
                    width=width, height=height, format="rgb24", interpolation="AREA"
                )
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(
                f"Camera {number} gives no more pictures ({error.strerror}). Is it unplugged?"
            ) from error


def _open(number: int) -> Any:
    file, kind = _device(number)
    try:
        try:
            return av.open(file, format=kind, options=_WISHES)
        except (av.error.FFmpegError, OSError) as error:
            if error.errno in (*_BUSY, *_DENIED, errno.ENOENT):
                raise
            return av.open(file, format=kind)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(_why_not(number, file, error)) from error


def _device(number: int) -> tuple[str, str]:
    """Return what FFmpeg calls a camera, and the name of its input."""
    if sys.platform == "darwin":
        return f"{number}:none", "avfoundation"
    if sys.platform == "win32":
        names = [device.name for device in av.enumerate_input_devices("dshow")]
        if number >= len(names):
            raise VideoError(_why_not(number, "", None))
        return f"video={names[number]}", "dshow"
    return f"/dev/video{number}", "v4l2"


def _why_not(number: int, file: str, error: Exception | None) -> str:
    code = getattr(error, "errno", errno.ENOENT)
    if code in _BUSY:
        return f"Camera {number} is busy: another program uses it. Close that."
    if code in _DENIED:
        hint = (
            f"Add yourself to the group that owns {file}, mostly video, and log in again."
            if sys.platform == "linux"
            else "Allow it in the privacy settings of the system."
        )
        return f"Camera {number} may not be used by this program. {hint}"
    if code == errno.ENOENT or error is None:
        return (
            f"There is no camera {number}{f' ({file})' if file else ''}. Plug one in, or give "
            "another number: stylize video --camera 1. In a container, its device must be let in."
        )
    return f"Camera {number} cannot be opened ({getattr(error, 'strerror', None) or error})."
