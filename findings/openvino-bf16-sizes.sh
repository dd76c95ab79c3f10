#!/usr/bin/env bash
# OpenVINO in bf16 also computes in bf16 what a network computes of the size of its image, so paddings come out wrong.
#
# Surprise: INFERENCE_PRECISION_HINT=bf16 is read as "the maps are rounded a little". A network of any size that was traced in
# PyTorch and pads by the size of its input ("SAME" of TensorFlow's networks: timm's tf_efficientnet, tf_mobilenetv3, tf_mixnet,
# where the padding is computed through a division) has this arithmetic in its graph as floating point. bf16 has
# whole numbers to 256, above them every second one, so a side of 321 is 320. The maps then have a column less, or, worse, the same
# size and another place: EfficientNet-Lite0's maps of 640 x 427 pixels had a cosine of 0.92 with those in float32 (0.9985
# where each convolution pads by itself). Small pictures, and even sides, show nothing, nor does any test at 224 x 224.
# Seen with openvino 2026.4.1 on Linux, processors with avx512_bf16 or amx_bf16. Known: openvinotoolkit/openvino, pull
# requests 10210 and 14911, closed without being merged.
#
# What a tool should do: replace such a pad and its convolution by a convolution with auto_pad="same_upper" (an eighth of the
# time is saved, too), and compare maps in bf16 with float32 at a size with odd sides above 256 before bf16 is used.
set -euo pipefail
grep -qwE 'avx512_bf16|amx_bf16' /proc/cpuinfo || { echo "This needs a processor with units for bf16."; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'openvino==2026.4.1' 'numpy==2.4.6' 2>"$work/pip.log" ||
    { tail -3 "$work/pip.log"; exit 2; }
cat >"$work/run.py" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def padded_to_even() -> ov.Model:
    """Pads the width to an even number that it computes in floating point, then convolves with stride 2."""
    image = ops.parameter([1, 1, 4, -1], np.float32)
    width = ops.gather(ops.shape_of(image), ops.constant([3]), ops.constant(0))
    real = ops.convert(width, np.float32)
    even = ops.multiply(ops.ceiling(ops.divide(real, ops.constant(np.float32(2)))), ops.constant(np.float32(2)))
    missing = ops.convert(ops.subtract(even, real), np.int64)
    end = ops.concat([ops.constant([0, 0, 0]), missing], 0)
    pad = ops.pad(image, ops.constant([0, 0, 0, 0]), end, "constant", ops.constant(np.float32(0)))
    kernel = ops.constant(np.ones((1, 1, 2, 2), np.float32))
    return ov.Model([ops.convolution(pad, kernel, [2, 2], [0, 0], [0, 0], [1, 1])], [image])


def same() -> ov.Model:
    """The same by the convolution's own padding."""
    image = ops.parameter([1, 1, 4, -1], np.float32)
    kernel = ops.constant(np.ones((1, 1, 2, 2), np.float32))
    none = [0, 0]
    return ov.Model([ops.convolution(image, kernel, [2, 2], none, none, [1, 1], auto_pad="same_upper")], [image])


print("openvino", version("openvino"))
core, found = ov.Core(), {}
for name, model in (("computed", padded_to_even()), ("same_upper", same())):
    for precision in ("f32", "bf16"):
        run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
        for width in (255, 321, 322, 639):
            found[name, precision, width] = run([np.ones((1, 1, 4, width), np.float32)])[0].shape[3]
    for width in (255, 321, 322, 639):
        full, short = (found[name, precision, width] for precision in ("f32", "bf16"))
        print(f"{name}: {width} wide -> {full} columns in f32, {short} in bf16")
if any(found[name, "f32", width] != -(-width // 2) for name, _, width in found):
    sys.exit("float32 is wrong, too: this is not what the script is about.")
if any(found["same_upper", "bf16", width] != -(-width // 2) for width in (255, 321, 322, 639)):
    sys.exit("The behaviour has changed: same_upper is wrong in bf16.")
if found["computed", "bf16", 255] != 128 or found["computed", "bf16", 321] == 161:
    sys.exit("The behaviour has changed: the computed padding is right in bf16, or wrong for small sizes.")
PY
"$work/venv/bin/python" "$work/run.py"
