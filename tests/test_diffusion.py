import numpy as np
import pytest

from resight import methods
from resight.errors import BadSetting
from resight.ranking import Ranked
from resight.rerankers import _graph
from resight.rerankers._affinity import normalised
from resight.rerankers._conjugate_gradient import solve
from resight.rerankers._graph import neighbours
from resight.rerankers.diffusion import diffusion
from support.photos import Album, asked, query_of, random_album, unit


@pytest.fixture(autouse=True)
def _nothing_in_memory():
    _graph._kept.clear()


def dense(album, query, k=50, query_k=10, gamma=3.0, alpha=0.99, nodes=None):
    """f (rows,) of all rows of the album, straight from the formulas in float64; 0 where none takes part.

    `nodes` is a mask of the rows that do; neighbours are looked for among all living rows.
    """
    vectors, alive = album.vectors.astype(np.float64), album.owners >= 0
    count = len(vectors)
    similarities = vectors @ vectors.T
    similarities[~alive], similarities[:, ~alive] = -np.inf, -np.inf
    np.fill_diagonal(similarities, -np.inf)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    lists = np.zeros((count, count), bool)
    np.put_along_axis(lists, order, True, axis=1)
    affinities = np.where(lists & lists.T & (similarities > 0), np.maximum(similarities, 0) ** gamma, 0)
    nodes = alive if nodes is None else nodes & alive
    affinities[~nodes], affinities[:, ~nodes] = 0, 0
    sums = affinities.sum(axis=1)
    roots = np.array([1 / np.sqrt(each) if each > 0 else 0 for each in sums])
    start = np.zeros(count)
    for vector in query.vectors.astype(np.float64):
        products = np.where(nodes & (album.owners != query.image), vectors @ vector, -np.inf)
        for row in np.argsort(-products, kind="stable")[:query_k]:
            start[row] += max(products[row], 0) ** gamma
    return np.linalg.solve(np.eye(count) - alpha * roots[:, None] * affinities * roots, start)


def agree(result, album, query, ranked, pool=np.sum, **settings):
    """The result is that of the dense form; images that hardly anything reaches may stand in any order."""
    values = dense(album, query, **settings)
    images = [image for image in album.images.tolist() if image != query.image and album.allowed([image])[0]]
    scores = {image: pool(values[album.owners == image]) for image in images}
    first = sorted(images, key=lambda image: -scores[image])[: len(ranked)]
    best = max(scores.values(), default=0)
    sure = [image for image in first if scores[image] > 1e-4 * best]
    assert result.images[: len(sure)].tolist() == sure
    assert len(result) == len(set(result.images.tolist())) == len(ranked)
    assert set(result.images.tolist()) <= set(images) | set(ranked.images.tolist())
    np.testing.assert_allclose(
        result.scores[: len(sure)], [scores[image] for image in sure], rtol=1e-3, atol=1e-5 * best
    )


def clustered(count, centres, dims=32, noise=1.0, seed=0):
    random = np.random.default_rng(seed)
    middle = random.normal(size=(centres, dims))
    return unit(middle[random.integers(0, centres, count)] + noise * random.normal(size=(count, dims)))


def circle(count):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def system(vectors, at=7):
    """The matrix, the start and the true solution of a query near a row of these vectors."""
    album = Album(vectors)
    query = query_of(unit(vectors[at : at + 1] + 0.05))
    matrix = normalised(neighbours(album, 50), 3.0, np.ones(len(vectors), bool))
    products = vectors @ query.vectors[0]
    start = np.zeros(len(vectors), np.float32)
    nearest = np.argsort(-products, kind="stable")[:10]
    start[nearest] = products[nearest] ** 3
    return matrix, start, dense(album, query)


def error(values, true):
    return np.abs(values - true).max() / true.max()


@pytest.mark.parametrize(
    ("vectors", "after_20"),
    [
        (clustered(2000, 40), 5e-3),
        (clustered(2000, 200, dims=256), 1e-3),
        (clustered(2000, 2000), 1e-4),
        (circle(2000), 0.05),
    ],
    ids=["40 groups", "200 groups", "none", "a circle"],
)
def test_it_is_the_dense_solution_on_2000_rows(vectors, after_20):
    matrix, start, true = system(vectors)
    assert error(solve(matrix, start, 0.99, 100, 1e-6), true) < 1e-4
    assert error(solve(matrix, start, 0.99, 20, 0), true) < after_20  # as many steps as the paper takes


