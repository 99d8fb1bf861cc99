"""What differs between two trees: text for people, Markdown for a pull request, JSON.

What several recordings have in common stands first and once; below it, by test, what is particular.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby, islice
from typing import Any

from rich.text import Text

from recctl.compare.changes import SUBMODULE, Changes, Fate, Pair, Place, Unread
from recctl.compare.summary import Common, Summary, Told
from recctl.compare.values import Comparison, Statement
from recctl.render import comparison as render
from recctl.render import document as document_json
from recctl.render.markdown import code, escaped
from recctl.safetext import one_line
from recctl.wording import plural

_STYLES = {Fate.CHANGED: "cyan", Fate.MOVED: "cyan", Fate.ADDED: "green", Fate.REMOVED: "red"}
_FAINT = "dim"
_SHORT = 12
_MOST_ALIKE = 8
"""So many recordings of which the same is told stand one by one; more are folded, with all hashes.
"""

_MOST_VARIANTS = 8
_MOST_TOLD = 3
"""So many common changes stand in the first line."""

_WIDTH = 80
_NO_TEST = "no test"


# Text


def as_text(changes: Changes, summary: Summary) -> Iterator[Text]:
    """The summary, then the tests that have something of their own, then the others."""
    if changes.is_empty:
        return
    for number, line in enumerate(_heads(summary)):
        yield Text(line, style="" if number else "bold")
    for common in _explained(summary):
        yield from _common_lines(common, summary)
    plain: list[tuple[str, list[Pair]]] = []
    for title, pairs in _by_test(changes.pairs):
        if summary.common and not any(_is_particular(pair, summary) for pair in pairs):
            plain.append((title, pairs))
            continue
        yield Text()
        yield Text(title, style="bold", no_wrap=True)
        yield from _section(pairs, summary)
    if plain:
        yield Text()
        yield Text("only what is told above", style="bold")
        for title, pairs in plain:
            yield Text(f"  {title}", no_wrap=True)
            yield from _section(pairs, summary, "  ")
    if changes.unread:
        yield Text()
        yield Text("not compared", style="bold yellow")
        for one in changes.unread:
            yield Text(f"  {_unread(one)}", no_wrap=True)
    if note := _hidden(summary):
        yield Text()
        yield Text(note, style=_FAINT)


def pair_as_text(pair: Pair) -> Iterator[Text]:
    """Two recordings that the user named: which they are, and what differs, if anything is told."""
    comparison = pair.comparison
    if comparison is None or not (comparison.statements or comparison.answers):
        return
    yield Text(f"{_short(pair.before)} → {_short(pair.after)}", style="bold", no_wrap=True)
    yield from render.as_text(comparison)


def _heads(summary: Summary) -> list[str]:
    """How many recordings of how many tests, what most of them have in common, and the counts."""
    of = f" of {plural(summary.tests, 'test')}" if summary.tests else ""
    recordings = f"{plural(summary.recordings, 'recording')}{of}" if summary.recordings else ""
    told = [
        f"{_headline(common)} ({_share(common, summary)})" for common in summary.common[:_MOST_TOLD]
    ]
    more = len(summary.common) - len(told)
    told += [f"{more:,} more below"] if more else []
    if told:
        return [f"{recordings}: {', '.join(told)}", _counted(summary)]
    return [": ".join(filter(None, (recordings, _counted(summary)))) or "no recordings differ"]


def _counted(summary: Summary) -> str:
    """The changes in numbers."""
    fates = ", ".join(f"{count:,} {fate}" for fate, count in summary.counts.items() if count)
    unread = f"{summary.unread:,} not compared" if summary.unread else ""
    return "; ".join(filter(None, (fates, unread)))


def _headline(common: Common) -> str:
    return ("answer: " if common.of_answers else "") + one_line(common.headline)


def _explained(summary: Summary) -> list[Common]:
    """The common changes of which there is more to tell than stands in the first line."""
    return [
        common
        for place, common in enumerate(summary.common)
        if place >= _MOST_TOLD or any(one.details for one in common.variants)
    ]


def _common_lines(common: Common, summary: Summary) -> Iterator[Text]:
    yield Text(f"  {_headline(common)} ({_share(common, summary)})")
    for number, variant in enumerate(common.variants, 1):
        if number > _MOST_VARIANTS:
            more = len(common.variants) - _MOST_VARIANTS
            yield Text(f"    … and {more:,} more", style=_FAINT)
            break
        if not common.is_one:
            yield Text(f"    variant {number}, in {variant.recordings:,}", style=_FAINT)
        for line in variant.details:
            yield render.detail_line(line, "  " if common.is_one else "    ")


def _share(common: Common, summary: Summary) -> str:
    if common.recordings != summary.compared:
        return f"{common.recordings:,}"
    every = (
        "all" if summary.compared == summary.recordings else f"all {summary.compared:,} compared"
    )
    return every if common.is_one else f"{every}, in {common.ways:,} variants"


def _section(pairs: Sequence[Pair], summary: Summary, indent: str = "") -> Iterator[Text]:
    for formerly, some in _by_former(pairs):
        if formerly is not None:
            yield Text(f"{indent}  {formerly}", no_wrap=True)
        for alike in _alike(some, summary):
            yield from _group_lines(alike, summary, indent)


def _group_lines(alike: Sequence[Pair], summary: Summary, indent: str) -> Iterator[Text]:
    first = alike[0]
    fate = (first.fate.value, _STYLES[first.fate])
    labels = [_label(pair) for pair in alike]
    if len(labels) > 1:
        yield Text.assemble(f"{indent}  ", fate, f"  {plural(len(alike), 'recording')}")
        for line in _packed(labels, _WIDTH - len(indent) - 4):
            yield Text(f"{indent}    {line}", no_wrap=True)
    else:
        yield Text.assemble(f"{indent}  ", fate, f"  {labels[0]}", no_wrap=True)
    requests, answers = summary.told(first)
    yield from _told_lines(requests, f"{indent}    ")
    if answers and _has_heading(first):
        yield Text(f"{indent}    its answer", style=_FAINT)
        yield from _told_lines(answers, f"{indent}      ")
    else:
        yield from _told_lines(answers, f"{indent}    ")
    if first.rest.value:
        yield Text(f"{indent}    {first.rest.value}", style=_FAINT)


def _told_lines(told: Iterable[Told], indent: str) -> Iterator[Text]:
    for one in told:
        yield from render.statement_lines([_as_statement(one)], indent)


def _as_statement(told: Told) -> Statement:
    """What is told, with the variant in the headline."""
    if told.variant is None:
        return told.statement
    return replace(told.statement, headline=f"{told.statement.headline}, variant {told.variant:,}")


def _has_heading(pair: Pair) -> bool:
    """Whether what is told of the answer must be told from what is told of the request."""
    return pair.comparison is not None and bool(pair.comparison.statements)


def _packed(labels: Iterable[str], width: int) -> Iterator[str]:
    """Labels on lines of a width, as many on each as have room."""
    line = ""
    for label in labels:
        if line and len(line) + 2 + len(label) > width:
            yield line
            line = ""
        line += f"  {label}" if line else label
    if line:
        yield line


def _is_particular(pair: Pair, summary: Summary) -> bool:
    return pair.comparison is None or bool(pair.rest.value) or summary.has_own(pair)


def _alike(pairs: Sequence[Pair], summary: Summary) -> Iterator[list[Pair]]:
    """Many pairs of which the same is told together, each other one alone."""
    groups: dict[object, list[Pair]] = {}
    for pair in pairs:
        key = (pair.fate, pair.rest, pair.like is None, _has_heading(pair), summary.told(pair))
        groups.setdefault(id(pair) if summary.has_own(pair) else key, []).append(pair)
    for group in groups.values():
        yield from [group] if len(group) > _MOST_ALIKE else ([pair] for pair in group)


def _by_former(pairs: Sequence[Pair]) -> Iterator[tuple[str | None, list[Pair]]]:
    """Pairs by the test that those before are of, where it is another; the others first."""
    groups: dict[str | None, list[Pair]] = {None: []}
    for pair in pairs:
        told = None
        if pair.formerly is not None:
            told = f"{'like ones' if pair.like else 'formerly'} of {one_line(pair.formerly)}"
        groups.setdefault(told, []).append(pair)
    return ((told, some) for told, some in groups.items() if some)


def _hidden(summary: Summary) -> str:
    return render.hidden_note(Comparison(hidden=summary.hidden))


# Markdown


def as_markdown(changes: Changes, summary: Summary, most_bytes: int) -> str:
    """A comment for a pull request: the summary, and a folded part for each test.

    What has no room is left out, and the last line says how much that is.
    """
    page = _Page(most_bytes)
    first, *others = (render.marked_up(line) for line in _heads(summary))
    page.add(f"### recctl diff: {first}", *others)
    skipped = sum(not page.add(*_common_blocks(common, summary)) for common in _explained(summary))
    for one in changes.unread:
        skipped += not page.add(f"- not compared: {escaped(_unread(one))}")
    left = 0
    for title, pairs in _by_test(changes.pairs):
        groups = [
            group
            for formerly, some in _by_former(pairs)
            for group in _test_groups(formerly, some, summary)
        ]
        left += page.fold(f"<code>{_html(title)}</code> {_fates(pairs)}", groups)
    told = [plural(left, "recording")] if left else []
    told += [plural(skipped, "line") + " of the summary"] if skipped else []
    if note := _hidden(summary):
        page.end(f"*{escaped(note)}*")
    if told:
        page.end(f"*{' and '.join(told)} left out for want of room; all:* `--format json`")
    return page.text


class _Page:
    """Blocks of Markdown up to a number of bytes."""

    _RESERVE = 400
    """For the line that tells what was left out."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes - self._RESERVE
        self._blocks: list[str] = []

    @property
    def text(self) -> str:
        """All blocks."""
        return "\n\n".join(self._blocks) + "\n"

    def add(self, *blocks: str) -> bool:
        """Take blocks if there is room for all of them."""
        needed = _size(blocks)
        if needed > self._left:
            return False
        self._left -= needed
        self._blocks += blocks
        return True

    def fold(self, title: str, groups: Sequence[tuple[int, Sequence[str]]]) -> int:
        """Take as many groups of blocks as there is room for, folded.

        Each group has its number of recordings; the result is how many of these are left out.
        """
        opening, closing = f"<details><summary>{title}</summary>", "</details>"
        room = self._left - _size((opening, closing))
        kept: list[str] = []
        left = 0
        for count, blocks in groups:
            room -= _size(blocks)
            if room < 0 or left:
                left += count
            else:
                kept += blocks
        if kept:
            self.add(opening, *kept, closing)
        return left

    def end(self, line: str) -> None:
        """The last line, for which there always is room."""
        self._blocks.append(line)


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode("utf-8", "backslashreplace")) + 2 for block in blocks)


