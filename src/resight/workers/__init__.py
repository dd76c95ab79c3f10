"""Work in threads, with results in order."""