def solve_slowly(matrix, start, alpha, steps, tolerance):
    """Hestenes and Stiefel, line by line, in float32."""
    values, rest, direction = np.zeros_like(start), start.copy(), start.copy()
    left = float(rest @ rest)
    enough = left * max(tolerance, float(np.finfo(np.float32).eps)) ** 2
    for _ in range(steps):
        if left <= enough:
            break
        image = direction - np.float32(alpha) * (matrix @ direction)
        length = np.float32(left / float(direction @ image))
        values += length * direction
        rest -= length * image
        before, left = left, float(rest @ rest)
        direction = rest + np.float32(left / before) * direction
    return values


@pytest.mark.parametrize("alpha", [0, 0.5, 0.99])
@pytest.mark.parametrize(("steps", "tolerance"), [(1, 0), (20, 0), (100, 1e-6), (100, 1e-2)])
@pytest.mark.parametrize("vectors", [clustered(2000, 40), clustered(300, 300), circle(500)], ids=len)
def test_the_solver_is_the_method_line_by_line_to_the_last_bit(vectors, alpha, steps, tolerance):
    matrix, start, _ = system(vectors)
    found = solve(matrix, start, alpha, steps, tolerance)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, solve_slowly(matrix, start, alpha, steps, tolerance))


def test_nothing_to_start_from_leads_nowhere():
    matrix, start, _ = system(clustered(50, 3))
    assert not solve(matrix, np.zeros_like(start), 0.99, 100, 1e-6).any()


def test_20_steps_are_not_enough_for_a_long_way_and_more_are():
    matrix, start, true = system(circle(2000))
    assert error(solve(matrix, start, 0.99, 20, 0), true) > 1e-3
    assert error(solve(matrix, start, 0.99, 60, 0), true) < 1e-4


def test_more_steps_than_precision_has_stay_finite():
    matrix, start, true = system(clustered(300, 4))
    assert error(solve(matrix, start, 0.99, 1000, 0), true) < 1e-5


