"""Regions to a photo: a file is a method, one photo's vectors (R, D) -> (N, E); one may be fitted."""
