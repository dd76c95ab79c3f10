"""Results as HTML pages that need nothing but themselves; every text in them is escaped by Jinja2."""
