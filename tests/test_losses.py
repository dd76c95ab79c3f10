"""Losses: each keeps the promises of its room, is its formula, and agrees with a library of others."""

import itertools
import math

import numpy as np
import pytest
import torch

from resight import methods
from resight.errors import BadSetting
from resight.losses.triplet import distances

NAMES = methods.names("losses")
TAKES = {"labels", "triplets", "classes"}


def unit(count: int, dims: int = 4, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dims))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def labels_of(count: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, count]).integers(0, classes, count)


def triplets_of(labels) -> np.ndarray:
    """All (query, matching, non-matching), (T, 3)."""
    found = [
        triplet
        for triplet in itertools.permutations(range(len(labels)), 3)
        if labels[triplet[0]] == labels[triplet[1]] != labels[triplet[2]]
    ]
    return np.array(found, np.int64).reshape(-1, 3)


def takes(name: str) -> str:
    return methods.find("losses", name).says["TAKES"]


def given(name: str, labels, dims: int) -> list[torch.Tensor]:
    """What a loss is given beside descriptors."""
    labels = np.asarray(labels, np.int64)
    if takes(name) == "triplets":
        return [torch.from_numpy(triplets_of(labels))]
    weights = torch.from_numpy(unit(int(labels.max()) + 2, dims, 99) * 1.7)  # of any length
    return [torch.from_numpy(labels), *([weights] if takes(name) == "classes" else [])]


def learnt(name: str, rows: np.ndarray, beside: list[torch.Tensor]) -> tuple[float, np.ndarray]:
    """The loss of normalised rows, and its gradient to the rows."""
    raw = torch.from_numpy(rows.copy()).requires_grad_(True)
    loss = methods.find("losses", name)(torch.nn.functional.normalize(raw), *beside)
    assert loss.shape == ()
    assert loss.dtype == raw.dtype
    loss.backward()
    return float(loss.detach()), raw.grad.numpy()


# What all losses promise

