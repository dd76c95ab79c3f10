"""How unlikely a score is by chance."""
