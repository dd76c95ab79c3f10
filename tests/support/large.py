"""What scripts and commands import, and takes long to load."""

import contextlib
import importlib
import pkgutil

import cv2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import openvino  # noqa: F401
import scipy.stats  # noqa: F401
import timm  # noqa: F401
import torch  # noqa: F401

import resight.cli
import resight.evaluator
import resight.indexer
import resight.local_features
import resight.searcher
import resight.trainer

for verb in pkgutil.iter_modules(resight.cli.__path__, "resight.cli."):
    importlib.import_module(verb.name)
with contextlib.suppress(ImportError):
    import pydantic.type_adapter  # noqa: F401  # typer looks for it
