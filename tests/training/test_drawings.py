import numpy as np

from stylize.training.drawings import draw


def test_drawings_are_repeatable_and_varied():
    first, again, other = (np.asarray(draw(np.random.default_rng(s), 96)) for s in (1, 1, 2))
    assert first.shape == (96, 96, 3)
    assert (first == again).all()
    assert (first != other).any()


def test_most_of_them_are_on_white_paper():
    drawings = [np.asarray(draw(np.random.default_rng(seed), 64)) for seed in range(40)]
    white = [(drawing == 255).all(axis=2).mean() > 0.2 for drawing in drawings]
    assert 12 < sum(white) < 38
