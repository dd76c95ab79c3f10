"""A query in, a ranking of files out."""

from resight.searcher.searching import Searcher, search

__all__ = ["Searcher", "search"]
