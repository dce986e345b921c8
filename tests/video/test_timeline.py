"""Key points: read, checked and interpolated."""

import json

import numpy as np
import pytest

from stylize.controls import Controls
from stylize.errors import ControlError
from stylize.styles import StyleVector
from stylize.video.timeline import KeyPoint, Timeline, parse_point, parse_time, read_points

A, B = (StyleVector(np.full(4, value, np.float32), "e" * 64) for value in (0.0, 1.0))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4", 4), ("4s", 4), ("0.5s", 0.5), ("1:04.5", 64.5), ("1:00:00", 3600), (" 2s ", 2)],
)
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1m", "4:", "x", "1:2:3:4", "1e3"])
def test_no_times(text):
    with pytest.raises(ControlError, match=r"written as 4\.5s"):
        parse_time(text)


def test_a_point_as_text():
    point = parse_point("1:04:strength=0.2,stroke-size=2,style=great-wave")
    assert point == KeyPoint(64, {"strength": 0.2, "stroke_size": 2.0}, "great-wave")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strength=1", "written as 4s:strength=1"),
        ("4s:", "written as 4s:strength=1"),
        ("4s:strength", "written as 4s:strength=1"),
        ("4s:strength=much", "strength takes a number"),
        ("4s:strenght=1", 'no control "strenght"'),
        ("4s:strength=2", "from 0 to 1"),
        ("x:strength=1", "written as 4.5s"),
    ],
)
def test_no_points(text, message):
    with pytest.raises(ControlError, match=message):
        parse_point(text)


def test_points_of_a_file(tmp_path):
    points = [KeyPoint(0, {"strength": 0.5}), KeyPoint(2.5, {}, "monet")]
    path = tmp_path / "points.json"
    path.write_text(json.dumps([point.to_dict() for point in points]))
    assert read_points(path) == points


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[1]", "[", '[{"strength": 1}]', '[{"time": 1}]', '[{"time": true, "strength": 1}]',
        '[{"time": 1, "style": 2}]', '[{"time": -1, "strength": 1}]', '[{"time": NaN, "color": 1}]',
    ],
)  # fmt: skip
def test_files_without_points(tmp_path, text):
    path = tmp_path / "points.json"
    path.write_text(text)
    with pytest.raises(ControlError):
        read_points(path)


def test_controls_go_straight_from_point_to_point():
    points = [KeyPoint(4, {"strength": 1.0}), KeyPoint(2, {"strength": 0.5, "color": 0.4})]
    timeline = Timeline(A, Controls(detail=0.5), points)
    strengths = [timeline.look(time).controls.strength for time in (0, 2, 2.5, 3, 4, 9)]
    assert strengths == pytest.approx([0.5, 0.5, 0.625, 0.75, 1, 1])
    assert timeline.look(9).controls.color == 0.4
    assert timeline.look(3).controls.detail == 0.5


def test_styles_are_blended():
    points = [KeyPoint(0, {}, "a"), KeyPoint(4, {}, "b")]
    timeline = Timeline(A, Controls(), points, {"a": A, "b": B})
    assert timeline.look(0).style is A
    assert timeline.look(1).style.values == pytest.approx(np.full(4, 0.25))
    assert timeline.look(5).style is B


def test_two_points_at_one_time_are_a_jump():
    points = [KeyPoint(1, {"color": 0.0}), KeyPoint(1, {"color": 1.0})]
    timeline = Timeline(A, Controls(), points)
    assert [timeline.look(time).controls.color for time in (0.5, 1, 2)] == [0, 1, 1]


def test_without_points_nothing_changes():
    timeline = Timeline(A, Controls(color=0.3))
    assert timeline.look(0) == timeline.look(100)
