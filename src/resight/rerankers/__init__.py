"""Ways to order a ranking anew: a file is a re-ranker, `(ranked, query, photos) -> ranked`.

They see photos through the promise `resight.ranking.Photos`, never a gallery. What several share stands in a
file whose name begins with an underscore.
"""
