import numpy as np

from stylize.library.measure import Measure
from stylize.styles import SEEN


def test_likeness_is_that_of_what_the_loss_network_sees():
    rng = np.random.default_rng(0)
    values = rng.random((3, SEEN + 40)).astype(np.float32)
    other = values.copy()
    other[:, SEEN:] = rng.random((3, 40))
    measure = Measure("encoder", SEEN + 40)
    points = measure.points(values)
    assert points.shape == (3, measure.point_size) == (3, SEEN)
    np.testing.assert_array_equal(measure.points(other), points)
    other[:, 0] += 1
    assert (measure.points(other) != points).any()
