"""Random unit vectors in a gallery, in the place of photos that nobody has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from resight.gallery import Writer
from resight.gallery.noise import write_noise
from resight.indexer.noise import PICTURES
from resight.types import Descriptor

CHUNK = 20_000  # at most so many between two commits


def fill(gallery: Path, count: int) -> None:
    """Add as many vectors as are missing to `count`; the same in every run."""
    random = np.random.default_rng(0)
    with Writer(gallery) as writer:
        width, mark = writer.committed.vectors.shape[1], writer.committed.fingerprint
        missing = count - writer.catalogue.count()["vectors"]
        for first in range(0, missing, CHUNK):
            rows = random.standard_normal((min(CHUNK, missing - first), width), dtype=np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            for number, row in enumerate(rows, first):
                content = hashlib.sha256(str(number).encode()).digest()
                image = writer.add(content, (640, 480), Descriptor(row[None], None, mark), None)
                writer.set_file(f"random/{number:07}.jpg", 1, 1, image)
            writer.commit()
        # Searches tell chance by noise.
        noise = np.random.default_rng(1).standard_normal((PICTURES, width), dtype=np.float32)
        write_noise(gallery, mark, noise / np.linalg.norm(noise, axis=1, keepdims=True))
