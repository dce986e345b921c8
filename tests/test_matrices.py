import numpy as np

from stylize.matrices import least_motion, matrix_power


def covariance(seed: int) -> np.ndarray:
    return np.cov(np.random.default_rng(seed).normal(size=(3, 3)) @ np.eye(3)) + np.eye(3)


def test_powers_of_a_matrix_multiply() -> None:
    matrix = covariance(1)
    root = matrix_power(matrix, 0.5, 0.0)
    np.testing.assert_allclose(root @ root, matrix, atol=1e-9)
    np.testing.assert_allclose(matrix_power(matrix, -1, 0.0) @ matrix, np.eye(3), atol=1e-9)


def test_small_eigenvalues_count_as_the_floor() -> None:
    np.testing.assert_allclose(matrix_power(np.diag([4.0, 0, 1]), -0.5, 0.25), np.diag([0.5, 2, 1]))


def test_the_least_motion_is_symmetric_and_gives_the_covariance() -> None:
    first, second = covariance(1), covariance(2)
    matrix = least_motion(first, second, 1e-6)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    np.testing.assert_allclose(matrix @ first @ matrix.T, second, atol=1e-9)