BATCHES = {
    "random": (unit(12), labels_of(12, 4)),
    "all of one class": (unit(6), np.zeros(6)),
    "no pair": (unit(5), np.arange(5)),
    "one photo": (unit(1), np.array([3])),
    "all alike": (np.tile(unit(1), (8, 1)), np.arange(8) % 3),
    "alike in pairs": (np.repeat(unit(4), 2, axis=0), np.arange(8) // 2),
    "opposite": (np.concatenate([unit(3), -unit(3)]), np.arange(6) % 3),
    "without a point": (np.concatenate([np.zeros((2, 4)), unit(4)]), np.array([0, 1, 0, 1, 2, 2])),
}


@pytest.mark.parametrize("name", NAMES)
class TestLoss:
    @pytest.mark.parametrize("kind", [np.float32, np.float64])
    @pytest.mark.parametrize("batch", BATCHES)
    def test_loss_and_gradients_are_finite(self, name, batch, kind):
        rows, labels = BATCHES[batch]
        beside = [
            each.to(torch.float32) if each.is_floating_point() and kind is np.float32 else each
            for each in given(name, labels, 4)
        ]
        loss, gradient = learnt(name, rows.astype(kind), beside)
        assert math.isfinite(loss)
        assert loss >= 0
        assert np.isfinite(gradient).all()

    def test_what_cannot_be_learnt_from_gives_nothing(self, name):
        if takes(name) == "classes":
            return  # each photo has its class
        for labels in ([4], [0, 0, 0], [0, 1, 2]):
            if takes(name) != "triplets" and len(set(labels)) < len(labels):
                continue  # pairs of one class can still come nearer
            loss, gradient = learnt(name, np.eye(4)[: len(labels)], given(name, labels, 4))
            assert loss == 0
            assert (gradient == 0).all()

    def test_what_it_takes_is_said(self, name):
        assert takes(name) in TAKES

    def test_gradients_reach_the_descriptors_and_the_classes(self, name):
        rows, labels = BATCHES["random"]
        beside = [each.requires_grad_(each.is_floating_point()) for each in given(name, labels, 4)]
        _, gradient = learnt(name, rows, beside)
        assert (np.abs(gradient).max(axis=1) > 0).any()
        for each in beside:
            assert not each.requires_grad or (each.grad.abs().sum(1) > 0).all()

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_a_batch_does_not_matter(self, name, seed):
        rows, labels = unit(10, seed=seed), labels_of(10, 3, seed)
        order = np.random.default_rng(seed).permutation(10)
        one, gradient = learnt(name, rows, given(name, labels, 4))
        other, turned = learnt(
            name, rows[order], given(name, labels[order], 4)[:1] + given(name, labels, 4)[1:]
        )
        assert one == pytest.approx(other, rel=1e-12)
        np.testing.assert_allclose(turned, gradient[order], atol=1e-12)

    def test_what_classes_are_called_does_not_matter(self, name):
        rows, labels = BATCHES["random"]
        if takes(name) == "classes":
            return  # there they are rows of the weights
        one, other = (learnt(name, rows, given(name, called, 4)) for called in (labels, 3 * labels + 5))
        assert one[0] == other[0]
        np.testing.assert_array_equal(one[1], other[1])

    def test_a_step_along_the_gradient_makes_it_less(self, name):
        rows, labels = unit(16, 8, 3), labels_of(16, 4, 3)
        beside = given(name, labels, 8)
        loss, gradient = learnt(name, rows, beside)
        assert loss > 0
        assert learnt(name, rows - 1e-3 * gradient / np.abs(gradient).max(), beside)[0] < loss

    def test_things_that_are_apart_and_pictures_of_one_that_are_alike_are_best(self, name):
        labels = np.arange(8) // 2
        best = np.eye(4)[labels]
        beside = given(name, labels, 4)
        if takes(name) == "classes":
            beside[1] = torch.eye(4, dtype=torch.float64)
        others = [learnt(name, unit(8, seed=seed), beside)[0] for seed in range(10)]
        assert learnt(name, best, beside)[0] < min(others)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("triplet:margin=-1", "'triplet' takes 0 or more for 'margin', not -1."),
        ("contrastive:near=-0.1", "'contrastive' takes 0 or more for 'near', not -0.1."),
        ("contrastive:far=nan", "'contrastive' takes 0 or more for 'far', not nan."),
        ("multi-similarity:alpha=0", "'multi-similarity' takes more than 0 for 'alpha', not 0."),
        ("multi-similarity:beta=-50", "'multi-similarity' takes more than 0 for 'beta', not -50."),
        ("multi-similarity:margin=-1", "'multi-similarity' takes 0 or more for 'margin', not -1."),
        ("multi-similarity:base=-2", "'multi-similarity' takes -1 or more for 'base', not -2."),
        ("cosine-softmax:scale=0", "'cosine-softmax' takes more than 0 for 'scale', not 0."),
        ("cosine-softmax:margin=-1", "'cosine-softmax' takes 0 or more for 'margin', not -1."),
        ("arcface:scale=inf", "'arcface' takes more than 0 for 'scale', not inf."),
        ("arcface:margin=28.6", "'arcface' takes radians, 0 to pi, for 'margin', not 28.6."),
        ("info-nce:temperature=0", "'info-nce' takes more than 0 for 'temperature', not 0."),
        ("listwise-ap:bins=1", "'listwise-ap' takes 2 or more for 'bins', not 1."),
    ],
)
def test_settings_that_mean_nothing_are_errors(text, message):
    name = text.partition(":")[0]
    with pytest.raises(BadSetting) as error:
        learnt(text, unit(6), given(name, [0, 0, 1, 1, 2, 2], 4))
    assert str(error.value) == message


# The formulas, written out: rows are of unit length, and loops are loops


def slow_triplet(rows, triplets, margin=0.1, squared=True):
    total = 0.0
    for query, matching, other in triplets:
        near = math.dist(rows[query], rows[matching])
        far = math.dist(rows[query], rows[other])
        total += max(0.0, margin + (near**2 - far**2 if squared else near - far))
    return total / len(triplets)


