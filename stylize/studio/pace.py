"""How large the live picture may be so that it keeps up with a moving slider."""

from __future__ import annotations

MIN_SIDE_PX = 256
_STEP_PX = 32  # sizes change in steps: the engine prepares itself for each new one
_GOAL_S = 0.09  # leaves time for the way to the browser and back


class Pace:
    """Picks the side of the live picture from how long the last ones took.

    All visitors share one: when many paint at once, the live pictures of all become smaller.

    Args:
        max_side_px: Largest side, used as long as the machine is fast enough.
    """

    def __init__(self, max_side_px: int) -> None:
        self._max_side_px = max_side_px
        self._s_per_pixel = 0.0

    @property
    def side_px(self) -> int:
        """Longer side of the next live picture."""
        if self._s_per_pixel == 0:
            return self._max_side_px
        side = int((_GOAL_S / self._s_per_pixel) ** 0.5) // _STEP_PX * _STEP_PX
        return max(min(MIN_SIDE_PX, self._max_side_px), min(self._max_side_px, side))

    def note(self, size: tuple[int, int], elapsed_s: float) -> None:
        """Remember how long a picture took; a single slow one counts for a fifth."""
        latest = elapsed_s / (size[0] * size[1])
        self._s_per_pixel += (latest - self._s_per_pixel) * (0.2 if self._s_per_pixel else 1.0)
