"""The controller of tursun2020: an LSTM that writes a policy, operation by operation."""

from __future__ import annotations

import torch


class Controller(torch.nn.Module):
    """Draws 2 n choices one after the other: an operation, its magnitude, the next operation ..."""

    def __init__(self, operations: int, magnitudes: int, hidden: int, spread: float, seed: int) -> None:
        super().__init__()
        self.sizes = (operations, magnitudes)
        self.begin = torch.nn.Parameter(torch.empty(1, hidden))
        self.cell = torch.nn.LSTMCell(hidden, hidden)
        self.embeddings = torch.nn.ModuleList([torch.nn.Embedding(size, hidden) for size in self.sizes])
        self.heads = torch.nn.ModuleList([torch.nn.Linear(hidden, size) for size in self.sizes])
        self.generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-spread, spread, generator=self.generator)

    def draw(self, count: int, length: int) -> torch.Tensor:
        """(count, 2 length) choices, without gradients."""
        drawn: list[torch.Tensor] = []
        with torch.no_grad():
            self._run(count, 2 * length, lambda step, logits: self._drawn(logits, drawn))
        return torch.stack(drawn, dim=1)

    def judge(self, choices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, 2 n) choices -> the logarithm of how likely each policy is (B,), and the entropies (B,)."""
        found: list[torch.Tensor] = []
        entropies: list[torch.Tensor] = []

        def chosen(step: int, logits: torch.Tensor) -> torch.Tensor:
            logs = torch.log_softmax(logits, dim=1)
            found.append(logs.gather(1, choices[:, step : step + 1])[:, 0])
            entropies.append(-(logs.exp() * logs).sum(dim=1))
            return choices[:, step]

        self._run(len(choices), choices.shape[1], chosen)
        return torch.stack(found).sum(dim=0), torch.stack(entropies).sum(dim=0)

    def _drawn(self, logits: torch.Tensor, drawn: list[torch.Tensor]) -> torch.Tensor:
        choice = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=self.generator)[:, 0]
        drawn.append(choice)
        return choice

    def _run(self, count: int, steps: int, choose) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        entering = self.begin.expand(count, -1)
        state = None
        for step in range(steps):
            state = self.cell(entering, state)
            choice = choose(step, self.heads[step % 2](state[0]))
            entering = self.embeddings[step % 2](choice)
