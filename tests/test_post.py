"""Each step is its formula; PCA-whitening against an SVD, for samples of any size."""

import numpy as np
import pytest

from resight.errors import BadRecipe
from resight.post.l2 import l2
from resight.post.pca_whitening import fit, pca_whitening

TRUTH = np.random.default_rng(0)
MIXING = TRUTH.normal(size=(12, 12)) * np.geomspace(5, 0.2, 12)


def sample(count: int, seed: int = 0) -> np.ndarray:
    """(count, 12) rows with unequal and correlated directions, far from the origin."""
    values = np.random.default_rng(seed).normal(size=(count, 12)) @ MIXING + 20
    return values.astype(np.float32)


def by_svd(rows: np.ndarray, dims: int, ridge: float) -> np.ndarray:
    """The whitened rows, up to the sign of each column, in float64 and without a covariance."""
    centred = rows.astype(np.float64) - rows.astype(np.float64).mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=True)
    variances = np.zeros(rows.shape[1])
    variances[: len(singular)] = singular**2 / len(rows)
    deviations = np.sqrt(variances + ridge * variances.mean())
    return np.stack([centred @ axes[i] / deviations[i] for i in range(dims)], axis=1)


def same_but_for_signs(ones: np.ndarray, others: np.ndarray, tolerance: float = 1e-4) -> None:
    assert ones.shape == others.shape
    signs = np.sign((ones * others).sum(axis=0))
    np.testing.assert_allclose(ones, others * signs, atol=tolerance * np.abs(others).max())


def test_l2_is_its_formula():
    rows = sample(20)
    for row, scaled in zip(rows, l2(rows), strict=True):
        length = sum(float(value) ** 2 for value in row) ** 0.5
        np.testing.assert_allclose(scaled, [float(value) / length for value in row], rtol=1e-5)


def test_l2_leaves_zero_at_zero():
    assert (l2(np.zeros((2, 4), np.float32)) == 0).all()


def test_a_whitened_sample_has_the_identity_as_covariance():
    rows = sample(400)
    whitened = pca_whitening(rows, fit([rows], dims=12))
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(whitened.T @ whitened / len(rows), np.eye(12), atol=2e-3)


@pytest.mark.parametrize("ridge", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("dims", [1, 5, 12])
def test_it_is_the_svd_form(dims, ridge):
    rows = sample(60, seed=1)
    whitened = pca_whitening(rows, fit([rows], dims=dims, ridge=ridge))
    same_but_for_signs(whitened, by_svd(rows, dims, ridge))


def test_a_ridge_adds_its_share_of_the_mean_eigenvalue():
    rows = sample(200)
    plain, ridged = fit([rows], dims=12), fit([rows], dims=12, ridge=0.25)
    values = plain["eigenvalues"].astype(np.float64)
    np.testing.assert_allclose(ridged["eigenvalues"], values, rtol=1e-5)
    assert (np.diff(values) <= 0).all()
    expected = plain["projection"] * np.sqrt(values / (values + 0.25 * values.mean()))
    np.testing.assert_allclose(ridged["projection"], expected, rtol=1e-3, atol=1e-6)


def test_a_fit_in_parts_is_the_fit_of_the_whole():
    rows = sample(90)
    whole, parts = fit([rows], dims=6), fit(iter([rows[:1], rows[1:40], rows[40:]]), dims=6)
    for key, value in whole.items():
        np.testing.assert_allclose(parts[key], value, rtol=1e-4, atol=1e-5)


def test_signs_do_not_depend_on_the_solver():
    projection = fit([sample(90)], dims=12)["projection"]
    peaks = projection[np.abs(projection).argmax(axis=0), np.arange(12)]
    assert (peaks > 0).all()


def test_fewer_samples_than_dimensions_give_what_they_support():
    rows = sample(5)
    with pytest.warns(UserWarning, match="gives 4 of the 12 dimensions asked for.* 5 vectors of 12"):
        fitted = fit([rows], dims=12)
    whitened = pca_whitening(rows, fitted)
    same_but_for_signs(whitened, by_svd(rows, 4, 0.0), 1e-3)
    np.testing.assert_allclose(whitened.T @ whitened / 5, np.eye(4), atol=1e-3)


def test_with_a_ridge_a_small_sample_gives_all_dimensions():
    rows = sample(5)
    fitted = fit([rows], dims=12, ridge=0.1)
    assert fitted["projection"].shape == (12, 12)
    values = fitted["eigenvalues"].astype(np.float64)
    lengths = (fitted["projection"].astype(np.float64) ** 2).sum(axis=0)
    np.testing.assert_allclose(lengths, 1 / (values + 0.1 * values.mean()), rtol=1e-4)


def test_more_dimensions_than_there_are_is_said():
    with pytest.warns(UserWarning, match="gives 12 of the 13 dimensions asked for"):
        fitted = fit([sample(60)], dims=13, ridge=0.1)
    assert fitted["projection"].shape == (12, 12)


@pytest.mark.parametrize("rows", [sample(1), np.repeat(sample(1), 7, axis=0)], ids=["one", "seven alike"])
def test_samples_without_a_spread_are_only_centred(rows):
    with pytest.warns(UserWarning, match="gives 1 of the 3 dimensions"):
        fitted = fit([rows], dims=3)
    np.testing.assert_allclose(fitted["mean"], rows[0], rtol=1e-6)
    np.testing.assert_array_equal(fitted["eigenvalues"], 0)
    np.testing.assert_allclose(pca_whitening(rows, fitted), 0, atol=1e-4)
    assert np.linalg.norm(fitted["projection"][:, 0]) == pytest.approx(1, abs=1e-6)


def test_a_fit_on_nothing_is_refused():
    with pytest.raises(BadRecipe, match="at least one vector"):
        fit(iter([]), dims=3)
