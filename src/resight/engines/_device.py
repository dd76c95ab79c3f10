"""What this machine runs networks on, read from the system: no library is loaded to know it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

GPUS = Path("/proc/driver/nvidia/gpus")
CPU = Path("/proc/cpuinfo")


def has_gpu() -> bool:
    """Whether there is a GPU that torch is likely to know."""
    return Path("/proc/driver/nvidia/version").exists() or sys.platform == "darwin"


def name(gpu: bool) -> str:
    """Of the first GPU, where one is asked for and there, else of the processor, such as "AMD EPYC"."""
    return (_gpu() if gpu else "") or _of_cpu("model name") or platform.processor() or "CPU"


def cpu_has_bf16() -> bool:
    """Whether the processor has units for bf16: AMX or AVX-512 of x86, or those of Arm."""
    flags = f"{_of_cpu('flags')} {_of_cpu('Features')}".split()
    return not {"amx_bf16", "avx512_bf16", "bf16"}.isdisjoint(flags)


def _gpu() -> str:
    if sys.platform == "darwin":
        return "Apple GPU"
    for card in sorted(GPUS.glob("*/information")):
        for line in card.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "Model":
                return value.strip()
    return ""


def _of_cpu(wanted: str) -> str:
    try:
        lines = CPU.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in found if key.strip() == wanted), "")
