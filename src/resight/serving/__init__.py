"""A service over galleries: search, photos, marks and the page, as `resight serve` starts it."""
