#!/usr/bin/env bash
# imagecodecs 2026.3.6 converts a JPEG 2000 by its embedded ICC profile before it hands out the numbers.
#
# `jpeg2k_decode` returns other numbers than are stored, near sRGB, and neither the profile nor a word about it.
# Pillow 13.0.0 does the opposite with the same file: it returns the stored numbers, and drops the profile.
# A program that reads the profile itself, as it must for Pillow, and applies it converts twice here.
#
# What a tool should do: apply the profile after Pillow, and not after imagecodecs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import imagecodecs
import numpy as np
import PIL
from PIL import Image


def number(value):
    return struct.pack(">i", round(value * 65536))


def profile():
    """RGB with red and green changed places, so that following it is easy to see."""
    places = {b"r": (0.3851, 0.7169, 0.0971), b"g": (0.4361, 0.2225, 0.0139), b"b": (0.1431, 0.0606, 0.7142)}
    tags = {b"wtpt": b"XYZ \0\0\0\0" + number(0.9642) + number(1) + number(0.8249)}
    tags[b"desc"] = b"desc" + struct.pack(">II", 0, 5) + b"mine\0" + bytes(78)
    tags[b"cprt"] = b"text\0\0\0\0-\0\0\0"
    for letter, place in places.items():
        tags[letter + b"XYZ"] = b"XYZ \0\0\0\0" + b"".join(map(number, place))
        tags[letter + b"TRC"] = b"curv" + struct.pack(">IIHxx", 0, 1, 563)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = b"lcms" + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += number(0.9642) + number(1) + number(0.8249) + bytes(48)
    return struct.pack(">I", 128 + len(table) + len(body)) + head + table + body


stored = np.full((32, 32, 3), (220, 40, 60), np.uint8)
plain = imagecodecs.jpeg2k_encode(stored, level=0, codecformat="jp2")
at, head = plain.index(b"colr") - 4, plain.index(b"jp2h") - 4
old, length = (struct.unpack_from(">I", plain, place)[0] for place in (at, head))
box = struct.pack(">I", 11 + len(profile())) + b"colr\2\0\0" + profile()
tagged = plain[:head] + struct.pack(">I", length - old + len(box)) + plain[head + 4 : at] + box + plain[at + old :]

print(f"Pillow {PIL.__version__}, imagecodecs {imagecodecs.__version__}; stored: {stored[0, 0].tolist()}")
image = Image.open(io.BytesIO(tagged))
print("Pillow:     ", np.asarray(image)[0, 0].tolist(), "profile:", image.info.get("icc_profile"))
print("imagecodecs:", imagecodecs.jpeg2k_decode(tagged)[0, 0].tolist())
assert (np.asarray(image) == stored).all() and "icc_profile" not in image.info
red, green, _ = imagecodecs.jpeg2k_decode(tagged)[0, 0].tolist()
assert green > 200 and red < 60
PYTHON
