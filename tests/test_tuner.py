"""Tuning: what is cached is what is described, rewards are their formulas; searches repeat and go on."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import typer.testing

import resight
from resight import cli, methods
from resight.datasets import open_dataset
from resight.describing.describer import Describer
from resight.errors import BadData, BadQuery, BadRecipe, BadSetting, UnknownMethod
from resight.images import read
from resight.policy import Policy, variants
from resight.progress import Silent, Stopped
from resight.recipe import Recipe
from resight.rewards import Examples
from resight.rewards._grams import Grams, one_torch_thread
from resight.rewards._promise import summed
from resight.searches import Space
from resight.tuner import tune
from resight.tuner.cache import Cache
from resight.tuner.grouping import Groups, pairs_of
from resight.tuner.journal import Journal
from resight.tuner.variants import Variants, through
from support import killed_tune, small, tiny_data

NAMES = (*variants(), "")
SPACE = Space.of(NAMES[:-1], 8)
SEARCHES = methods.names("searches")
TINY = small.PLAIN | {"views": {"sizes": [64], "resize": "square"}}
pytestmark = pytest.mark.filterwarnings("ignore")


def examples(photos=30, width=16, seed=0):
    """Drawn descriptors: photos of one group lean one way, and variants differ from each other."""
    draw = np.random.default_rng(seed)
    groups = np.arange(photos) // 3
    middle, leaning = draw.normal(size=(photos // 3, width)), draw.normal(size=(len(NAMES), width))
    rows = middle[groups][:, None] + 0.5 * leaning + 0.7 * draw.normal(size=(photos, len(NAMES), width))
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    pairs, alike = pairs_of(groups, 0, alike=25, apart=40)
    return Examples(rows.astype(np.float32), NAMES, groups, pairs, alike, workers=2)


@pytest.fixture(scope="module")
def logos(tmp_path_factory):
    return tiny_data.made(tmp_path_factory.mktemp("data")) / "logos"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where these tests keep descriptors: the first to need them describes them."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(autouse=True)
def _own_tunings(kept, monkeypatch):
    monkeypatch.setattr("resight.evaluator.workspace.cache", lambda: kept / "evaluations")
    monkeypatch.setattr("resight.tuner.planning.cache_folder", lambda: kept)


def found_by(name, score=None, budget=600, seed=0, progress=None, length=8):
    score = score or methods.find("rewards", "contrastive")(examples())
    space = Space(length, SPACE.table)
    return methods.find("searches", name).call(
        score, space, budget, np.random.default_rng(seed), progress or Silent()
    )


# Products instead of sums


def test_products_give_the_similarities_of_summed_descriptors():
    given = examples()
    policies = np.random.default_rng(1).integers(0, len(NAMES), (200, 8))
    policies[:20, 1:4] = policies[:20, :1]  # a variant several times
    found = Grams(given).similarities(policies)
    for policy, own in zip(policies, found, strict=True):
        rows = summed(given, policy).astype(np.float64)
        expected = (rows[given.pairs[0]] * rows[given.pairs[1]]).sum(axis=1)
        np.testing.assert_allclose(own, expected, atol=1e-5)


def test_a_photo_of_nothing_is_like_nothing():
    given = examples()
    given.descriptors[given.pairs[0, 0]] = 0
    assert (Grams(given).similarities(np.zeros((1, 8), np.int64))[0, 0]) == 0


def by_hand(given, policy, tau=0.7, squared=False):
    rows = summed(given, policy).astype(np.float64)
    distance = np.linalg.norm(rows[given.pairs[0]] - rows[given.pairs[1]], axis=1)
    hinge = np.maximum(0, tau - distance)
    losses = np.where(given.alike, distance**2 / 2, (hinge**2 if squared else hinge) / 2)
    names = [NAMES[number].partition(":")[0] for number in policy]
    n = len(policy)
    return losses, 0.1 * (1 - len(set(policy.tolist())) / n) + 0.05 * (1 - len(set(names)) / n)


def test_the_contrastive_reward_is_its_formula():
    given = examples()
    policies = np.random.default_rng(2).integers(0, len(NAMES), (40, 8))
    policies[0] = policies[0, 0]
    for settings, reduce, options in [
        ("", np.mean, {}),
        (":reduction=sum", np.sum, {}),
        (":squared=true,tau=1.2", np.mean, {"squared": True, "tau": 1.2}),
    ]:
        score = methods.find("rewards", f"contrastive{settings}")(given)
        for policy, found in zip(policies, score(policies), strict=True):
            losses, diversity = by_hand(given, policy, **options)
            assert found == pytest.approx(-(reduce(losses) + diversity), abs=1e-5 * len(losses))
    with pytest.raises(BadSetting, match="'reduction' is one of mean, sum"):
        methods.find("rewards", "contrastive:reduction=max")(given)


def test_the_reward_by_average_precision_is_what_the_evaluator_measures():
    from resight import metrics

    given = examples()
    policy = np.array([3, 50, 50, 100, 7])
    rows = summed(given, policy)
    for k, settings in [(0, ""), (5, ":k=5")]:
        expected = []
        for query, group in enumerate(given.groups):
            order = np.argsort(-(rows @ rows[query]), kind="stable")
            order = order[order != query]
            ranks = np.flatnonzero(given.groups[order] == group)
            own = metrics.precision.average_precision(ranks, 2)
            expected.append(metrics.precision.average_precision_at(ranks, 2, k) if k else own)
        (found,) = methods.find("rewards", f"average-precision{settings}")(given)(policy[None])
        assert found == pytest.approx(np.mean(expected), abs=1e-9)


@pytest.mark.parametrize("name", methods.names("rewards"))
def test_a_reward_does_not_depend_on_the_policies_beside_it(name):
    score = methods.find("rewards", name)(examples())
    policies = np.random.default_rng(3).integers(0, len(NAMES), (30, 8))
    together = score(policies)
    assert together.shape == (30,)
    for place in (0, 13, 29):
        assert score(policies[place : place + 1])[0] == together[place]
        np.testing.assert_allclose(score(policies[place : place + 1, ::-1]), together[place], atol=1e-6)


# Pairs


def test_pairs_are_all_within_groups_and_some_across_them():
    groups = np.repeat(np.arange(40), 4)
    pairs, alike = pairs_of(groups, 0)
    assert alike.sum() == 40 * 6
    assert (~alike).sum() == np.ceil(240 * 4051 / 3237)
    assert ((groups[pairs[0]] == groups[pairs[1]]) == alike).all()
    assert len(np.unique(np.sort(pairs, axis=0), axis=1).T) == pairs.shape[1]
    again, _ = pairs_of(groups, 0)
    np.testing.assert_array_equal(pairs, again)
    assert (pairs_of(groups, 1)[0] != pairs).any()


def test_pairs_are_capped_as_in_the_paper():
    pairs, alike = pairs_of(np.repeat(np.arange(100), 12), 0)
    assert (alike.sum(), (~alike).sum()) == (3237, 4051)
    assert len(np.unique(np.sort(pairs, axis=0), axis=1).T) == 3237 + 4051


def test_photos_of_no_group_and_groups_of_one_are_left_out(logos, tmp_path):
    (logos.parent / "mine.csv").write_text(
        "path,instance\nlogos/0/0.jpg,a\nlogos/0/1.jpg,a\nlogos/1/0.jpg,b\nlogos/1/1.jpg,b\nlogos/2/0.jpg,c\n"
    )
    found = Groups.of(open_dataset(str(logos.parent / "mine.csv")))
    assert (found.photos.tolist(), found.groups.tolist(), found.count) == ([0, 1, 2, 3], [0, 0, 1, 1], 2)
    (logos.parent / "few.csv").write_text("path,instance\nlogos/0/0.jpg,a\nlogos/0/1.jpg,a\n")
    with pytest.raises(BadData, match="needs two groups of two photos"):
        Groups.of(open_dataset(str(logos.parent / "few.csv")))


def test_marks_say_which_pairs_are_alike_and_which_are_not(logos):
    names = [f"logos/{thing}/{photo}.jpg" for thing in range(4) for photo in range(2)]
    marks = [(0, 1, "same"), (2, 3, "same"), (1, 2, "different"), (0, 4, "different"), (6, 7, "same")]
    rows = "".join(f"{names[one]},{names[other]},{mark}\n" for one, other, mark in marks)
    (logos.parent / "marks.csv").write_text(f"first,second,mark\n{rows}")
    data = open_dataset(str(logos.parent / "marks.csv"))
    found = Groups.of(data)
    shown = [data.photos[number] for number in found.photos]
    assert sorted(shown) == sorted([*names[:5], *names[6:]])
    pairs, alike = pairs_of(found.groups, 0, different=found.different)
    told = {
        frozenset((shown[one], shown[other])): bool(own)
        for (one, other), own in zip(pairs.T, alike, strict=True)
    }
    same = [(0, 1), (2, 3), (6, 7)]
    apart = [(0, 2), (0, 3), (1, 2), (1, 3), (0, 4), (1, 4)]  # what is marked of one photo holds of its thing
    near = {frozenset((names[one], names[other])): True for one, other in same}
    far = {frozenset((names[one], names[other])): False for one, other in apart}
    assert {pair for pair, own in told.items() if own} == set(near)
    assert {pair for pair, own in told.items() if not own} <= set(far)
    assert len(told) == 3 + 4  # as many as balance those that are alike
    policy = tune(data, Recipe.parse(TINY), search="single", engine="torch")
    assert policy.facts["pairs"] == [3, 4]


def test_marks_without_a_pair_that_differs_are_tuned_on_as_groups_are(logos):
    (logos.parent / "same.csv").write_text(
        "first,second,mark\nlogos/0/0.jpg,logos/0/1.jpg,same\nlogos/1/0.jpg,logos/1/1.jpg,same\n"
    )
    found = Groups.of(open_dataset(str(logos.parent / "same.csv")))
    assert found.different.size == 0
    _, alike = pairs_of(found.groups, 0, different=found.different)
    assert (alike.sum(), (~alike).sum()) == (2, 3)


# Searches


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_keeps_its_budget_repeats_itself_and_gives_the_best(name):
    score = methods.find("rewards", "contrastive")(examples())
    scored = []

    def counted(policies):
        scored.append(len(policies))
        return score(policies)

    found = found_by(name, counted)
    assert found.scored == sum(scored) <= 600
    again = found_by(name)
    assert (again.policies, again.rewards) == (found.policies, found.rewards)
    assert list(found.rewards) == sorted(found.rewards, reverse=True)
    assert len(found.policies) == len(set(found.policies)) == min(100, len(found.policies))
    for policy, reward in list(zip(found.policies, found.rewards, strict=True))[:5]:
        assert score(np.array([policy]))[0] == pytest.approx(reward, abs=1e-6)
    assert found.course[-1] == (found.course[-1][0], found.rewards[0])


@pytest.mark.parametrize("name", sorted({*SEARCHES} - {"single", "forward-selection"}))
def test_other_seeds_give_other_policies(name):
    assert found_by(name, seed=1).policies != found_by(name).policies


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("budget", [1, 7, 130])
def test_a_search_with_a_small_budget_ends(name, budget):
    assert found_by(name, budget=budget).scored <= budget
    assert found_by(name, budget=budget, length=1).policies


def test_cleverer_searches_beat_chance():
    chance = found_by("random-search", budget=3000).rewards[0]
    for name in ("evolution", "forward-selection"):
        assert found_by(name, budget=3000).rewards[0] > chance


def test_a_controller_learns_what_is_rewarded():
    """A reward for rotations alone: by the end nearly all that is drawn is one."""
    rotations = np.array([text.startswith("rotate") for text in NAMES[:-1]])
    means = []

    def score(policies):
        rewards = rotations[policies].mean(axis=1)
        means.append(rewards.mean())
        return rewards

    found_by("ppo:lr=0.01,batch=50", score, budget=3000, length=2)
    assert means[0] < 0.2
    assert means[-1] > 0.7


def test_the_space_knows_operations_and_magnitudes():
    assert (SPACE.variants, SPACE.table.shape) == (124, (16, 10))
    for number, text in enumerate(NAMES[:-1]):
        assert SPACE.operation_of()[number] == methods.names("operations").index(text.partition(":")[0])


class Stopping(Silent):
    """Asks for an end after so many questions."""

    def __init__(self, questions):
        self.left, self.said = questions, []

    def stopping(self):
        self.left -= 1
        return self.left < 0

    def say(self, sentence):
        self.said.append(sentence)


@pytest.mark.parametrize("name", ["ppo:batch=100", "evolution", "random-search:batch=100"])
def test_a_search_that_was_stopped_goes_on_where_it_was(name, tmp_path):
    score = methods.find("rewards", "contrastive")(examples())
    scored = []

    def counted(policies):
        scored.append(len(policies))
        return score(policies)

    with pytest.raises(Stopped):
        found_by(name, Journal(tmp_path / "journal", counted), progress=Stopping(3))
    before = sum(scored)
    data = (tmp_path / "journal").read_bytes()
    (tmp_path / "journal").write_bytes(data + b"half a record")
    scored.clear()
    found = found_by(name, Journal(tmp_path / "journal", counted))
    assert before + sum(scored) == found.scored
    assert found.rewards == found_by(name).rewards
    scored.clear()
    found_by(name, Journal(tmp_path / "journal", counted))
    assert scored == []


def test_a_journal_of_another_search_is_not_believed(tmp_path):
    ones, twos = np.full((2, 3), 1), np.full((2, 3), 2)
    journal = Journal(tmp_path / "journal", lambda policies: policies.sum(axis=1) * 1.0)
    assert journal(ones).tolist() == journal(ones).tolist() == [3, 3]
    journal = Journal(tmp_path / "journal", lambda policies: policies.sum(axis=1) * 1.0)
    assert [journal(each).tolist() for each in (ones, twos, ones)] == [[3, 3], [6, 6], [3, 3]]
    journal = Journal(tmp_path / "journal", lambda policies: 1 / 0)
    assert [journal(each).tolist() for each in (ones, twos, ones)] == [[3, 3], [6, 6], [3, 3]]


# The cache


def test_a_cache_keeps_what_was_written_down(tmp_path):
    cache = Cache(tmp_path / "cache", 3, 2)
    assert cache.waiting == [0, 1, 2]
    with pytest.raises(BadQuery, match="None of the photos can be described"):
        _ = cache.rows
    rows = [np.float32([1, 0]), np.float32([0, 1])]
    cache.put(1, rows)
    cache.put(2, None)
    assert cache.waiting == [0, 1]  # until it is on the disk
    with pytest.raises(BadQuery, match="Another `resight tune` works in"):
        Cache(tmp_path / "cache", 3, 2)
    cache.close()
    again = Cache(tmp_path / "cache", 3, 2)
    assert (again.waiting, again.described.tolist()) == ([0], [1])
    np.testing.assert_array_equal(again.rows[1], rows)
    again.close()


# The whole of it


def write_recipe(folder, values=TINY):
    return Recipe.load(str(small.toml(values, folder)))


@pytest.mark.parametrize("values", [TINY, small.FITTED], ids=["plain", "fitted"])
def test_what_is_scored_is_what_a_recipe_with_the_policy_describes(logos, tmp_path, values):
    recipe, data = Recipe.parse(values), open_dataset(str(logos))
    found = tune(data, recipe, search="random-search:batch=20", policies=40, engine="torch")
    assert found.scored == 40
    assert len(found.policy.operations) == 8
    described = Recipe.parse(values)
    if values is TINY:
        describe = Describer(through(described, found.policy.operations))
        rows = np.concatenate([describe(read(logos / photo)).vectors for photo in data.photos])
        groups = np.unique(data.labels, return_inverse=True)[1]
        pairs, alike = pairs_of(groups, 0)
        given = Examples(rows[:, None], [""], groups, pairs, alike)
        losses, _ = by_hand(given, np.zeros(1, np.int64))
        policy = np.array([NAMES.index(text) for text in found.policy.operations])
        assert found.reward == pytest.approx(-losses.mean() - by_hand(examples(), policy)[1], abs=1e-5)
    assert found.alone < 0
    assert set(found.counts()) <= set(methods.names("operations"))


def test_a_second_search_runs_no_network_and_what_was_stopped_goes_on(logos, tmp_path, monkeypatch):
    monkeypatch.setattr("resight.tuner.planning.cache_folder", lambda: tmp_path)
    recipe, data = Recipe.parse(TINY), open_dataset(str(logos))
    described = []
    whole = Cache.put
    monkeypatch.setattr(Cache, "put", lambda self, n, rows: (described.append(n), whole(self, n, rows)))
    settings = {"search": "evolution:parents=10,children=10", "policies": 60, "engine": "torch", "workers": 1}
    stopping = Stopping(3)
    with pytest.raises(Stopped):
        tune(data, recipe, progress=stopping, **settings)
    assert 0 < len(described) < 12
    found = tune(data, recipe, **settings)
    assert sorted(described) == list(range(12))
    again = tune(data, recipe, progress=(told := Stopping(1000)), **settings)
    assert len(described) == 12
    assert (again.policy.operations, again.reward) == (found.policy.operations, found.reward)
    assert "12 photos of 4 groups" in told.said[0]
    assert "all were described before" in told.said[0]


def test_killed_at_any_line_it_goes_on(logos, tmp_path):
    for name in ("0/0.jpg", "0/1.jpg", "1/0.jpg", "1/1.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes((logos / name).read_bytes())
    line = [sys.executable, killed_tune.__file__, str(tmp_path / "photos"), str(tmp_path), "0"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] >= 3
    assert told["after"] == told["alone"]


def test_a_network_sees_the_same_pixels_once(logos):
    seen = []

    class Counting:
        weights, only, name, device, batch, has_bf16 = "none", 0, "counting", "nowhere", 1, False

        def __call__(self, pixels):
            seen.append(pixels.tobytes() + str(pixels.shape).encode())
            rows, columns = (np.linspace(0, side - 1, 8).astype(int) for side in pixels.shape[1:3])
            return [pixels[:, rows][:, :, columns].reshape(1, -1, 1, 1).astype(np.float32) + 1]

    recipe = Recipe.parse(TINY)
    found = Variants(recipe, variants(), {}, "none", lambda backbone: Counting())(logos / "0" / "0.jpg", 0)
    assert len(seen) == len(set(seen)) < len(found) == 125
    counted = Counting()
    for number, operation in enumerate(NAMES):
        alone = Describer(through(recipe, [operation] if operation else ()), engine=lambda backbone: counted)
        np.testing.assert_allclose(alone(read(logos / "0" / "0.jpg")).vectors[0], found[number], atol=1e-6)


def test_a_photo_that_cannot_be_read_is_left_out(tmp_path, logos):
    import shutil

    for instance in "01":
        shutil.copytree(logos / instance, tmp_path / "logos" / instance)
    (tmp_path / "logos" / "0" / "0.jpg").write_bytes(b"no photo")
    told = Stopping(1000)
    found = tune(str(tmp_path / "logos"), Recipe.parse(TINY), search="single", engine="torch", progress=told)
    assert found.facts["photos"] == 5
    assert any("0.jpg is left out" in each for each in told.said)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (small.KEEP, "keeps its regions, and a policy sums"),
        (
            {"name": "two", "parts": [{"backbone": small.NETWORK}] * 2},
            "has 2 parts, and a policy is learnt for one",
        ),
    ],
)
def test_a_recipe_that_no_policy_is_learnt_for_is_refused(logos, values, message):
    with pytest.raises(BadRecipe, match=message):
        tune(str(logos), Recipe.parse(values))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"search": "luck"}, UnknownMethod, "No search called 'luck'"),
        ({"reward": "praise"}, UnknownMethod, "No reward called 'praise'"),
        ({"length": 0}, BadSetting, "between 1 and 1000 operations, not 0"),
        ({"settings": ["rotate:fill=999"]}, BadSetting, "'fill'"),
    ],
)
def test_wrong_settings_are_told_before_the_work(logos, settings, error, message):
    with pytest.raises(error, match=message):
        tune(str(logos), Recipe.parse(TINY), engine="torch", policies=10, **settings)


def test_the_command_writes_a_policy_that_a_recipe_takes(logos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = small.toml(TINY, tmp_path)
    words = ["tune", str(logos), "--recipe", str(path), "--search", "forward-selection:beam=1",
             "--policies", "300", "--length", "3", "--engine", "torch", "--out", "mine.toml"]  # fmt: skip
    run = typer.testing.CliRunner()
    done = run.invoke(cli.app(), words)
    assert done.exit_code == 0, done.output
    assert re.search(r"^reward +-0\.\d+, the best of \d+ policies by forward-selection", done.output, re.M)
    policy = Policy.load("mine.toml")
    assert 1 <= len(policy.operations) <= 3
    assert policy.found["search"] == "forward-selection:beam=1"
    assert {name for name, _ in policy.found["counts"]} <= set(methods.names("operations"))
    done = run.invoke(cli.app(), [*words, "--json"])
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert told["operations"] == list(policy.operations)
    seen = Recipe.parse(TINY | {"name": "seen", "views": TINY["views"] | {"policy": "mine.toml"}})
    result = resight.evaluate(seen, open_dataset(str(logos)), engine="torch")
    assert result.means["map"] > 0
    assert run.invoke(cli.app(), [*words[:-1], "mine.json"]).exit_code != 0


def test_torch_keeps_to_one_thread_in_threads_that_begin_inside_whatever_ends_it():
    before, told = torch.get_num_threads(), []

    def work():
        told.append(torch.get_num_threads())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), one_torch_thread(), ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
    assert told == [1]
    assert torch.get_num_threads() == before
