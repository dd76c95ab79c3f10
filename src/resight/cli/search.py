"""`resight search QUERY`: which photos show the same thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from resight.cli._evaluating import RerankOption
from resight.cli._exit_codes import SOME_FAILED
from resight.cli._names import quoted
from resight.cli._options import ChanceOption, EngineOption, GalleryOption, JsonOption, MegapixelsOption

if TYPE_CHECKING:
    from resight.types import Hit, Ranking

ExactOption = Annotated[
    bool, typer.Option("--exact", help="Compare every row, whatever index the gallery keeps.")
]

StoreOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="Another store than the gallery keeps, as in pgvector:recall=0.95."),
]


def search(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="A photo, by its path or address, in the gallery or not.")
    ],
    gallery: GalleryOption = None,
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many hits.")] = 10,
    box: Annotated[
        str,
        typer.Option(metavar="X,Y,W,H", help="x,y,w,h in pixels of the upright photo: look for this part."),
    ] = "",
    under: Annotated[
        str, typer.Option(metavar="GLOB", help="Only files whose relative path fits this glob or folder.")
    ] = "",
    rerank: RerankOption = None,
    max_false_positives: ChanceOption = None,
    exact: ExactOption = False,
    store: StoreOption = "",
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write the ranking as a page with pictures."),
    ] = None,
    max_megapixels: MegapixelsOption = None,
    engine: EngineOption = "openvino",
    as_json: JsonOption = False,
) -> None:
    """Find the photos of a gallery that show the same thing as a photo.

    With --max-false-positives the exit code is 1 where nothing matches.
    """
    from resight.cli._options import check_page
    from resight.cli._terminal import Terminal, print_json
    from resight.gallery import Gallery, find_gallery
    from resight.searcher import Searcher
    from resight.types import Box

    check_page(html)
    wanted = Box.parse(box) if box else None
    with Terminal().watching() as terminal, Gallery(find_gallery(gallery, query)) as opened:
        searcher = Searcher(opened, engine, max_megapixels)
        ranking = searcher.search(
            query, k, wanted, under or None, rerank or (), max_false_positives, exact, store
        )
        if html:
            from resight.pages.ranking import write_report

            limit = searcher.pixel_limit
            write_report(html, ranking, query, wanted, rerank or (), opened.folder, pixel_limit=limit)
            terminal.say(f"Wrote {html}")
    nothing = all(hit.self for hit in ranking) and max_false_positives is not None
    if as_json:
        print_json(ranking.as_dict())
    else:
        _print(ranking, max_false_positives if nothing else None)
    raise typer.Exit(SOME_FAILED if nothing else 0)


def _print(ranking: Ranking, missed: float | None) -> None:
    """A line a hit, and one more where nothing reached the limit."""
    from resight.cli._terminal import print_line

    for hit in ranking:
        print_line(f"{hit.rank:4d}  {hit.score:6.3f}  {quoted(str(hit.path))}{_more(hit)}")
    if missed is not None:
        share = f"{100 * missed:.3g} % of searches"
        print_line(
            f"No match: chance alone brings a photo as high as any that was found in more than {share}."
        )


def _more(hit: Hit) -> str:
    """What else is to be said of a hit, in brackets."""
    from resight.images.photo import spell_warning
    from resight.significance.wording import spell_chance

    told = []
    if hit.self:
        told.append("the query itself")
    elif hit.through:
        told.append(f"by way of {quoted(hit.through)}")
    elif hit.match:
        told.append(f"{hit.match.inliers} points agree")
    if hit.false_positives is not None and not hit.self:
        told.append(spell_chance(hit.false_positives))
    if hit.gone:
        told.append("no longer there")
    told += [spell_warning(word) for word in hit.warnings]
    return f"  ({', '.join(told)})" if told else ""
