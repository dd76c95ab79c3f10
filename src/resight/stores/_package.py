"""Packages that a store needs, and that not everybody has."""

from __future__ import annotations

from importlib.util import find_spec

from resight.errors import StoreUnavailable


def is_there(*modules: str) -> bool:
    """Whether all of these can be imported; none is."""
    return all(find_spec(module) is not None for module in modules)


def check(store: str, *modules: str) -> None:
    """Raise StoreUnavailable where one of a store's packages is not installed."""
    if not is_there(*modules):
        raise StoreUnavailable(f"The store '{store}' needs its package: pip install 'resight[{store}]'.")
