#!/usr/bin/env bash
# Two processes that infer by OpenVINO with one thread each share one core, and the others of the machine idle.
#
# Surprise: with INFERENCE_NUM_THREADS=1 each of two processes is as fast as half of one alone, however many cores there
# are. The CPU plugin binds the threads of each process to cores while they infer, and begins at the first one in every
# process; the affinity of the threads, looked at between two inferences, shows nothing. So workers of one core each
# (Ray, Celery, a pool of processes, test runners) gain nothing over one worker.
# Seen with openvino 2026.4.1 on Linux, Python 3.11. Known: openvinotoolkit/openvino, issues 32444 and 31186; Intel's support
# article 000058227 says it of 2021's option for the same.
#
# What a tool should do: compile with ENABLE_CPU_PINNING off wherever other processes may infer on the same machine. One
# process alone was not slower without it.
set -euo pipefail
[ "$(nproc)" -ge 2 ] || { echo "This needs two cores."; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'openvino==2026.4.1' 'numpy==2.4.6' 2>"$work/pip.log" ||
    { tail -3 "$work/pip.log"; exit 2; }
cat >"$work/infer.py" <<'PY'
"""Infers for some seconds once all the others do, and prints the share of a core that it got."""

import sys
import time
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

ready, others, pinned = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "pinned"
given = last = ops.parameter([1, 32, 128, 128], np.float32)
for _ in range(6):
    kernel = ops.constant(np.full((32, 32, 3, 3), 0.01, np.float32))
    last = ops.convolution(last, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1} | ({} if pinned else {"ENABLE_CPU_PINNING": False})
request = ov.Core().compile_model(ov.Model([last], [given]), "CPU", settings).create_infer_request()
pixels = {0: np.zeros((1, 32, 128, 128), np.float32)}
request.infer(pixels)
(ready / str(time.time_ns())).touch()
while len([*ready.iterdir()]) < others:
    time.sleep(0.01)
begun, cpu = time.perf_counter(), time.process_time()
while time.perf_counter() - begun < 4:
    request.infer(pixels)
print(f"{(time.process_time() - cpu) / (time.perf_counter() - begun):.2f}")
PY
cat >"$work/run.py" <<'PY'
import subprocess
import sys
import tempfile
from importlib.metadata import version


def shares(processes: int, pinned: str) -> list[float]:
    with tempfile.TemporaryDirectory() as ready:
        line = [sys.executable, sys.argv[1], ready, str(processes), pinned]
        runs = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return [float(run.communicate()[0]) for run in runs]


print("openvino", version("openvino"))
alone, two, free = shares(1, "pinned"), shares(2, "pinned"), shares(2, "free")
print(f"share of a core: alone {alone}, two processes {two}, two with ENABLE_CPU_PINNING off {free}")
if alone[0] < 0.8 or sum(free) < 1.5:
    sys.exit("This machine is too busy to tell.")
if sum(two) > 1.3:
    sys.exit("The behaviour has changed: two processes have more than one core.")
PY
"$work/venv/bin/python" "$work/run.py" "$work/infer.py"
