"""One step of training: descriptors of a batch, a loss on all of them at once, gradients piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from resight.trainer.model import Model

MOST = 512  # pictures: larger pieces are no faster

Loss = Callable[[torch.Tensor], torch.Tensor]


def backward(
    model: Model, pictures: torch.Tensor, loss: Loss, piece: int, share: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Add the gradients of `share` x loss; the loss and the descriptors (N, D).

    Where a batch has more than `piece` pictures, the descriptors are made twice: first without gradients, so
    that the loss may compare all with all, then `piece` by `piece` with what the loss says of each. The sum
    of the gradients is the same, and memory that of one piece. Gao, Zhang, Han and Callan, RepL4NLP 2021.
    """
    if len(pictures) <= piece:
        descriptors = model(pictures)
        found = loss(descriptors)
        torch.autograd.backward(share * found)
        return found.detach(), descriptors.detach()
    pieces = torch.split(pictures, piece)
    with torch.no_grad():
        descriptors = torch.cat([model(each) for each in pieces])
    descriptors.requires_grad_(True)
    found = loss(descriptors)
    torch.autograd.backward(share * found)
    given = descriptors.grad
    assert given is not None
    for each, gradient in zip(pieces, torch.split(given, piece), strict=True):
        torch.autograd.backward(model(each), gradient)
    return found.detach(), descriptors.detach()


def piece_of(model: Model, shape: tuple[int, int]) -> int:
    """How many pictures of a shape may keep what their gradients need at once, in a quarter of the memory."""
    return max(1, min(MOST, int(free_memory() // 4) // bytes_a_picture(model, shape)))


def free_memory() -> int:
    """Bytes of memory that are free now, or 4 GB where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return 4 << 30


def bytes_a_picture(model: Model, shape: tuple[int, int]) -> int:
    """Bytes that are kept of one picture (H, W) until its gradients are known, by counting them."""
    kept = 0
    seen: set[int] = set()

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            kept += storage.nbytes()
        return tensor

    own = {each.untyped_storage().data_ptr() for each in model.parameters()}
    seen |= own
    pictures = torch.zeros(2, *shape, 3, dtype=torch.uint8)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(pictures)
    return max(1, kept // 2)
