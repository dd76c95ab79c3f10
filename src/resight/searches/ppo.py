"""A controller that learns which policies are rewarded, by PPO. Tursun et al., ICIP 2020, section 2.2.

The controller is that of neural architecture search (Zoph et al., CVPR 2018), and the objective the clipped
one of Schulman et al., 2017.
"""

from __future__ import annotations

import numpy as np

from resight.progress import Progress
from resight.searches._promise import Found, Ledger, Score, Space


def ppo(
    score: Score,
    space: Space,
    budget: int,
    generator: np.random.Generator,
    progress: Progress,
    *,
    lr: float = 1e-5,
    hidden: int = 100,
    batch: int = 200,
    epochs: int = 4,
    clip: float = 0.2,
    entropy: float = 1e-5,
    baseline: float = 0.95,
    spread: float = 0.1,
) -> Found:
    """The best policy among all that the controller drew while it learnt.

    `lr` and the `hidden` units are the paper's; that it drew `batch` policies at once and went through each
    batch `epochs` times is not said there, nor are `clip`, the weight of the `entropy`, how slowly the mean
    reward moves that is taken off as `baseline`, or the `spread` of the first weights.
    """
    import torch

    from resight.searches._controller import Controller

    run = Ledger(score, budget, progress, "PPO")
    operations, magnitudes = space.table.shape
    controller = Controller(operations, magnitudes, hidden, spread, int(generator.integers(1 << 31)))
    learning = torch.optim.Adam(controller.parameters(), lr=lr)
    usual: float | None = None
    while run.left > 0:
        choices = controller.draw(min(batch, run.left), space.length)
        drawn = choices.numpy()
        rewards = run(space.table[drawn[:, ::2], drawn[:, 1::2]])
        usual = float(rewards.mean()) if usual is None else usual
        gains = torch.from_numpy(rewards - usual).float()
        usual = baseline * usual + (1 - baseline) * float(rewards.mean())
        with torch.no_grad():
            before, _ = controller.judge(choices)
        for _ in range(epochs):
            now, entropies = controller.judge(choices)
            ratio = torch.exp(now - before)
            clipped = torch.clamp(ratio, 1 - clip, 1 + clip)
            gained = torch.minimum(ratio * gains, clipped * gains).mean() + entropy * entropies.mean()
            learning.zero_grad()
            torch.autograd.backward(-gained)
            learning.step()
    return run.found()
