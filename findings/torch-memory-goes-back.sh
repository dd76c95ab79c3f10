#!/usr/bin/env bash
# Training on a CPU gets slower with larger batches: glibc gives PyTorch's large blocks back to the system at once.
#
# Seen with torch 2.14.1 on Linux with glibc. PyTorch has no caching allocator on a CPU. A block of more than 32 MB is
# always mapped by itself and unmapped when it is freed, so that each step asks for the same memory again, and the
# kernel fills every page with zeros first: some hundred thousand page faults a step. Larger batches cross the limit in
# more layers. Nothing warns; the process merely spends its time in the kernel. EfficientNet-Lite0 at 256 px did 34
# pictures a second in batches of 256, 56 in batches of 64, and 61 to 73 in either with memory kept.
# A higher M_MMAP_THRESHOLD alone is not enough: what is free at the end of the heap is still given back.
#
# A tool that trains on a CPU should keep memory in the process: mallopt(M_MMAP_MAX, 0) and a large M_TRIM_THRESHOLD at
# its start (MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=... from outside), or another allocator. Source: mallopt(3).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install -qq --disable-pip-version-check torch==2.14.1 numpy==2.1.0

cat > "$folder/faults.py" <<'PYTHON'
import ctypes
import resource
import sys

import torch

if sys.argv[1] == "kept":
    libc = ctypes.CDLL(None)
    assert libc.mallopt(-4, 0) == 1, "M_MMAP_MAX"
    assert libc.mallopt(-1, 2**31 - 1) == 1, "M_TRIM_THRESHOLD"
if sys.argv[1] == "threshold":
    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 1 << 30)
layer = torch.nn.Conv2d(16, 64, 1)
pictures = torch.randn(64, 16, 64, 64)  # 16 MB, and 64 MB after the layer


def step():
    layer(pictures).relu().mean().backward()


for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
faults = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 5
print(f"torch {torch.__version__}, memory {sys.argv[1]}: {faults} page faults a step")
sys.exit(0 if (faults < 100) == (sys.argv[1] == "kept") else 1)
PYTHON

"$python" "$folder/faults.py" plain
"$python" "$folder/faults.py" threshold
"$python" "$folder/faults.py" kept
