"""A verb whose help names its arguments as the documents do: QUERY, not `{QUERY}` or `QUERY <path>`."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand


class PlainCommand(TyperCommand):
    """Newer versions of typer add braces and types; columns stay where they are."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`QUERY`, `[NAME]`, `FILE...`."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def get_help(self, ctx: Any) -> str:
        """The help as it is printed."""
        told = super().get_help(ctx)
        return re.sub(r"^(  [A-Z]+)( <.*?>)", lambda found: found[1] + " " * len(found[2]), told, flags=re.M)