def slow_contrastive(rows, labels, near=0.0, far=0.7):
    pulled, pushed = [], []
    for one, other in itertools.combinations(range(len(rows)), 2):
        apart = math.dist(rows[one], rows[other])
        if labels[one] == labels[other]:
            pulled.append(max(apart - near, 0) ** 2)
        else:
            pushed.append(max(far - apart, 0) ** 2)
    wrong = [[value for value in values if value > 0] for values in (pulled, pushed)]
    return sum(sum(values) / len(values) for values in wrong if values)


def slow_multi_similarity(rows, labels, alpha=2.0, beta=50.0, base=0.5, margin=0.1):
    total = 0.0
    for query, own in enumerate(rows):
        same = [own @ rows[i] for i in range(len(rows)) if i != query and labels[i] == labels[query]]
        strange = [own @ rows[i] for i in range(len(rows)) if labels[i] != labels[query]]
        if same and strange:
            pull = [s for s in same if s - margin < max(strange)]
            push = [s for s in strange if s + margin > min(same)]
            total += math.log(1 + sum(math.exp(-alpha * (s - base)) for s in pull)) / alpha
            total += math.log(1 + sum(math.exp(beta * (s - base)) for s in push)) / beta
    return total / len(rows)


def slow_cosine_softmax(rows, labels, weights, scale=16.0, margin=0.0):
    total = 0.0
    for own, label in zip(rows, labels, strict=True):
        logits = [scale * (own @ each) / np.linalg.norm(each) for each in weights]
        logits[label] -= scale * margin
        total += math.log(sum(math.exp(logit) for logit in logits)) - logits[label]
    return total / len(rows)


def slow_arcface(rows, labels, weights, scale=30.0, margin=0.15):
    total = 0.0
    for own, label in zip(rows, labels, strict=True):
        cosines = [(own @ each) / np.linalg.norm(each) for each in weights]
        angle = math.acos(cosines[label])
        cosines[label] = (
            math.cos(angle + margin)
            if angle + margin < math.pi
            else cosines[label] - margin * math.sin(margin)
        )
        logits = [scale * each for each in cosines]
        total += math.log(sum(math.exp(logit) for logit in logits)) - logits[label]
    return total / len(rows)


def slow_info_nce(rows, labels, temperature=0.05):
    losses = []
    for query, matching in itertools.permutations(range(len(rows)), 2):
        if labels[query] == labels[matching]:
            own = math.exp(rows[query] @ rows[matching] / temperature)
            against = (i for i in range(len(rows)) if labels[i] != labels[query])
            others = sum(math.exp(rows[query] @ rows[i] / temperature) for i in against)
            losses.append(-math.log(own / (own + others)))
    return sum(losses) / len(losses)


def slow_listwise_ap(rows, labels, bins=20):
    centres = np.linspace(1, -1, bins)
    precisions = []
    for query in range(len(rows)):
        found, right = np.zeros(bins), np.zeros(bins)
        for i in range(len(rows)):
            if i != query:
                similarity = rows[query] @ rows[i]
                for number, centre in enumerate(centres):
                    share = max(0.0, 1 - abs(similarity - centre) * (bins - 1) / 2)
                    found[number] += share
                    right[number] += share * (labels[i] == labels[query])
        if right.sum() > 0:
            total = 0.0
            for number in range(bins):
                seen = found[: number + 1].sum()
                if seen > 0:
                    total += right[: number + 1].sum() / seen * right[number] / right.sum()
            precisions.append(total)
    return 1 - sum(precisions) / len(precisions)


SETTINGS = {
    "triplet": ["", "margin=0.7", "squared=false,margin=0.3"],
    "contrastive": ["", "near=0.4,far=1.2", "far=0"],
    "multi-similarity": ["", "alpha=5,beta=12,base=0.2,margin=0", "margin=3"],
    "cosine-softmax": ["", "scale=5,margin=0.35"],
    "arcface": ["", "scale=7,margin=0.5", "margin=2.5"],
    "info-nce": ["", "temperature=0.5"],
    "listwise-ap": ["", "bins=2", "bins=7"],
}
CASES = [(name, settings) for name in NAMES for settings in SETTINGS[name]]