def _common_blocks(common: Common, summary: Summary) -> Iterator[str]:
    yield f"- {render.marked_up(_headline(common))} ({_share(common, summary)})"
    for number, variant in enumerate(common.variants[:_MOST_VARIANTS], 1):
        if not common.is_one:
            yield f"  variant {number}, in {variant.recordings:,} of these"
        yield from islice(render.statement_blocks([common.statement(variant)]), 1, None)
    if len(common.variants) > _MOST_VARIANTS:
        yield f"  … and {len(common.variants) - _MOST_VARIANTS:,} more"


def _test_groups(
    formerly: str | None, pairs: Sequence[Pair], summary: Summary
) -> Iterator[tuple[int, list[str]]]:
    """Blocks of what is told at once, each with its number of recordings."""
    head = [] if formerly is None else [_marked_former(formerly)]
    for alike in _alike(pairs, summary):
        yield len(alike), head + _group_blocks(alike, summary)
        head = []


def _marked_former(formerly: str) -> str:
    words, _, test = formerly.partition(" of ")
    return f"{words} of {code(test)}"


def _group_blocks(alike: Sequence[Pair], summary: Summary) -> list[str]:
    first = alike[0]
    if len(alike) > 1:
        labels = ", ".join(map(_marked_label, alike))
        blocks = [f"**{first.fate}** {plural(len(alike), 'recording')}: {labels}"]
    else:
        blocks = [f"**{first.fate}** {_marked_label(first)}"]
    requests, answers = summary.told(first)
    blocks += render.statement_blocks(map(_as_statement, requests))
    if answers and _has_heading(first):
        blocks.append("**its answer**")
    blocks += render.statement_blocks(map(_as_statement, answers))
    if first.rest.value:
        blocks.append(escaped(first.rest.value))
    return blocks


