#!/usr/bin/env bash
# A warp of an RGB picture takes longer than the same warp of RGBA, and the area mode of a resize several times the linear one.
#
# Seen with opencv-python-headless 5.0.0.93 on x86-64 (AVX2), one thread: cv2.warpPerspective and cv2.warpAffine with linear
# interpolation take 1.7 to 2 times as long for three channels of 8 bits as through four. To add a channel, warp, and take it away
# again is quicker than to warp three, and gives the same bits. cv2.resize with INTER_AREA by no whole number takes five to
# seven times as long as INTER_LINEAR, with three channels or four. Photos have three channels, and whoever trains
# makes thousands of random views of them a minute.
#
# A tool that makes random views should warp four channels, and shrink by the linear mode where no more than half of the
# sides goes (each pixel is still seen). Source: timed here; the kernels are in OpenCV's modules/imgproc/src.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install -qq --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.1.0

cat > "$folder/timed.py" <<'PYTHON'
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
draw = np.random.default_rng(0)
photo = cv2.GaussianBlur(draw.integers(0, 256, (320, 320, 3), dtype=np.uint8), (0, 0), 2)
matrix = np.array([[0.8, 0.1, 5], [-0.1, 0.9, 3], [1e-4, 1e-4, 1]])


def milliseconds(work):
    best = 1e9
    for _ in range(200):
        begun = time.thread_time()
        work()
        best = min(best, time.thread_time() - begun)
    return 1000 * best


def warped(pixels):
    return cv2.warpPerspective(pixels, matrix, (256, 256), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def turned(pixels):
    return cv2.warpAffine(pixels, matrix[:2], (256, 256), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def through_four(work):
    return cv2.cvtColor(work(cv2.cvtColor(photo, cv2.COLOR_RGB2RGBA)), cv2.COLOR_RGBA2RGB)


print(f"OpenCV {cv2.__version__}")
wrong = False
for work in (warped, turned):
    equal = np.array_equal(work(photo), through_four(work))
    three, four = milliseconds(lambda: work(photo)), milliseconds(lambda: through_four(work))
    print(f"{work.__name__}: three channels {three:.2f} ms, there and back through four {four:.2f} ms, equal bits: {equal}")
    wrong |= not equal or four > 0.8 * three
area = milliseconds(lambda: cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA))
linear = milliseconds(lambda: cv2.resize(photo, (256, 256), interpolation=cv2.INTER_LINEAR))
print(f"320 to 256 pixels: area {area:.2f} ms, linear {linear:.2f} ms")
sys.exit(wrong or area < 2 * linear)
PYTHON

"$python" "$folder/timed.py"
