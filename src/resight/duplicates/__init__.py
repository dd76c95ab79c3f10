"""Groups of photos that are one picture (copies), and of photos that show one thing (same)."""

from resight.duplicates.finding import groups
from resight.duplicates.grouping import LEVELS, Group
from resight.duplicates.judging import Verdict, judge
from resight.duplicates.looking import Seen, look

__all__ = ["LEVELS", "Group", "Seen", "Verdict", "groups", "judge", "look"]