@pytest.mark.parametrize("images", [0, 1, 2, 3, 10, 60])
@pytest.mark.parametrize("regions", [1, 3])
@pytest.mark.parametrize("inside", [True, False])
def test_the_ranking_is_that_of_the_dense_form(images, regions, inside):
    album = random_album(images, regions, dims=5, seed=images, dead=images // 3) if images else empty()
    query, ranked = asked(album, 0) if inside and images else outside(album)
    for settings in ({}, {"k": 4, "query_k": 2}, {"k": 3, "gamma": 1.0, "alpha": 0.5}):
        for pool, of in (("sum", np.sum), ("max", np.max)):
            result = diffusion(ranked, query, album, pool=pool, **settings)
            agree(result, album, query, ranked, of, **settings)


def empty():
    return Album(np.empty((0, 5)), identity="empty")


def outside(album, regions=2, k=None):
    query = query_of(unit(np.random.default_rng(9).normal(size=(regions, album.vectors.shape[1]))))
    return query, album.nearest(query.vectors, k or len(album.images))


@pytest.mark.parametrize("length", [1, 5, 40])
def test_the_answer_is_as_long_as_the_ranking_and_may_bring_others(length):
    album = Album(clustered(300, 6))
    query, ranked = asked(album, 3, length)
    result = diffusion(ranked, query, album)
    agree(result, album, query, ranked)
    assert len(result) == length
    assert 3 not in result.images


def test_what_is_not_reached_stays_below_in_its_order():
    groups = np.repeat(np.eye(3), 20, axis=0) + 0.1 * np.random.default_rng(0).random((60, 3))
    album = Album(unit(groups))
    query = query_of(unit(groups[:1] + 0.01))
    ranked = album.nearest(query.vectors, 60)
    shuffled = np.random.default_rng(1).permutation(60)
    ranked = Ranked(ranked.images[shuffled], ranked.scores[shuffled])
    result = diffusion(ranked, query, album, k=5)
    assert set(result.images[:20].tolist()) == set(range(20))
    assert result.images[20:].tolist() == [i for i in ranked.images.tolist() if i >= 20]
    np.testing.assert_array_equal(result.scores[20:], ranked.scores[ranked.images >= 20])


def test_it_follows_a_chain_past_what_is_nearer():
    chain = circle(180)[:60]  # 118 degrees, two degrees a step
    vectors = np.zeros((61, 3), np.float32)
    vectors[:60, :2] = chain
    vectors[60] = unit(np.array([[0.6, 0.0, 0.8]]))[0]  # 53 degrees from the query, and nobody's neighbour
    album = Album(vectors)
    query, ranked = asked(album, 0)
    place = ranked.images.tolist().index
    assert place(60) < place(45)
    reranked = diffusion(ranked, query, album, k=4, query_k=3).images.tolist()
    assert reranked.index(60) > reranked.index(45)


def test_images_that_may_not_be_found_take_no_part():
    vectors = clustered(200, 5)
    allowed = np.random.default_rng(0).random(200) < 0.6
    album = Album(vectors, allowed_images=allowed)
    query, ranked = asked(album, int(np.flatnonzero(allowed)[0]))
    result = diffusion(ranked, query, album, k=20)
    agree(result, album, query, ranked, k=20, nodes=allowed)
    assert allowed[result.images].all()
    hidden = Album(vectors, allowed_images=np.zeros(200, bool))
    assert len(diffusion(Ranked(ranked.images[:0], ranked.scores[:0]), query, hidden)) == 0
    assert diffusion(ranked, query, hidden).images.tolist() == ranked.images.tolist()


def test_truncated_it_is_the_dense_form_of_the_nearest_images_alone():
    album = random_album(150, regions=2, dims=6, dead=20)
    for query, ranked in (asked(album, 4), outside(album)):
        near = album.nearest(query.vectors, 40).images
        result = diffusion(ranked, query, album, k=10, truncate=40)
        nodes = np.isin(album.owners, near)
        agree(result, album, query, ranked, k=10, nodes=nodes)
        for truncate in (0, 150, 10_000):
            whole = diffusion(ranked, query, album, k=10, truncate=truncate)
            agree(whole, album, query, ranked, k=10)
            assert whole.images.tolist() != result.images.tolist()


def test_it_sees_what_was_added_and_what_died():
    vectors = clustered(120, 4)
    owners = np.arange(120)
    for count, dead in ((100, []), (120, []), (120, [1, 2, 50, 119])):
        owners[dead] = -1
        album = Album(vectors[:count], owners[:count].copy(), identity="grows")
        query, ranked = asked(album, 3)
        result = diffusion(ranked, query, album, k=10)
        agree(result, album, query, ranked, k=10)


def test_rows_without_affinity_are_left_alone():
    album = Album(np.concatenate([np.eye(4), -np.eye(4), np.zeros((2, 4))]))
    query = query_of(np.array([[1.0, 0, 0, 0]]))
    ranked = album.nearest(query.vectors, 10)
    result = diffusion(ranked, query, album)
    assert result.images.tolist() == ranked.images.tolist()
    assert np.isfinite(result.scores).all()
    nothing = query_of(np.zeros((1, 4)))
    assert diffusion(ranked, nothing, album).images.tolist() == ranked.images.tolist()


def test_matches_of_the_ranking_stay():
    album = Album(clustered(50, 3))
    query, ranked = asked(album, 0)
    ranked = Ranked(ranked.images, ranked.scores, {5: "a match"})
    assert diffusion(ranked, query, album).matches == {5: "a match"}


@pytest.mark.parametrize(
    "setting",
    [
        "k=0",
        "query_k=0",
        "gamma=-1",
        "alpha=1",
        "alpha=nan",
        "steps=0",
        "tolerance=-1",
        "truncate=-1",
        "pool=mean",
    ],
)
def test_settings_that_mean_nothing_are_refused(setting):
    album = Album(clustered(10, 2))
    query, ranked = asked(album, 0)
    with pytest.raises(BadSetting, match=setting.partition("=")[0]):
        methods.find("rerankers", f"diffusion:{setting}")(ranked, query, album)


def test_found_by_its_name():
    method = methods.find("rerankers", "diffusion:k=20,steps=20,tolerance=0")
    album = Album(clustered(100, 3))
    query, ranked = asked(album, 0)
    agree(method(ranked, query, album), album, query, ranked, k=20)
