"""Results of `resight evaluate` and `resight compare` as self-contained pages."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from string import Template

from resight.evaluator import Answer, Comparison, Difference, Evaluation
from resight.evaluator.published import published
from resight.evaluator.results import milliseconds
from resight.figures._values import got, of_one, outlines
from resight.metrics import measure
from resight.pictures.charts import called, change_chart, curve_chart, spread_chart
from resight.pictures.rows import row
from resight.pictures.saving import inside
from resight.pictures.thumbnails import thumbnail
from resight.pictures.writing import write_whole

QUERIES, HITS = 5, 8  # queries at either end, and hits of each


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """What was measured, on what and how, curves, and the worst and the best queries in pictures."""
    thumbnail.cache_clear()  # a photo may have changed since
    by = next(iter(evaluation.means))
    charts = [
        inside(curve_chart(evaluation), "precision against recall"),
        inside(spread_chart(evaluation, by), f"how many queries have which {of_one(by)}"),
    ]
    body = [
        _banner(evaluation.marks),
        _table(_header(evaluation)),
        _measures(evaluation),
        f"<h2>Curves</h2><div class=charts>{''.join(charts)}</div>",
        *_ends(evaluation, by),
    ]
    _write(path, f"{evaluation.dataset}: {called(evaluation)}", body)


def write_comparison(path: Path, comparison: Comparison, k: int = QUERIES) -> None:
    """Both results, the test of their difference in words, and the k largest gains and losses in pictures."""
    thumbnail.cache_clear()
    first, second = comparison.first, comparison.second
    marks = [f"the first: {mark}" for mark in first.marks] + [f"the second: {mark}" for mark in second.marks]
    heads = zip(_header(first), _header(second), strict=True)
    gains = [each for each in comparison.differences[:k] if each.gain > 0]
    losses = [each for each in comparison.differences[::-1][:k] if each.gain < 0]
    body = [
        _banner(marks),
        _table([("", "the first", "the second"), *((*one, other[1]) for one, other in heads)]),
        *(f"<p>{html.escape(line)}</p>" for line in _tested(comparison)),
        f"<div class=charts>{inside(change_chart(comparison), 'the value of each query under both')}</div>",
        *_changed("Largest gains", gains, comparison),
        *_changed("Largest losses", losses, comparison),
    ]
    title = f"{first.dataset}: from {called(first)} to {called(second)}"
    _write(path, title, body)


def _write(path: Path, title: str, body: Iterable[str]) -> None:
    template = Template((resources.files("resight.pictures") / "result.html").read_text(encoding="utf8"))
    page = template.substitute(title=html.escape(title), body="\n".join(body))
    write_whole(path, page.encode("utf8", "replace"))


def _banner(marks: Sequence[str]) -> str:
    if not marks:
        return ""
    lines = "".join(f"<li>{html.escape(mark)}</li>" for mark in marks)
    return f'<div class="marks"><b>Not as the protocol wants it</b><ul>{lines}</ul></div>'


def _header(evaluation: Evaluation) -> list[tuple[str, str]]:
    facts = evaluation.facts
    distractors = f", and {facts['distractors']} distractors" if facts["distractors"] else ""
    return [
        ("data set", f"{evaluation.dataset}, in {evaluation.root}"),
        ("queries, photos", f"{facts['queries']} queries, {facts['photos']} photos{distractors}"),
        ("protocol", facts["protocol"]),
        ("recipe", evaluation.recipe),
        ("fit", facts["fit"]),
        ("re-ranked", ", then ".join(facts["rerank"]) or "no"),
        ("time", f"{milliseconds(facts['seconds']['a query'])} a query"),
        ("fingerprint", facts["fingerprint"]),
        ("hash of photos and truth", facts["data_hash"]),
        ("Resight", facts["version"]),
    ]


def _table(rows: Iterable[Sequence[str]]) -> str:
    lines = []
    for name, *values in rows:
        cells = "".join(f"<td>{html.escape(str(one))}</td>" for one in values)
        lines.append(f"<tr><th>{html.escape(name)}</th>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _measures(evaluation: Evaluation) -> str:
    lines = []
    for name, value in evaluation.means.items():
        meant = html.escape(measure(name.split()[-1]).describe)
        lines.append(
            f"<tr><th>{html.escape(name)}</th><td class=number>{value:.4f}</td><td>{meant}</td></tr>"
        )
    known = published(evaluation.dataset)
    own = [each for each in known if each.recipe == evaluation.recipe] or known
    told = "".join(f"<li>{html.escape(str(each))}</li>" for each in own)
    papers = f"<p>Published:</p><ul>{told}</ul>" if told else ""
    return f"<h2>Measures, the mean over queries</h2><table>{''.join(lines)}</table>{papers}"


def _ends(evaluation: Evaluation, by: str) -> Iterable[str]:
    """The worst queries, then the best of the others."""
    sign = 1 if measure(by.split()[-1]).higher_is_better else -1
    answers = [answer for answer in evaluation.answers if by in answer.values]
    answers.sort(key=lambda answer: sign * answer.values[by])
    best = answers[max(QUERIES, len(answers) - QUERIES) :][::-1]
    for words, shown in (("The worst queries", answers[:QUERIES]), ("The best queries", best)):
        if shown:
            yield f"<h2>{words} by {html.escape(of_one(by))}</h2>{_key(shown)}"
        for answer in shown:
            heading = html.escape(f"{answer.query}: {got(answer, by, 4)}")
            yield f"<h3>{heading}</h3>{row(evaluation, answer, by, HITS)}"


def _key(answers: Sequence[Answer]) -> str:
    told = "; ".join(outlines(answers, HITS))
    return f'<p class="told">{told}</p>' if told else ""


def _tested(comparison: Comparison) -> list[str]:
    test, by = comparison.test, comparison.measure
    one, other = (each.means[by] for each in (comparison.first, comparison.second))
    change = "better" if test.mean > 0 else "worse" if test.mean < 0 else "neither better nor worse"
    lines = [
        f"By {by} the first has {one:.4f} and the second {other:.4f}.",
        f"Over {test.queries} queries the second is {change}: {test.mean:+.4f} on average, counted so that "
        f"more is better; {test.changed} of them changed.",
        "If the two were alike, and chance gave each change its sign, the mean would be as far from 0 with "
        f"a probability of p = {test.p:.4f}.",
    ]
    if test.queries > 1:
        span = f"{test.low:+.4f} to {test.high:+.4f}"
        lines.append(f"95 % interval of the mean, by queries drawn again: {span}.")
    return lines


def _changed(words: str, shown: Sequence[Difference], comparison: Comparison) -> Iterable[str]:
    by = comparison.measure
    if shown:
        yield f"<h2>{words}</h2>{_key([one for each in shown for one in (each.first, each.second)])}"
    for each in shown:
        change = "gain" if each.gain > 0 else "loss"
        yield f"<h3>{html.escape(each.first.query)}: {change} {each.gain:+.4f}</h3>"
        for words, evaluation, answer in (
            ("the first", comparison.first, each.first), ("the second", comparison.second, each.second),
        ):  # fmt: skip
            yield row(evaluation, answer, by, HITS, f"{words}, {called(evaluation)}: {got(answer, by, 4)}")