def slow(name: str, rows: np.ndarray, beside: list[torch.Tensor], settings: str) -> float:
    method = methods.find("losses", f"{name}:{settings}")
    form = globals()[f"slow_{name.replace('-', '_')}"]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return form(rows, *(each.numpy() for each in beside), **method.settings)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_loss_is_its_formula_and_its_gradient_the_slope_of_it(name, settings):
    for seed in range(4):
        rows, labels = unit(7, 3, seed) * 1.5, np.arange(7) % 3
        beside = given(name, labels, 3)
        loss, gradient = learnt(f"{name}:{settings}", rows, beside)
        assert loss == pytest.approx(slow(name, rows, beside, settings), rel=1e-9, abs=1e-12)
        slopes = np.zeros_like(rows)
        for place in np.ndindex(rows.shape):
            step = np.zeros_like(rows)
            step[place] = 1e-6
            up, down = (slow(name, rows + turn * step, beside, settings) for turn in (1, -1))
            slopes[place] = (up - down) / 2e-6
        np.testing.assert_allclose(gradient, slopes, atol=1e-6 * max(1, np.abs(slopes).max()))


def test_distances_have_a_finite_gradient_where_two_are_one():
    rows = torch.from_numpy(unit(3)).requires_grad_(True)
    for squared in (True, False):
        found = distances(rows, torch.from_numpy(unit(3)), squared)
        found.sum().backward()
        assert found.tolist() == [0, 0, 0]
        assert (rows.grad == 0).all()


def test_a_wider_angle_falls_on_behind_a_half_turn():
    """The farther a photo is from its class, the larger is the loss, also where the cosine comes back up."""
    weights = torch.eye(3, dtype=torch.float64)[[0, 2]]  # the other class is at a right angle to all photos
    losses = [
        learnt(
            "arcface:margin=0.5",
            np.array([[np.cos(angle), np.sin(angle), 0]]),
            [torch.zeros(1).long(), weights],
        )
        for angle in np.linspace(0.01, np.pi - 0.01, 200)
    ]
    assert (np.diff([loss for loss, _ in losses]) > 0).all()


# What a library of others says: pytorch-metric-learning, by Musgrave et al.

CLASSES = 5


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("pytorch_metric_learning", reason="pip install 'resight[dev]'")


@pytest.fixture(params=range(4))
def batch(request):
    """Rows (20, 6) of unit length with gradients, labels (20,) of at most five classes, and 60 triplets."""
    labels = labels_of(20, CLASSES, request.param)
    every = triplets_of(labels)
    chosen = np.random.default_rng(request.param).choice(len(every), 60, replace=False)
    return unit(20, 6, request.param), torch.from_numpy(labels), torch.from_numpy(every[chosen])


