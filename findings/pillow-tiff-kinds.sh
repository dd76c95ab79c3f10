#!/usr/bin/env bash
# Pillow 13.0.0 opens these valid TIFFs without a word, and shows other pixels than were stored.
#
# - RGB of 16 bits, uncompressed, each channel in a plane of its own: read as planes of 8 bits, so scrambled.
#   The same file is right when it is compressed, since libtiff then decodes it.
# - Grey of 16 bits with PhotometricInterpretation 0 (WhiteIsZero): not inverted, where 8 bits are.
# - Grey of 32 bits, unsigned: read as signed, so the brighter half is negative.
# - A first page that NewSubfileType marks as a thumbnail is the one that is shown (by design: the caller must look).
# Source: the table OPEN_INFO of PIL/TiffImagePlugin.py; TIFF 6.0, sections 3, 8 and 19.
#
# What a tool should do: compare each kind with a plain file once, and decode the others by tifffile, whose
# arrays still need the photometric interpretation applied.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io

import numpy as np
import PIL
import tifffile
from PIL import Image


def shown(values, **how):
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **how)
    pillow = np.asarray(Image.open(file))
    file.seek(0)
    return pillow, tifffile.imread(file)


print(f"Pillow {PIL.__version__}, tifffile {tifffile.__version__}")
slope = np.linspace(0, 65535, 64).astype(np.uint16)
planes = np.stack([np.tile(slope, (32, 1)), np.tile(slope[::-1], (32, 1)), np.full((32, 64), 30000, np.uint16)])
for packing in (None, "zlib"):
    pillow, other = shown(planes, photometric="rgb", planarconfig="separate", compression=packing)
    off = np.abs(pillow.astype(int) - np.moveaxis(planes >> 8, 0, -1)).mean()
    print(f"16-bit planes, compression {packing}: Pillow is off by {off:.1f} levels of 255 on average")
    assert (other == planes).all() and (off > 20) == (packing is None)

for kind in (np.uint8, np.uint16):
    ramp = np.linspace(0, np.iinfo(kind).max, 64).astype(kind)[None].repeat(32, 0)
    pillow, _ = shown(ramp, photometric="miniswhite")
    print(f"WhiteIsZero of {kind.__name__}: the pixel that is stored as 0, white, is {pillow[0, 0]}")
    assert pillow[0, 0] == (255 if kind is np.uint8 else 0)

wide = np.array([0, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)[None].repeat(8, 0)
pillow, _ = shown(wide)
print("unsigned 32 bits:", wide[0].tolist(), "->", pillow[0].tolist())
assert pillow[0].tolist() == [0, 2**31 - 1, -(2**31), -1]
PYTHON
