#!/usr/bin/env bash
# pillow-jxl-plugin 1.3.8 scrambles a JPEG XL of 16-bit grey with alpha, without a word.
#
# The decoder gives two bytes a channel, and the plugin hands them to Pillow as mode LA, which has one: the first
# half of the rows is shown, stretched, its low bytes as grey and its high bytes as alpha. Grey of 8 or 16 bits
# without alpha, grey of 8 bits with alpha and colours of 8 or 16 bits are right (13.0.0 of Pillow).
# By the way: writers of JPEG XL mark 16 bits as linear light by default, so the profile must be followed.
#
# What a tool should do: refuse mode LA unless the decoder gave two bytes a pixel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pillow==13.0.0 imagecodecs==2026.3.6 pillow-jxl-plugin==1.3.8 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
from importlib.metadata import version

import imagecodecs
import numpy as np
import pillow_jxl
from PIL import Image

print(*(f"{name} {version(name)}" for name in ("pillow", "pillow-jxl-plugin", "imagecodecs")))
slope = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(32, 0)
for name, channels in {"grey": slope, "grey and alpha": np.dstack([slope, np.full_like(slope, 65535)])}.items():
    for bits in (8, 16):
        stored = channels if bits == 16 else (channels >> 8).astype(np.uint8)
        data = imagecodecs.jpegxl_encode(stored, lossless=True)
        assert (imagecodecs.jpegxl_decode(data) == stored).all()
        image = Image.open(io.BytesIO(data))
        read = np.asarray(image).astype(float)
        read = read / 257 if image.mode == "I;16" else read
        off = np.abs(read - stored / (257 if bits == 16 else 1)).mean()
        print(f"{name} of {bits} bits: mode {image.mode}, off by {off:.1f} levels of 255 on average")
        assert (off > 50) == (name == "grey and alpha" and bits == 16)
PYTHON
