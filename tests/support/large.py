"""The libraries that scripts import, and that take long to load."""

import cv2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import openvino  # noqa: F401
import scipy.stats  # noqa: F401
import timm  # noqa: F401
import torch  # noqa: F401

import resight.trainer  # noqa: F401
