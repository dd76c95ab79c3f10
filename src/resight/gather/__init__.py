"""Regions to a photo: a file is a method, a photo's vectors (R, D) -> (N, E); one may be fitted.

Leading axes stay: (B, R, D) of B photos -> (B, N, E).
"""