def _html(text: str) -> str:
    """A text inside HTML, where nothing in it is markup, and an @ is no mention."""
    return escape(text).replace("@", "@<!-- -->")


# JSON


def as_json(changes: Changes, summary: Summary) -> str:
    """All of it as one document (schemas/diff.schema.json)."""
    document = {
        "version": 1,
        "pairs": [_object(pair) for pair in changes.pairs],
        "unread": [
            {"path": one.path, "before": one.before, "after": one.after} for one in changes.unread
        ],
        "summary": _summary(summary),
    }
    return document_json.as_json(document)


def _object(pair: Pair) -> dict[str, Any]:
    exact = render.as_document(pair.comparison or Comparison())
    return {
        "kind": pair.fate.value,
        "like": _place(pair.like),
        "test_id": pair.test_id,
        "before": _place(pair.before),
        "after": _place(pair.after),
        "similarity": None if pair.similarity is None else round(pair.similarity, 4),
        **exact,
    }


def _place(place: Place | None) -> dict[str, str | None] | None:
    return None if place is None else {"path": place.path, "hash": place.hash}


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "recordings": summary.recordings,
        "tests": summary.tests,
        **{fate.value: count for fate, count in summary.counts.items()},
        "unread": summary.unread,
        "hidden": summary.hidden,
        "common": [
            {
                "part": "response" if common.of_answers else "request",
                "headline": common.headline,
                "recordings": common.recordings,
                "variants": [
                    {
                        "recordings": variant.recordings,
                        "details": [
                            {"kind": line.kind, "text": line.text} for line in variant.details
                        ],
                    }
                    for variant in common.variants
                ],
            }
            for common in summary.common
        ],
    }


