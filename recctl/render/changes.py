"""What differs between two trees: text for people, Markdown for a pull request, JSON.

What several recordings have in common stands first and once; below it, by test, what is particular.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, islice
from typing import Any

from rich.text import Text

from recctl.compare.changes import Changes, Fate, Pair, Place, Unread
from recctl.compare.summary import Common, Summary
from recctl.render import comparison as render
from recctl.render import document as document_json
from recctl.render.markdown import code, escaped
from recctl.render.summary import plural
from recctl.safetext import one_line

_STYLES = {Fate.CHANGED: "cyan", Fate.MOVED: "cyan", Fate.ADDED: "green", Fate.REMOVED: "red"}
_FAINT = "dim"
_SHORT = 12
_MOST_ALIKE = 8
"""So many recordings of a test that have nothing particular are shown, if they are more, counted.
"""

_MOST_VARIANTS = 8
_MOST_TESTS = 20
"""So many tests are named of which there is nothing particular to tell, the others counted."""

_NO_TEST = "no test"


# Text


def as_text(changes: Changes, summary: Summary) -> Iterator[Text]:
    """The summary, then the tests that have something of their own, then the others."""
    if changes.is_empty:
        return
    yield Text(counted(summary), style="bold")
    for common in summary.common:
        yield from _common_lines(common, summary)
    plain: list[tuple[str, list[Pair]]] = []
    for title, pairs in _by_test(changes.pairs):
        if summary.common and all(map(summary.is_common, pairs)):
            plain.append((title, pairs))
            continue
        yield Text()
        yield Text(title, style="bold", no_wrap=True)
        yield from _section(pairs, summary)
    if plain:
        yield Text()
        yield Text("only what is told above", style="bold")
        for title, pairs in plain[:_MOST_TESTS]:
            yield Text(f"  {title}  {_fates(pairs)}", no_wrap=True)
        if len(plain) > _MOST_TESTS:
            yield Text(f"  … and {plural(len(plain) - _MOST_TESTS, 'more test')}", style=_FAINT)
    if changes.unread:
        yield Text()
        yield Text("not compared", style="bold yellow")
        for one in changes.unread:
            yield Text(f"  {_unread(one)}", no_wrap=True)


def pair_as_text(pair: Pair) -> Iterator[Text]:
    """Two recordings that the user named: which they are, and what differs, if anything is told."""
    comparison = pair.comparison
    if comparison is None or not (comparison.statements or comparison.answers):
        return
    yield Text(f"{_short(pair.before)} → {_short(pair.after)}", style="bold", no_wrap=True)
    yield from render.as_text(comparison)


def counted(summary: Summary) -> str:
    """The changes in numbers, on one line."""
    fates = ", ".join(f"{count:,} {fate}" for fate, count in summary.counts.items() if count)
    of = f" of {plural(summary.tests, 'test')}" if summary.tests else ""
    told = f"{plural(summary.recordings, 'recording')}{of}: {fates}" if fates else ""
    unread = f"{summary.unread:,} not compared" if summary.unread else ""
    return "; ".join(filter(None, (told, unread))) or "no recordings differ"


def _common_lines(common: Common, summary: Summary) -> Iterator[Text]:
    yield Text(f"  {one_line(common.headline)} ({_share(common.recordings, summary)})")
    for number, variant in enumerate(common.variants):
        if number == _MOST_VARIANTS:
            more = len(common.variants) - _MOST_VARIANTS
            yield Text(f"    … and {more:,} more", style=_FAINT)
            break
        if not common.is_one:
            yield Text(f"    in {variant.recordings:,}", style=_FAINT)
        for line in variant.details:
            yield render.detail_line(line, "  " if common.is_one else "    ")


def _share(count: int, summary: Summary) -> str:
    return "all" if count == summary.compared == summary.recordings else f"{count:,}"


def _section(pairs: Sequence[Pair], summary: Summary) -> Iterator[Text]:
    for alike in _alike(pairs, summary):
        first = alike[0]
        if len(alike) > _MOST_ALIKE:
            yield Text.assemble(
                "  ",
                (first.fate.value, _STYLES[first.fate]),
                f"  {plural(len(alike), 'recording')}{_told_of(first, summary)}",
            )
            continue
        for pair in alike:
            yield from _pair_lines(pair, summary)


def _pair_lines(pair: Pair, summary: Summary) -> Iterator[Text]:
    yield Text.assemble(
        "  ", (pair.fate.value, _STYLES[pair.fate]), f"  {_label(pair)}", no_wrap=True
    )
    if pair.formerly is not None:
        yield Text(f"    formerly of {one_line(pair.formerly)}", no_wrap=True)
    requests, answers = summary.own(pair)
    yield from render.statement_lines(requests, "    ")
    if answers and pair.comparison and pair.comparison.statements:
        yield Text("    its answer", style=_FAINT)
    yield from render.statement_lines(answers, "    ")
    if pair.rest.value:
        yield Text(f"    {pair.rest.value}", style=_FAINT)


def _alike(pairs: Sequence[Pair], summary: Summary) -> Iterable[list[Pair]]:
    """Pairs of one fate of which there is nothing particular together, each other one alone."""
    groups: dict[object, list[Pair]] = {}
    for pair in pairs:
        has_own = any(summary.own(pair)) or pair.formerly is not None
        key = id(pair) if has_own else (pair.fate, pair.rest, pair.like is None)
        groups.setdefault(key, []).append(pair)
    return groups.values()


def _told_of(pair: Pair, summary: Summary) -> str:
    if pair.rest.value:
        return f": {pair.rest.value}"
    like = " like others" if pair.like else ""
    return f"{like}: only what is told above" if summary.is_common(pair) else like


# Markdown


def as_markdown(changes: Changes, summary: Summary, most_bytes: int) -> str:
    """A comment for a pull request: the summary, and a folded part for each test.

    What has no room is left out, and the last line says how much that is.
    """
    page = _Page(most_bytes)
    page.add(f"### recctl diff: {escaped(counted(summary))}")
    skipped = sum(not page.add(*_common_blocks(common, summary)) for common in summary.common)
    for one in changes.unread:
        skipped += not page.add(f"- not compared: {escaped(_unread(one))}")
    left = 0
    for title, pairs in _by_test(changes.pairs):
        groups = [(len(alike), _group_blocks(alike, summary)) for alike in _alike(pairs, summary)]
        left += page.fold(f"<code>{_html(title)}</code> {_fates(pairs)}", groups)
    told = [plural(left, "recording")] if left else []
    told += [plural(skipped, "line") + " of the summary"] if skipped else []
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
    yield f"- {render.marked_up(common.headline)} ({_share(common.recordings, summary)})"
    for variant in common.variants[:_MOST_VARIANTS]:
        if not common.is_one:
            yield f"  in {variant.recordings:,} of these"
        yield from islice(render.statement_blocks([common.statement(variant)]), 1, None)


def _group_blocks(alike: Sequence[Pair], summary: Summary) -> list[str]:
    first = alike[0]
    if len(alike) > _MOST_ALIKE:
        told = f"{plural(len(alike), 'recording')}{_told_of(first, summary)}"
        return [f"**{first.fate}** {escaped(told)}"]
    return [block for pair in alike for block in _pair_blocks(pair, summary)]


def _pair_blocks(pair: Pair, summary: Summary) -> list[str]:
    blocks = [f"**{pair.fate}** {_marked_label(pair)}"]
    if pair.formerly is not None:
        blocks.append(f"formerly of {code(one_line(pair.formerly))}")
    requests, answers = summary.own(pair)
    blocks += render.statement_blocks(requests)
    if answers and pair.comparison and pair.comparison.statements:
        blocks.append("its answer")
    blocks += render.statement_blocks(answers)
    if pair.rest.value:
        blocks.append(escaped(pair.rest.value))
    if summary.is_common(pair):
        blocks.append("only what is told above")
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
    exact = (
        {"request": [], "response": []}
        if pair.comparison is None
        else render.as_document(pair.comparison)
    )
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
        "common": [
            {
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
    return code(_label(pair))


def _percent(pair: Pair) -> str:
    if pair.similarity is None or pair.similarity == 1:
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
    reasons = [
        f"{side}: {reason}"
        for side, reason in (("before", one.before), ("after", one.after))
        if reason is not None
    ]
    return one_line(f"{one.path}: {'; '.join(reasons)}")
