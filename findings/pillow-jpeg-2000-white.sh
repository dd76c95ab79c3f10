#!/usr/bin/env bash
# Pillow 13.0.0 turns white to black in a JPEG 2000 of 16-bit colours, and opaque to transparent.
#
# The decoder shifts 16 bits down to 8 and rounds, without a clamp: from 65408 on the sum is 256, which is kept
# as 0. Grey of 16 bits and colours of 8 bits are right. There is no warning. OpenJPEG itself, asked through
# imagecodecs 2026.3.6, gives all values back.
#
# What a tool should do: read such files by another decoder (imagecodecs, OpenCV), or refuse them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io

import imagecodecs
import numpy as np
import PIL
from PIL import Image

ramp = np.array([0, 32768, 65000, 65407, 65408, 65535], np.uint16)
stored = np.stack([ramp] * 4, -1)[None].repeat(8, 0).repeat(8, 1)
data = imagecodecs.jpeg2k_encode(stored, level=0, codecformat="jp2")
print(f"Pillow {PIL.__version__}, imagecodecs {imagecodecs.__version__}")
read = np.asarray(Image.open(io.BytesIO(data)))[0, ::8]
print("stored, the red and the alpha of each pixel:", ramp.tolist())
print("Pillow, red:  ", read[:, 0].tolist())
print("Pillow, alpha:", read[:, 3].tolist())
print("imagecodecs:  ", imagecodecs.jpeg2k_decode(data)[0, ::8, 0].tolist())
assert read[:, 0].tolist() == [0, 128, 254, 255, 0, 0] == read[:, 3].tolist()
assert (imagecodecs.jpeg2k_decode(data) == stored).all()
PYTHON
