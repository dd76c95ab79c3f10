"""A folder of photos into a gallery, and what keeps it true: update, fit, compact, remove."""

from resight.indexer.housekeeping import compact, remove
from resight.indexer.refit import fit
from resight.indexer.update import Report, index

__all__ = ["Report", "compact", "fit", "index", "remove"]
