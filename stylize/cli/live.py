"""``stylize video --camera``: what a camera sees, painted, on a page of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stylize.cli.chosen_styles import note
from stylize.cli.output import print_json
from stylize.errors import ControlError

if TYPE_CHECKING:
    from stylize.engine import Engine
    from stylize.video.screen import Screen
    from stylize.video.timeline import Look

MAX_SIDE_PX = 640
_MAX_NUMBER = 99


def camera_number(source: str | None, given: Sequence[object]) -> int:
    """Return the number of a camera.

    Args:
        source: What was named; None: the first camera.
        given: What cannot be given along with a camera: it has a value only where it was.

    Raises:
        ControlError: It is none.
    """
    if any(given):
        raise ControlError(
            "--camera shows what it paints and keeps nothing: it takes no --out, --at, --start, "
            "--end or --fps."
        )
    source = source or "0"
    if not source.isdecimal() or int(source) > _MAX_NUMBER:
        raise ControlError(
            f'With --camera, name the number of a camera, 0 for the first; got "{source:.40}".'
        )
    return int(source)


def show_camera(
    engine: Engine,
    number: int,
    look: Look,
    stability: float,
    *,
    max_side_px: int | None,
    as_json: bool,
) -> None:
    """Paint what a camera sees until it ends or the user interrupts."""
    from stylize.video.camera import read_camera
    from stylize.video.live import LivePainter, paint_live
    from stylize.video.screen import Screen

    camera = read_camera(number, max_side_px=max_side_px or MAX_SIDE_PX)
    engine.warm_up()
    with Screen() as screen:
        painter = LivePainter(engine, look, stability=stability)
        summary = paint_live(painter, camera, _telling(screen))
    latency_ms = round(1000 * summary.latency_s(0.5))
    if as_json:
        result: dict[str, Any] = {
            "camera": number,
            "frames": summary.frames,
            "fps": round(summary.fps, 1),
            "latency_ms": latency_ms,
            "latency_95_ms": round(1000 * summary.latency_s(0.95)),
        }
        print_json(result)
    elif summary.frames:
        note(
            f"{summary.frames} frames, {summary.fps:.1f} a second, half of them within "
            f"{latency_ms} ms."
        )


def _telling(screen: Screen) -> Callable[[Any], None]:
    """Return what shows pictures, and says where with the first one."""
    is_told = False

    def show(pixels: Any) -> None:
        nonlocal is_told
        screen.show(pixels)
        if not is_told:
            is_told = True
            print(f"Open {screen.url} to see it. Ctrl+C ends it.", file=sys.stderr, flush=True)

    return show
