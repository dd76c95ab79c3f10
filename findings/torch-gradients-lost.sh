#!/usr/bin/env bash
# Two ways in which code over the array API loses torch's gradients without a word, and one by which cuDNN goes.
#
# Seen with torch 2.6.0:
# - `torch.asarray(x)`, which array API code calls on whatever it is given, takes `requires_grad` away from x itself,
#   in place: a learnable parameter is learnt no more (pytorch issue 170819; torch 2.14.1 keeps it, with a warning);
# - `clip` of array-api-compat 1.9 and 1.10 gives a torch tensor without a gradient; 1.12 gives one with it;
# - `torch.backends.cudnn.flags(allow_tf32=False)` switches cuDNN off altogether while it lasts, since its first
#   setting, `enabled`, is False unless it is said (pytorch issue 77467; still so in 2.14.1): networks are slower.
#
# A tool should test that gradients reach each of its parameters, ask for array-api-compat 1.12 or newer, and set
# `torch.backends.cudnn.allow_tf32` itself instead of by `flags`, or say `enabled=True` there.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
install() { "$python" -m pip install -qq --disable-pip-version-check "$@"; }
install torch==2.6.0 numpy==2.1.0 array-api-compat==1.10.0

cat > "$folder/asked.py" <<'PYTHON'
import sys

import array_api_compat
import torch
from array_api_compat import array_namespace

learnt = torch.tensor([0.5, 2.0], requires_grad=True)
clipped = array_namespace(learnt).clip(learnt, min=0.0)
print(f"array-api-compat {array_api_compat.__version__}: clip keeps the gradient: {clipped.requires_grad}")
assert clipped.requires_grad == (sys.argv[1] == "kept")

before = learnt.requires_grad
torch.asarray(learnt)
print(f"torch {torch.__version__}: requires_grad {before} before torch.asarray, {learnt.requires_grad} after")
assert (before, learnt.requires_grad) == (True, False)

outside = torch.backends.cudnn.enabled
with torch.backends.cudnn.flags(allow_tf32=False):
    inside = torch.backends.cudnn.enabled
print(f"cuDNN enabled: {outside}, and inside of flags(allow_tf32=False): {inside}")
assert (outside, inside) == (True, False)
PYTHON

"$python" "$folder/asked.py" lost
install array-api-compat==1.12.0
"$python" "$folder/asked.py" kept
