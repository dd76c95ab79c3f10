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
# The largest M_TRIM_THRESHOLD that can be said in bytes, 2^31 - 1, is not enough either: a step that frees more than 2 GB
# gives them back. -1 is no number of bytes here, but "never": in one run, not repeated here, EfficientNet-Lite0 at 256 px
# in batches of 256, which keep 4 GB, did 46 pictures a second with the first and 66 with the second.
#
# A tool that trains on a CPU should keep memory in the process: mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1)
# at its start, or another allocator. Source: mallopt(3).
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
    assert libc.mallopt(-1, -1) == 1, "M_TRIM_THRESHOLD"
if sys.argv[1] == "threshold":
    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 1 << 30)
layer = torch.nn.Conv2d(16, 64, 1)
pictures = torch.randn(64, 16, 64, 64)  # 16 MB, and 64 MB after the layer


def step():
    layer(pictures).relu().mean().backward()


for _ in range(10):  # until the heap has grown to what steps need
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
faults = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 5
print(f"torch {torch.__version__}, memory {sys.argv[1]}: {faults} page faults a step")
sys.exit(0 if (faults < 100) == (sys.argv[1] == "kept") else 1)
PYTHON

cat > "$folder/end.py" <<'PYTHON'
import ctypes
import sys

import numpy as np

libc = ctypes.CDLL(None)
libc.sbrk.argtypes, libc.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
libc.mallopt(-4, 0)
libc.mallopt(-1, int(sys.argv[1]))
block = np.empty(9 << 28, np.uint8)  # 2.25 GiB, of which no page is used
end = libc.sbrk(0)
del block
kept = libc.sbrk(0) == end
print(f"M_TRIM_THRESHOLD {sys.argv[1]}: 2.25 GiB that were freed are {'kept' if kept else 'given back'}")
sys.exit(0 if kept == (sys.argv[1] == "-1") else 1)
PYTHON

"$python" "$folder/end.py" 2147483647
"$python" "$folder/end.py" -1
"$python" "$folder/faults.py" plain
"$python" "$folder/faults.py" threshold
"$python" "$folder/faults.py" kept
