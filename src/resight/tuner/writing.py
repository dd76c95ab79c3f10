"""What tuning came to, and the policy as a TOML file that any recipe takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resight.codec import encode, toml_value
from resight.errors import StorageFailed
from resight.files import write_whole
from resight.policy import Policy


@dataclass(frozen=True, eq=False)
class Tuned:
    """The best policy with its `reward`, beside those of the photo as it is (`alone`) and of tursun2020.

    `best` are up to 100 policies with their rewards, the best first; `course` are pairs of how many were
    scored and the best reward by then. `facts` are what the result depends on.
    """

    policy: Policy
    reward: float
    alone: float
    published: float | None
    scored: int
    seconds: Mapping[str, float]
    best: tuple[tuple[tuple[str, ...], float], ...]
    course: tuple[tuple[int, float], ...]
    facts: Mapping[str, Any]

    def counts(self) -> dict[str, int]:
        """How often each operation stands in the best policies. Tursun et al., ICIP 2020, figure 4."""
        return count_operations([policy for policy, _ in self.best])

    def as_dict(self) -> dict[str, Any]:
        """The one JSON object of `resight tune --json`."""
        plain: dict[str, Any] = encode(self)
        return plain | {"policy": self.policy.name, "operations": list(self.policy.operations)}

    def write(self, path: Path) -> None:
        """Write the policy as TOML, whole or not at all; raises StorageFailed."""
        try:
            write_whole(path, [toml(self.policy).encode()])
        except OSError as error:
            raise StorageFailed(f"The policy cannot be written to {path}: {error.strerror}.") from None


def count_operations(policies: Sequence[Sequence[str]]) -> dict[str, int]:
    """How often each operation stands in policies, the most frequent first."""
    found = Counter(text.partition(":")[0] for policy in policies for text in policy)
    return dict(found.most_common())


def toml(policy: Policy) -> str:
    """A policy as the text that `Policy.load` reads."""
    lines = [
        "# A policy for `views.policy` of any recipe, found by `resight tune`; `found` is for people alone."
    ]
    lines += [f"name       = {toml_value(policy.name)}", "operations = ["]
    lines += [f"    {toml_value(each)}," for each in policy.operations]
    lines += ["]", "", "[found]", *(f"{key} = {toml_value(value)}" for key, value in policy.found.items())]
    return "\n".join(lines) + "\n"
