"""Trains recipes: a plan says in which phases, with which losses, and a run leaves a recipe with weights."""
