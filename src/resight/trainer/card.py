"""The model card of a run: what it was trained on and how, how well it does, and on which terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resight.evaluator.code_version import commit
from resight.version import __version__

TEXT = """# {name}

`{name}` finds things again in photos. It is the recipe `{recipe}`, trained by the plan `{plan}`{how}.
Use it as any other recipe: `resight index PHOTOS --recipe {path}/recipe.toml`.

## Figures

{figures}

## What it was trained on

- {photos} photos of {classes} things in `{data}`; {held}.
- Hash of their names and sizes: `{hash}`.
- Licence of the photos: {licence}.
- Weights that training started from: {weights}.

## How

- {steps} steps, {pictures} pictures, {time} of training on {machine}, in {precision}.
- Seed {seed}. Resight {version}, commit {commit}, torch {torch}.
- The plan is in `plan.toml`, each step in `metrics.jsonl`, the curves in `curves.png`.

## What it is not

Figures are of the held photos alone: other photos may do better or worse. Nobody has looked for
what it confuses, or whom; do not use it to find people.
"""


def write_card(facts: Mapping[str, Any]) -> str:
    """The card as Markdown, from the facts of a run."""
    import torch

    return TEXT.format(
        **facts, version=__version__, commit=commit() or "unknown", torch=torch.__version__,
    )  # fmt: skip


def format_figures(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Both as a table."""
    rows = ["| measure | before | after |", "|---|---|---|"]
    rows += [f"| {name} | {before[name]:.4f} | {after[name]:.4f} |" for name in before if name in after]
    return "\n".join(rows)
