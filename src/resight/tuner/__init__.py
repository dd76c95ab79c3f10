"""Learns through which operations photos are looked at best: a policy for any recipe. Tursun et al., 2020."""

from resight.tuner.tuning import tune
from resight.tuner.writing import Tuned

__all__ = ["Tuned", "tune"]
