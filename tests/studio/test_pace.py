from stylize.studio.pace import MIN_SIDE_PX, Pace


def test_a_fast_machine_gets_the_largest_picture():
    pace = Pace(512)
    assert pace.side_px == 512
    pace.note((512, 512), 0.02)
    assert pace.side_px == 512


def test_a_busy_machine_gets_smaller_ones_and_recovers():
    pace = Pace(512)
    for _ in range(20):
        pace.note((512, 512), 0.15)
    assert MIN_SIDE_PX <= pace.side_px < 512
    for _ in range(40):
        pace.note((pace.side_px, pace.side_px), 0.01)
    assert pace.side_px == 512


def test_there_is_a_smallest_picture():
    pace = Pace(512)
    pace.note((256, 256), 9.0)
    assert pace.side_px == MIN_SIDE_PX
