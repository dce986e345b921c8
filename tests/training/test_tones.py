import numpy as np

from stylize.training.tones import style_tones


def test_tones_are_the_quantiles_of_the_colours():
    pictures = np.zeros((2, 64, 64, 3), np.uint8)
    pictures[1, :, 32:] = 255
    tones = style_tones(pictures)
    assert tones.shape == (2, 9, 32)
    assert tones[0].max() == 0
    np.testing.assert_allclose(tones[1, 0], [0] * 16 + [1] * 16, atol=1e-4)
    np.testing.assert_allclose(tones[1, 1:3], 0, atol=1e-4)
