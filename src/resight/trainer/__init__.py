"""Trains recipes: a plan says in which phases, with which losses, and a run leaves a recipe with weights."""

from resight.trainer.launching import train
from resight.trainer.trained import Trained

__all__ = ["Trained", "train"]
