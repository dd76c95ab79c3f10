"""`resight data [NAME]`: the data sets, what one needs, and fetching what can be fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from resight.cli._ending import say_stopped
from resight.cli._exit_codes import INTERRUPTED, exit_code
from resight.cli._manual import manual
from resight.cli._options import JsonOption
from resight.datasets._opening import OWN, VARIABLE, home, is_dataset

if TYPE_CHECKING:
    from resight.fetching.sources import Source

SHOWN = 12  # files of a set; the rest is counted
YOURS = "name your folder or CSV itself: `resight data photos` tells what Resight makes of it."
ELSEWHERE = "say where it lies with --root, or name the folder of all in RESIGHT_DATA."


def data(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Tell what this data set needs, and what is there; or a folder or CSV."
        ),
    ] = "",
    root: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="DIR", help="Where it lies; by default the folder of its name below RESIGHT_DATA."
        ),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Download what has an address; goes on.")] = False,
    only: Annotated[str, typer.Option(metavar="GLOB", help="Only the files that this glob matches.")] = "*",
    published: Annotated[
        bool, typer.Option("--published", help="List the figures that papers print for it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the data sets, or tell what one needs, and fetch it."""
    from resight import methods
    from resight.cli._terminal import print_json, print_line
    from resight.errors import DataMissing, UnknownMethod

    if not name:
        _list(as_json)
        return
    if root is None and not is_dataset(name) and Path(name).exists():
        name, root = OWN, Path(name)
    if not is_dataset(name):
        raise UnknownMethod("data set, folder or CSV file", name, methods.names("datasets"))
    try:
        folder: Path | None = root or home(name)
    except DataMissing:
        if fetch:
            raise
        folder = None
    sources = _sources(name, only)
    code = _fetch(sources, folder) if fetch and folder else 0
    told = _told(name, folder, sources)
    if as_json:
        print_json(told)
    else:
        for line in _lines(told, published):
            for each in line.split("\n"):
                print_line(each)
    raise typer.Exit(code)


def _list(as_json: bool) -> None:
    import os

    from resight import methods
    from resight.cli._terminal import print_json, print_line

    known = bool(os.environ.get(VARIABLE))
    found = {
        name: {
            "about": methods.summary("datasets", name),
            "here": known and name != OWN and home(name).is_dir(),
        }
        for name in methods.names("datasets")
    }
    if as_json:
        print_json(found)
        return
    width = max(map(len, found)) + 2
    for name, each in found.items():
        print_line(f"{name:{width}}{'here  ' if each['here'] else '      '}{each['about']}")
    if used := _kept():
        print_line()
        print_line(used)


def _kept() -> str:
    """What evaluations keep, in words; "" for nothing."""
    from resight.errors import StorageFailed
    from resight.evaluator.workspace import cache

    try:
        folder = cache()
    except StorageFailed:
        return ""
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    if not sizes:
        return ""
    return f"Evaluations keep {sum(sizes) / 1e6:.0f} MB in {folder}: safe to delete."


def _sources(name: str, only: str) -> list[Source]:
    from fnmatch import fnmatchcase

    from resight import methods

    needed = methods.module("datasets", name.replace("_", "-")).NEEDED
    return [source for source in needed if fnmatchcase(source.file, only)]


def _fetch(sources: list[Source], folder: Path) -> int:
    """Fetch them; the code to exit with."""
    from resight.cli._terminal import Terminal
    from resight.fetching.fetch import fetch
    from resight.progress import Stopped

    terminal = Terminal(reading="the block that is being read")
    try:
        with terminal.watching():
            return max(map(exit_code, fetch(sources, folder, terminal)), default=0)
    except (Stopped, KeyboardInterrupt):
        say_stopped(terminal)
        return INTERRUPTED


def _told(name: str, folder: Path | None, sources: list[Source]) -> dict[str, Any]:
    """All there is to say of a data set, as JSON has it."""
    from dataclasses import asdict

    from resight import methods
    from resight.datasets import open_dataset
    from resight.errors import DataMissing, ResightError
    from resight.evaluator.published import list_published
    from resight.fetching.fetch import state

    name = name.replace("_", "-")
    told: dict[str, Any] = {"name": name, "about": methods.module("datasets", name).ABOUT}
    told["folder"] = str(folder.absolute()) if folder else None
    told["published"] = [asdict(figure) for figure in list_published(name)]
    told["files"] = [
        asdict(source) | {"state": state(source, folder) if folder else "missing"} for source in sources
    ]
    try:
        if folder is None:
            raise DataMissing(YOURS if name == OWN else ELSEWHERE)
        dataset = open_dataset(name, folder)
    except ResightError as error:
        return told | {"photos": None, "queries": None, "marks": [], "error": str(error)}
    counts = {"photos": len(dataset.photos), "queries": len(dataset.questions)}
    return told | counts | {"marks": list(dataset.caveats), "error": None}


def _lines(told: dict[str, Any], published: bool) -> list[str]:
    """The same for people."""
    lines = [f"{told['name']}: {told['about']}", ""]
    if published:
        figures = [_figure(each) for each in told["published"]]
        return [*lines, "Published figures (shares):", *(figures or ["  none"])]
    if told["name"] == OWN and not told["folder"]:
        return [*lines, manual("datasets", OWN).text, "", f"Yours: {told['error']}"]
    if files := _files(told["files"]):
        lines += [*files, ""]
    if told["published"]:
        count = len(told["published"])
        lines.append(f"Papers print {count} figures for it: `resight data {told['name']} --published`")
    if told["folder"]:
        lines.append(f"Folder: {told['folder']}")
    if told["error"]:
        return [*lines, f"Not ready: {told['error']}"]
    return [*lines, f"{told['photos']} photos, {told['queries']} queries", *told["marks"]]


def _files(files: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in files[:SHOWN]:
        where = each["url"] or "no address"
        lines += [f"{each['state']:9} {each['file']}", f"          {where}; {each['note']}"]
    if len(files) > SHOWN:
        lines.append(f"          and {len(files) - SHOWN} more; --json lists them all")
    return lines


def _figure(values: dict[str, Any]) -> str:
    from resight.evaluator.published import Published

    return f"  {Published(**values)}"
