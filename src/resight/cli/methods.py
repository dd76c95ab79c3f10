"""`resight methods [KIND [NAME]]`: what a recipe or an option can name, and the settings of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from resight.cli._options import JsonOption

if TYPE_CHECKING:
    from resight.cli._manual import Manual


def methods(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Only this kind, such as poolings; or a method's name.")
    ] = "",
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Only this method: what it does, and what its settings mean."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the methods that a recipe or an option can name, with their settings; or explain one."""
    from resight import methods as found
    from resight.cli._manual import kind_of, manual
    from resight.cli._terminal import print_json, print_line
    from resight.places import unused

    if kind and not name and kind not in found.KINDS:
        kind, name = kind_of(kind), kind
    if name:
        one = manual(kind, name)
        if as_json:
            print_json({"kind": kind, "name": name, "text": one.text} | _plain(one))
        else:
            for line in _page(one).splitlines():
                print_line(line)
        return
    known = {
        each: {name: manual(each, name) for name in found.names(each)}
        for each in ([kind] if kind else found.KINDS)
    }
    if as_json:
        print_json({each: {name: _plain(one) for name, one in ones.items()} for each, ones in known.items()})
        return
    width = max(len(name) for ones in known.values() for name in ones) + 2
    for each, ones in known.items():
        print_line(each)
        for name, one in ones.items():
            print_line(f"  {name:{width}}{one.about}{f' [{one.origin}]' if one.origin else ''}")
            if one.settings:
                print_line(f"  {'':{width}}{one.defaults()}")
        for other in unused(each):
            print_line(f"  {other} is not used: Resight has its own of this name.")


def _plain(one: Manual) -> dict[str, Any]:
    settings = {
        key: {"type": setting.kind, "default": setting.default} for key, setting in one.settings.items()
    }
    return {"about": one.about, "settings": settings} | ({"package": one.origin} if one.origin else {})


def _page(one: Manual) -> str:
    """All that is known of one method, for people."""
    origin = f", from {one.origin}" if one.origin else ""
    lines = [f"{one.name}, of the {one.kind}{origin}", one.about, *(("", one.text) if one.text else ()), ""]
    if not one.settings:
        return "\n".join([*lines, "It has no settings."])
    width = max(map(len, one.settings)) + 2
    lines.append(f"Settings, written {one.name}:{next(iter(one.settings))}=VALUE,...")
    lines += [f"  {key:{width}}{setting.kind:7}{setting}" for key, setting in one.settings.items()]
    return "\n".join(lines)