# Words for all of them


def _by_test(pairs: Sequence[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    for test_id, group in groupby(pairs, key=lambda pair: pair.test_id):
        yield one_line(test_id) if test_id is not None else _NO_TEST, list(group)


def _fates(pairs: Iterable[Pair]) -> str:
    found = [pair.fate for pair in pairs]
    return ", ".join(f"{found.count(fate):,} {fate}" for fate in Fate if fate in found)


def _label(pair: Pair) -> str:
    """What tells a pair from others: the hashes of both sides."""
    if pair.fate is Fate.ADDED and pair.like is not None:
        return f"{_short(pair.after)}  like {_short(pair.like)}{_percent(pair)}"
    if pair.before is None or pair.after is None:
        return _short(pair.after or pair.before)
    old, new = _short(pair.before), _short(pair.after)
    if old != new:
        return f"{old} → {new}{_percent(pair)}"
    folders = [place.path.rpartition("/")[0] for place in (pair.before, pair.after)]
    if pair.fate is Fate.MOVED and folders[0] != folders[1]:
        return f"{new}  from {one_line(folders[0])} to {one_line(folders[1])}"
    return new


def _marked_label(pair: Pair) -> str:
    if pair.fate is Fate.ADDED and pair.like is not None:
        return f"{code(_short(pair.after))} like {code(_short(pair.like))}{_percent(pair)}"
    if pair.before and pair.after and _short(pair.before) != _short(pair.after):
        return f"{code(_short(pair.before))} → {code(_short(pair.after))}{_percent(pair)}"
    return code(_label(pair))


def _percent(pair: Pair) -> str:
    if pair.similarity is None or (pair.similarity == 1 and pair.like is None):
        return ""
    return f"  {int(100 * pair.similarity)} % alike"


def _short(place: Place | None) -> str:
    """A short name: the first digits of the hash, with the digest where there is one."""
    if place is None:
        return ""
    file_name = place.path.rpartition("/")[2]
    if place.hash is None:
        return one_line(file_name)
    digest = file_name.removesuffix(".json").partition(place.hash)[2]
    return place.hash[:_SHORT] + digest


def _unread(one: Unread) -> str:
    if {one.before, one.after} <= {SUBMODULE, None}:
        return one_line(f"{one.path}: {SUBMODULE}")
    reasons = [
        f"{side}: {reason}"
        for side, reason in (("before", one.before), ("after", one.after))
        if reason is not None
    ]
    return one_line(f"{one.path}: {'; '.join(reasons)}")
