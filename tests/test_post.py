"""Each step is its formula; PCA-whitening against an SVD, in every form and for samples of any size."""

import gc
import os
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from resight.errors import BadRecipe, BadSetting, StorageFailed
from resight.post import _blocks, _principal, _wide
from resight.post.l2 import l2
from resight.post.pca_whitening import fit, pca_whitening

TRUTH = np.random.default_rng(0)
MIXING = TRUTH.normal(size=(12, 12)) * np.geomspace(5, 0.2, 12)


def sample(count: int, seed: int = 0) -> np.ndarray:
    """(count, 12) rows with unequal and correlated directions, far from the origin."""
    values = np.random.default_rng(seed).normal(size=(count, 12)) @ MIXING + 20
    return values.astype(np.float32)


def by_svd(rows, dims, ridge=0.0, others=None, exponent=1.0, centre=True):
    """The whitened rows (or others), up to the sign of each column, in float64 and without a covariance."""
    rows = rows.astype(np.float64)
    mean = rows.mean(axis=0) * centre
    _, _, axes = np.linalg.svd(rows - mean, full_matrices=True)
    variances = by_svd_values(rows, centre)
    deviations = np.sqrt(variances + ridge * variances.mean()) ** exponent
    shown = (rows if others is None else others) - mean
    return np.stack([shown @ axes[i] / deviations[i] for i in range(dims)], axis=1)


def by_svd_values(rows, centre=True):
    """All D variances along the principal axes."""
    rows = rows.astype(np.float64)
    singular = np.linalg.svd(rows - rows.mean(axis=0) * centre, compute_uv=False)
    return np.pad(singular**2 / len(rows), (0, rows.shape[1] - len(singular)))


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


def test_more_dimensions_than_there_are_is_said():
    with pytest.warns(UserWarning, match="gives 12 of the 13 dimensions asked for"):
        fitted = fit([sample(60)], dims=13, ridge=0.1)
    assert fitted["projection"].shape == (12, 12)


# Rows too wide for a D x D matrix: the same, from the Gram matrix or from random columns

FORMS = ["covariance", "gram", "random"]


@pytest.fixture
def use(monkeypatch):
    """Take one form whatever the size of the sample."""

    def choose(form: str) -> None:
        monkeypatch.setattr(_principal, "SQUARE", 10**9 if form == "covariance" else 0)
        monkeypatch.setattr(_principal, "GRAM", 10**9 if form == "gram" else 0)

    return choose


