"""How good a ranking is: each measure under the name of its own definition, on the ranks of the positives.

Everywhere here `ranks` is the sorted int64 array of the 0-based places of the positives that were ranked,
counted after junk, and the query where the protocol says so, were taken out; `total` is how many positives
exist, of which some may never have been ranked; `size` is how many photos were ranked, without the same.
A measure is of one query, in float64; a query without positives has none, and is refused with ValueError.
"""

from __future__ import annotations

from resight.metrics.average_rank import normalised_average_rank
from resight.metrics.comparison import Paired, interval, paired
from resight.metrics.distances import DISTANCE_EDGES, distance_distribution, separability
from resight.metrics.named import MEASURES, Measure, measure
from resight.metrics.precision import (
    average_precision,
    average_precision_at,
    average_precision_trapezoid,
    precision_at,
    precision_recall,
    recall_at,
)
from resight.metrics.ranks import Ranks, ranks_of

__all__ = [
    "DISTANCE_EDGES",
    "MEASURES",
    "Measure",
    "Paired",
    "Ranks",
    "average_precision",
    "average_precision_at",
    "average_precision_trapezoid",
    "distance_distribution",
    "interval",
    "measure",
    "normalised_average_rank",
    "paired",
    "precision_at",
    "precision_recall",
    "ranks_of",
    "recall_at",
    "separability",
]
