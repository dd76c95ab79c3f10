#!/usr/bin/env bash
# Surprise: a thread that has decoded a large image with Pillow keeps the image's memory after it was freed, and so
# does every further thread: memory grows with the number of threads, although one image is decoded at a time.
#
# Versions: Pillow 13.0.0 on Linux with the GNU C library 2.36 and Python 3.11.
#
# Source: Pillow's page "Block allocator" says that freed blocks beyond PILLOW_BLOCKS_MAX, 0 by default, are
# returned to the operating system at once. They are returned to malloc. Blocks have 16 MiB; the C library raises its
# threshold for mmap to the largest block that was freed, up to 32 MiB, so from the second image on blocks come from a
# heap of the thread, and stay there. (The thread of Pillow's pull request 2738 works this out for one thread.)
#
# What a tool should do: call malloc_trim(0) after large images, which gives most of it back; or set
# PILLOW_BLOCK_SIZE above 32M before Pillow is imported, so that every block is mapped. Both are shown below.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0

cat > keep.py <<'PYTHON'
import ctypes
import platform
import sys
import threading

import PIL
from PIL import Image

print("Pillow", PIL.__version__, "Python", platform.python_version(), *platform.libc_ver())


def resident():
    """MiB of memory that the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20


def decode():
    with Image.open("large.png") as image:
        image.load()


Image.new("RGB", (6000, 6000), "green").save("large.png", compress_level=1)  # 137 MiB in Pillow, 4 bytes a pixel
decode()
before, step = resident(), threading.Barrier(2)
turn = threading.Lock()


def one():
    with turn:  # never two at once
        decode()
    done.wait()
    done.wait()  # a thread that has ended would leave its heap to the next one


done = threading.Barrier(5)
threads = [threading.Thread(target=one) for _ in range(4)]
for thread in threads:
    thread.start()
done.wait()
kept = resident() - before
ctypes.CDLL(None).malloc_trim(0)
trimmed = resident() - before
done.wait()
print(f"four threads, one image at a time: {kept} MiB more than before; after malloc_trim(0): {trimmed} MiB more")
low, high = map(int, sys.argv[1:])
sys.exit(0 if low <= kept <= high and trimmed < 150 else 1)
PYTHON

echo "as it comes:"
venv/bin/python keep.py 350 700
echo "with PILLOW_BLOCK_SIZE=64M:"
PILLOW_BLOCK_SIZE=64M venv/bin/python keep.py -60 60
