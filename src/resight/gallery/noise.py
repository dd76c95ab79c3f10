"""Pictures of noise, described as a gallery's photos are: kept beside it, and safe to delete."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np

from resight.files import write_whole
from resight.gallery.snapshot import Snapshot
from resight.types import Vectors

NAME = "noise.npz"


def write_noise(folder: Path, fingerprint: str, vectors: Vectors) -> None:
    """Keep the descriptors (N, D) of noise, and the fingerprint that they have; raises OSError."""
    data = io.BytesIO()
    np.savez(data, fingerprint=np.array(fingerprint), vectors=vectors)
    write_whole(folder / NAME, [data.getvalue()])


def read_noise(snapshot: Snapshot) -> Vectors | None:
    """(N, D) float32; None where there is none, or it is damaged, or photos are described otherwise."""
    with contextlib.suppress(Exception):  # a damaged file raises whatever reading it comes to
        data = io.BytesIO((snapshot.folder / NAME).read_bytes())
        with np.load(data, allow_pickle=False) as kept:
            vectors: Vectors = kept["vectors"].astype(np.float32)
            same = kept["fingerprint"].item() == snapshot.fingerprint
        width = snapshot.vectors.shape[1]
        if same and vectors.shape == (len(vectors), width) and np.isfinite(vectors).all():
            return vectors
    return None
