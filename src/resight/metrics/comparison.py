"""Two systems on the same queries: sign-flip permutation test and bootstrap. Smucker et al., CIKM 2007."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 10_000
BATCH = 2**20  # numbers at once, so that thousands of queries need no gigabytes


@dataclass(frozen=True)
class Paired:
    """What changed from the first system to the second.

    `queries`: how many were compared; `changed`: how many of them have another value. `mean`: of the
    differences, second less first, over all queries. `p`: two-sided. `low`, `high`: the 95 % interval of
    `mean`, NaN where there is one query only.
    """

    queries: int
    changed: int
    mean: float
    p: float
    low: float
    high: float


def paired(a: ArrayLike, b: ArrayLike) -> Paired:
    """(N,) and (N,) values of the same queries in the same order -> what changed from `a` to `b`.

    `p` is how often the mean is as far from 0 when each difference gets its sign by chance: all signs where
    13 queries or fewer changed, else 10,000 draws. The interval is the percentile bootstrap over queries,
    10,000 draws. Draws are the same each time. Lists that differ in length, are empty, or have a NaN or an
    infinity: ValueError.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.ndim != 1 or first.shape != second.shape or not len(first):
        raise ValueError("A paired comparison needs two lists of values of the same queries, at least one.")
    differences = second - first
    if not np.isfinite(differences).all():
        raise ValueError("A paired comparison needs a value for each query: leave out those without.")
    changed = differences[differences != 0]
    low, high = interval(differences)
    return Paired(len(first), len(changed), float(differences.mean()), _sign_flips(changed), low, high)


def _mean(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Rounded, because means that are equal but for the order of their sum must tie."""
    means: NDArray[np.float64] = np.round(values.mean(axis=axis), 12)
    return means


def _sign_flips(differences: NDArray[np.float64]) -> float:
    if len(differences) < 2:
        return 1.0  # the one other sign is as far from 0
    from scipy import stats

    done = stats.permutation_test(
        (differences,), _mean, permutation_type="samples", vectorized=True, n_resamples=DRAWS,
        batch=max(1, BATCH // len(differences)), random_state=np.random.default_rng(0),
    )  # fmt: skip
    return float(done.pvalue)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """(N,) values of queries -> the 95 % interval of their mean, NaN for one query only.

    The percentile bootstrap over queries, 10,000 draws, the same each time.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    from scipy import stats

    done = stats.bootstrap(
        (values,), np.mean, method="percentile", vectorized=True, n_resamples=DRAWS,
        confidence_level=0.95, batch=max(1, BATCH // len(values)),
        random_state=np.random.default_rng(0),
    )  # fmt: skip
    return float(done.confidence_interval.low), float(done.confidence_interval.high)
