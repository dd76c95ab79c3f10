"""A folder of photos into a gallery, by one machine or many, and what keeps it true: fit, compact, remove."""

from resight.indexer.housekeeping import compact, remove
from resight.indexer.merging import Merged, merge
from resight.indexer.refit import fit
from resight.indexer.report import Report
from resight.indexer.shard import Shard
from resight.indexer.shard_index import index_shard
from resight.indexer.update import index

__all__ = ["Merged", "Report", "Shard", "compact", "fit", "index", "index_shard", "merge", "remove"]
