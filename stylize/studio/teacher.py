"""The teacher's page: a live wall of what the class has handed in (``static/wall.js``)."""

from __future__ import annotations

from stylize.studio import components


def teacher_page() -> None:
    """Lay the page out; call inside of ``Blocks.route``. It asks `wall_routes` for everything."""
    components.wall(elem_id="wall")