def decaying(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Rows whose deviations along hidden axes fall as 1 / i, far from the origin."""
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.normal(size=(width, min(count, width))))[0]
    values = random.normal(size=(count, axes.shape[1])) / np.arange(1, axes.shape[1] + 1)
    return (values @ axes.T + random.normal(size=width) / 3).astype(np.float32)


def dots(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64) / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "settings", [{}, {"ridge": 0.1}, {"exponent": 0.5}, {"exponent": 0.0}, {"centre": False}], ids=str
)
@pytest.mark.parametrize("shape", [(150, 40), (30, 90), (150, 90)], ids=str)
def test_every_form_is_the_svd_form(use, form, settings, shape):
    use(form)
    rows = decaying(*shape)
    whitened = pca_whitening(rows, fit([rows[:7], rows[7:]], dims=6, **settings))
    same_but_for_signs(whitened, by_svd(rows, 6, **settings), 2e-5)


def test_the_random_form_is_near_where_it_does_not_span_everything(use, monkeypatch):
    """12 + 12 random columns for 300 directions: unit rows, whitened, agree to 1e-3 in all dot products."""
    monkeypatch.setattr(_wide, "OVERSAMPLING", 12)
    rows = decaying(400, 300)
    use("random")
    found = fit([rows[:1], rows[1:]], dims=12)
    np.testing.assert_allclose(dots(pca_whitening(rows, found)), dots(by_svd(rows, 12)), atol=1e-3)
    use("covariance")
    np.testing.assert_allclose(found["eigenvalues"], fit([rows], dims=12)["eigenvalues"][:12], rtol=1e-4)


def test_weak_directions_are_not_lost_in_single_precision(use):
    """A mean a thousand times longer than the last deviation, and nothing subtracted."""
    use("random")
    rows = decaying(200, 90) + 20
    whitened = pca_whitening(rows, fit([rows[:1], rows[1:]], dims=30, centre=False))
    same_but_for_signs(whitened, by_svd(rows, 30, centre=False), 2e-3)


@pytest.mark.parametrize("form", FORMS)
def test_the_result_does_not_depend_on_how_the_rows_come(use, monkeypatch, form):
    use(form)
    rows = decaying(90, 50)
    whole = fit(rows, dims=8)
    for cut in ([1, 2, 50], [40], [0, 89]):
        parts = fit(iter(np.split(rows, cut)), dims=8)
        for key, value in whole.items():
            np.testing.assert_array_equal(parts[key], value)
    monkeypatch.setattr(_blocks, "NUMBERS", 170)
    monkeypatch.setattr(_wide, "STRIP", 7)
    for key, value in fit(rows, dims=8).items():
        np.testing.assert_allclose(value, whole[key], rtol=1e-4, atol=1e-4 * np.abs(whole[key]).max())


@pytest.mark.parametrize("form", FORMS)
def test_parts_without_rows_are_passed_over(use, form):
    use(form)
    rows = decaying(30, 20)
    for parts in ([rows[:0], rows], [rows[:9], rows[:0], rows[9:], rows[:0]]):
        np.testing.assert_array_equal(fit(parts, dims=3)["projection"], fit(rows, dims=3)["projection"])


def test_a_memory_mapped_array_is_read_where_it_lies(use, tmp_path, monkeypatch):
    use("random")
    rows = decaying(60, 30)
    np.save(tmp_path / "rows.npy", rows)
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    for sample in (mapped, [mapped], iter([mapped])):
        np.testing.assert_array_equal(fit(sample, dims=4)["projection"], fit(rows, dims=4)["projection"])


@pytest.mark.parametrize("form", FORMS)
def test_signs_are_fixed_in_every_form(use, form):
    use(form)
    projection = fit([sample(90)], dims=12)["projection"]
    assert (projection[np.abs(projection).argmax(axis=0), np.arange(12)] > 0).all()
    np.testing.assert_allclose(fit([-sample(90)], dims=12)["projection"], projection, atol=1e-4)


# Samples that do not show all dimensions


@pytest.mark.parametrize("form", FORMS)
def test_a_small_sample_without_a_ridge_gives_what_it_supports(use, form):
    use(form)
    rows = sample(5)
    with pytest.warns(UserWarning, match="gives 4 of the 12 dimensions asked for.* 5 vectors of 12"):
        found = fit([rows[:2], rows[2:]], dims=12)
    same_but_for_signs(pca_whitening(rows, found), by_svd(rows, 4), 1e-3)
    with pytest.warns(UserWarning, match="gives 5 of the 12"):
        assert fit([rows], dims=12, centre=False)["projection"].shape == (12, 5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dims", [7, 12])
def test_a_small_sample_with_a_ridge_gives_all_dimensions(use, form, dims):
    use(form)
    rows, others = sample(5), sample(20, seed=1)
    found = fit([rows[:2], rows[2:]], dims=dims, ridge=0.1)
    values = np.pad(found["eigenvalues"], (0, dims))[:dims].astype(np.float64)
    average = by_svd_values(rows).mean()
    axes = found["projection"] * np.sqrt(values + 0.1 * average)
    np.testing.assert_allclose(axes.T @ axes, np.eye(dims), atol=1e-5)
    np.testing.assert_allclose(values[4:], 0, atol=1e-6 * values[0])
    if dims == 12:  # which axes the rest has does not matter then
        exact = by_svd(rows, 12, 0.1, others)
        np.testing.assert_allclose(dots(pca_whitening(others, found)), dots(exact), atol=1e-4)


def test_the_forms_agree_on_the_dimensions_that_a_sample_does_not_show(use):
    found = {}
    for form in FORMS:
        use(form)
        found[form] = fit([sample(5)[:2], sample(5)[2:]], dims=9, ridge=0.1, seed=3)["projection"]
    np.testing.assert_allclose(found["gram"], found["covariance"], atol=1e-4)
    np.testing.assert_allclose(found["random"], found["covariance"], atol=1e-4)
    other = fit([sample(5)], dims=9, ridge=0.1, seed=4)["projection"]
    np.testing.assert_allclose(other[:, :4], found["covariance"][:, :4], atol=1e-4)
    assert np.abs(other[:, 4:] - found["covariance"][:, 4:]).max() > 0.01


@pytest.mark.parametrize(("known", "width"), [(0, 3), (3, 300), (3, 400), (399, 400)])
def test_drawn_axes_are_orthonormal_to_single_precision(known, width):
    """Also those that lie almost wholly among the known ones when they are drawn."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(400, known)))[0].astype(np.float32)
    for seed in range(20 if known == 399 else 1):
        found = _principal.completed(axes, width, seed).astype(np.float64)
        np.testing.assert_array_equal(found[:, :known], axes)
        np.testing.assert_allclose(found.T @ found, np.eye(width), atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [sample(1), np.repeat(sample(1), 7, axis=0)], ids=["one", "seven alike"])
def test_samples_without_a_spread_are_only_centred(use, form, rows):
    use(form)
    with pytest.warns(UserWarning, match="gives 1 of the 3 dimensions"):
        found = fit([rows], dims=3)
    np.testing.assert_allclose(found["mean"], rows[0], rtol=1e-6)
    np.testing.assert_array_equal(found["eigenvalues"], 0)
    np.testing.assert_allclose(pca_whitening(rows, found), 0, atol=1e-4)
    assert np.linalg.norm(found["projection"][:, 0]) == pytest.approx(1, abs=1e-6)
    assert fit([rows], dims=3, ridge=0.1)["projection"].shape == (12, 3)


@pytest.mark.parametrize("form", FORMS)
def test_a_fit_on_nothing_or_on_no_numbers_is_refused(use, form):
    use(form)
    for nothing in ([], [np.zeros((0, 5), np.float32)]):
        with pytest.raises(BadRecipe, match="at least one vector"):
            fit(iter(nothing), dims=3)
    with pytest.raises(BadRecipe, match="not finite"):
        fit([sample(5), np.full((1, 12), np.nan, np.float32)], dims=3)
    with pytest.raises(ValueError, match="Rows of 12 dimensions are wanted"):
        fit([sample(5), np.ones((3, 1), np.float32)], dims=3)


@pytest.mark.parametrize(
    "settings",
    [{"dims": 0}, {"dims": 2, "ridge": -0.1}, {"dims": 2, "ridge": float("nan")}, {"dims": 2, "seed": -1},
     {"dims": 2, "exponent": 1.5}, {"dims": 2, "exponent": -1.0}, {"dims": 2, "exponent": float("nan")}],
    ids=str,
)  # fmt: skip
def test_a_bad_setting_is_an_error(settings):
    with pytest.raises(BadSetting, match="^'pca-whitening' .*" + list(settings)[-1]):
        fit([sample(9)], **settings)


# The temporary file and the memory


def held() -> list[str]:
    """Temporary files of this process that are open or mapped."""
    links = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    lines = [*links, *Path("/proc/self/maps").read_text().splitlines()]
    return [line for line in lines if tempfile.gettempdir() in line and "(deleted)" in line]


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


linux = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")


@linux
def test_the_temporary_file_is_there_during_the_fit_and_gone_afterwards(use, empty_folder, monkeypatch):
    use("gram")
    during, plain = [], _wide.by_gram
    monkeypatch.setattr(_wide, "by_gram", lambda *values: (during.extend(held()), plain(*values))[1])
    fit([sample(9), sample(9)], dims=3)
    assert during
    assert held() == list(empty_folder.iterdir()) == []


@linux
def test_the_temporary_file_is_gone_after_an_error(use, empty_folder, monkeypatch):
    use("gram")

    def broken():
        yield sample(9)
        yield sample(9)
        assert held()
        raise OSError("The photos are gone.")

    with pytest.raises(OSError, match="The photos are gone") as caught:  # not taken for a full disk
        fit(broken(), dims=3)
    del caught
    gc.collect()
    assert held() == list(empty_folder.iterdir()) == []
    monkeypatch.setattr(_wide, "by_gram", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fit([sample(9), sample(9)], dims=3)
    gc.collect()
    assert held() == list(empty_folder.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(use, monkeypatch):
    use("random")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "r+b", buffering=0))  # noqa: SIM115
    with pytest.raises(StorageFailed, match=r"cannot be written to .*No space left.*TMPDIR.*\.$"):
        fit([sample(9), sample(9)], dims=3)


def test_no_temporary_folder_is_said(use, monkeypatch, tmp_path):
    use("random")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(StorageFailed, match=r"missing.*No such file"):
        fit([sample(9), sample(9)], dims=3)


@pytest.mark.parametrize(("form", "count", "width"), [("random", 3000, 5000), ("gram", 300, 40_000)])
def test_memory_is_bounded(use, monkeypatch, form, count, width):
    use(form)
    monkeypatch.setattr(_blocks, "NUMBERS", 2**18)
    parts = (np.random.default_rng(i).random((25, width), dtype=np.float32) for i in range(count // 25))
    tracemalloc.start()
    try:
        fit(parts, dims=16)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * count * width * 4
