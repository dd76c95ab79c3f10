"""A new photo's query through an opened gallery, beside an earlier commit: `query.py --before TREE`.

Both trees answer the same queries in turn, each in a process of its own that holds a gallery of the same
photos open; in a round, each answers all queries one after the other. The answers must be the same files.
Medians of a query's seconds, and of the seconds of all cores that it took, go into results/query.csv.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import record
from shared_data import needed_data

PAUSE = 0.5  # seconds before a tree's turn: threads of the other's matrix library spin for a while
HERE = Path(__file__).resolve().parent.parent


def serve(gallery: Path) -> None:
    """For each path on the standard input: both seconds, and the names found, as a line of JSON."""
    from resight import Gallery, Searcher

    with Gallery(gallery) as opened:
        searcher = Searcher(opened)
        for line in sys.stdin:
            begun = time.perf_counter(), time.process_time()
            found = searcher.search(line.rstrip("\n"), k=10)
            seconds = time.perf_counter() - begun[0], time.process_time() - begun[1]
            sys.stdout.write(json.dumps([*seconds, [hit.relative for hit in found]]) + "\n")
            sys.stdout.flush()


def started(tree: Path, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs this very file with the Resight of a tree."""
    line = [sys.executable, str(Path(__file__).resolve()), *map(str, arguments)]
    env = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    return subprocess.Popen(
        line, env=env | {"PYTHONPATH": str(tree / "src")}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def asked(server: subprocess.Popen[str], queries: list[Path]) -> list[tuple[float, float, list[str]]]:
    """For each query both seconds, and what was found."""
    if server.stdin is None or server.stdout is None:
        sys.exit("The server has no pipes.")
    time.sleep(PAUSE)
    answers = []
    for query in queries:
        server.stdin.write(f"{query}\n")
        server.stdin.flush()
        answers.append(tuple(json.loads(server.stdout.readline())))
    return answers


def main() -> None:
    """Measure, print, and write results/query.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="the checkout of an earlier commit")
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--photos", type=int, default=400, help="in the gallery")
    parser.add_argument("--queries", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        return serve(chosen.serve)
    if chosen.index:
        from resight import Recipe, index

        index(*chosen.index, recipe=Recipe.load(chosen.recipe))
        return None
    data = needed_data()
    row = measured(chosen, data)
    record("query", row, ("recipe", "photos"))
    sys.stdout.write(f"{row}\n")
    return None


def measured(chosen: argparse.Namespace, data: Path) -> dict[str, object]:
    """One row: the medians of both trees."""
    queries = sorted((data / "distractors/imagenet_samples").glob("*.jpg"))[-chosen.queries :]
    trees = {"before": chosen.before or HERE, "now": HERE}
    with tempfile.TemporaryDirectory(prefix="resight-query-") as name:
        photos = Path(name) / "photos"
        photos.mkdir()
        for number, path in enumerate(sorted((data / "dvd_covers").rglob("*.jpg"))[: chosen.photos]):
            (photos / f"{number:05d}.jpg").symlink_to(path.resolve())
        galleries = {which: Path(name) / which for which in trees}
        for which, tree in trees.items():
            made = started(tree, "--recipe", chosen.recipe, "--index", photos, galleries[which])
            if made.wait():
                sys.exit(f"The gallery of {tree} was not made.")
        servers = {which: started(tree, "--serve", galleries[which]) for which, tree in trees.items()}
        spent: dict[str, list[tuple[float, float]]] = {which: [] for which in trees}
        for round_ in range(chosen.rounds + 1):
            order = list(servers) if round_ % 2 else list(servers)[::-1]
            answers = {which: asked(servers[which], queries) for which in order}
            for query, one, other in zip(queries, answers["before"], answers["now"], strict=True):
                if one[2] != other[2]:
                    sys.exit(f"The trees find other files for {query}.")
            if round_:
                for which, own in answers.items():
                    spent[which] += [(wall, cores) for wall, cores, _ in own]
        for server in servers.values():
            server.communicate()
    (before, cores_before), (now, cores_now) = (
        [1000 * statistics.median(each) for each in zip(*spent[which], strict=True)]
        for which in ("before", "now")
    )
    return {
        "recipe": chosen.recipe,
        "photos": chosen.photos,
        "queries": len(queries),
        "before_ms": f"{before:.1f}",
        "now_ms": f"{now:.1f}",
        "ratio": f"{now / before:.2f}",
        "before_cores_ms": f"{cores_before:.1f}",
        "now_cores_ms": f"{cores_now:.1f}",
    }


if __name__ == "__main__":
    main()