def agree(text: str, rows: np.ndarray, beside, theirs) -> None:
    """The same loss and gradient to 1e-6 of its size."""
    loss, gradient = learnt(text, rows, beside)
    raw = torch.from_numpy(rows.copy()).requires_grad_(True)
    found = theirs(torch.nn.functional.normalize(raw))
    found.backward()
    assert loss > 0
    assert loss == pytest.approx(float(found.detach()), rel=1e-6)
    np.testing.assert_allclose(gradient, raw.grad.numpy(), atol=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize("margin", [0.1, 0.5])
@pytest.mark.parametrize("squared", [True, False])
def test_triplet_agrees(library, batch, margin, squared):
    """Their default leaves triplets without a loss out of the mean, and squares no distance."""
    from pytorch_metric_learning import distances, losses, reducers

    rows, labels, triplets = batch
    theirs = losses.TripletMarginLoss(
        margin, distance=distances.LpDistance(power=2 if squared else 1), reducer=reducers.MeanReducer()
    )
    agree(
        f"triplet:margin={margin},squared={squared}", rows, [triplets],
        lambda found: theirs(found, labels, tuple(triplets.T)),
    )  # fmt: skip


@pytest.mark.parametrize(("near", "far"), [(0.0, 0.7), (0.5, 1.3)])
def test_contrastive_agrees(library, batch, near, far):
    """Their hinges are not squared, so they are here; the mean over wrong pairs is their default, too."""
    from pytorch_metric_learning import losses

    class Squared(losses.ContrastiveLoss):
        def get_per_pair_loss(self, *pairs):
            return super().get_per_pair_loss(*pairs) ** 2

    rows, labels, _ = batch
    theirs = Squared(near, far)
    agree(f"contrastive:near={near},far={far}", rows, [labels], lambda found: theirs(found, labels))


@pytest.mark.parametrize("settings", [(2, 50, 0.5, 0.1), (1, 10, 0.3, 0.4)])
def test_multi_similarity_agrees(library, batch, settings):
    """Their loss takes all pairs, unless their miner chooses; settings have the same names and defaults."""
    from pytorch_metric_learning import losses, miners

    rows, labels, _ = batch
    alpha, beta, base, margin = settings
    theirs, miner = losses.MultiSimilarityLoss(alpha, beta, base), miners.MultiSimilarityMiner(margin)
    agree(
        f"multi-similarity:alpha={alpha},beta={beta},base={base},margin={margin}", rows, [labels],
        lambda found: theirs(found, labels, miner(found.detach(), labels)),
    )  # fmt: skip


@pytest.mark.parametrize("temperature", [0.05, 0.07, 1.0])
def test_info_nce_agrees(library, batch, temperature):
    """Theirs is called NT-Xent, and its temperature is 0.07 where ours is 0.05."""
    from pytorch_metric_learning import losses

    rows, labels, _ = batch
    theirs = losses.NTXentLoss(temperature)
    agree(f"info-nce:temperature={temperature}", rows, [labels], lambda found: theirs(found, labels))


@pytest.mark.parametrize("bins", [5, 20])
def test_listwise_ap_agrees(library, batch, bins):
    """Theirs is FastAP, which counts spaces between bins, of squared distances: 2 less twice similarity."""
    from pytorch_metric_learning import losses

    rows, labels, _ = batch
    theirs = losses.FastAPLoss(bins - 1)
    agree(f"listwise-ap:bins={bins}", rows, [labels], lambda found: theirs(found, labels))


def classifier(kind, weights: torch.Tensor, **settings):
    """One of their losses of classes, with our weights (K, D)."""
    theirs = kind(num_classes=len(weights), embedding_size=weights.shape[1], **settings)
    theirs.W.data = weights.T.clone()
    return theirs


@pytest.mark.parametrize("scale", [16.0, 4.0])
def test_cosine_softmax_agrees(library, batch, scale):
    """Their normalised softmax says one over the temperature; CosFace is the one with a margin."""
    from pytorch_metric_learning import losses

    rows, labels, _ = batch
    weights = torch.from_numpy(unit(CLASSES, 6, 8) * 2)
    plain = classifier(losses.NormalizedSoftmaxLoss, weights, temperature=1 / scale)
    agree(f"cosine-softmax:scale={scale}", rows, [labels, weights], lambda found: plain(found, labels))
    wide = classifier(losses.CosFaceLoss, weights, scale=scale, margin=0.35)
    agree(
        f"cosine-softmax:scale={scale},margin=0.35",
        rows,
        [labels, weights],
        lambda found: wide(found, labels),
    )


@pytest.mark.parametrize("margin", [0.15, 0.5, 2.0])
def test_arcface_agrees(library, batch, margin):
    """Their margin is in degrees, and by default 28.6 at a scale of 64; ours are those of landmarks."""
    from pytorch_metric_learning import losses

    rows, labels, _ = batch
    weights = torch.from_numpy(unit(CLASSES, 6, 8) * 2)
    theirs = classifier(losses.ArcFaceLoss, weights, scale=30, margin=math.degrees(margin))
    agree(f"arcface:margin={margin}", rows, [labels, weights], lambda found: theirs(found, labels))
