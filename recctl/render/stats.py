"""Totals of a corpus: tables for people, Markdown for a pull request, JSON and CSV for programs."""

from collections.abc import Iterator
from typing import Any

from recctl.render import document as document_json
from recctl.render.markdown import code_cell
from recctl.render.terminal import columns
from recctl.safetext import one_line, shortened
from recctl.stats import Field, Group, Stats
from recctl.wording import plural

_NONE = "-"


def as_text(stats: Stats, most: int | None) -> Iterator[str]:
    """The total, then a table for each field; of long ones the first rows, the rest summed up."""
    yield f"{plural(stats.recordings, 'recording')}, {plural(stats.bytes, 'byte')}"
    for field, groups in stats.by.items():
        yield ""
        shown, rest = _split(groups, most)
        rows = [
            (f"{one.recordings:,}", f"{one.bytes:,}", one_line(_label(one.value))) for one in shown
        ]
        if rest is not None:
            more = f"… {plural(len(groups) - len(shown), 'more value')}: --by {field}"
            rows.append((f"{rest.recordings:,}", f"{rest.bytes:,}", more))
        yield from columns([("recordings", "bytes", _title(field)), *rows], right=frozenset({0, 1}))


def as_markdown(stats: Stats, most: int | None) -> str:
    """The same as tables that nothing recorded can break."""
    total = f"{plural(stats.recordings, 'recording')}, {plural(stats.bytes, 'byte')}"
    blocks = [f"### {total}"]
    for field, groups in stats.by.items():
        shown, rest = _split(groups, most)
        rows = [f"| {_title(field)} | recordings | bytes |", "|---|--:|--:|"]
        rows += (f"| {_cell(one.value)} | {one.recordings:,} | {one.bytes:,} |" for one in shown)
        if rest is not None:
            more = plural(len(groups) - len(shown), "more value")
            rows.append(f"| … {more} | {rest.recordings:,} | {rest.bytes:,} |")
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def as_json(stats: Stats) -> str:
    """All of it as one document (schemas/stats.schema.json)."""
    return document_json.as_json(as_document(stats))


def as_document(stats: Stats) -> dict[str, Any]:
    """The same, before it is written as JSON."""
    return {
        "version": 1,
        "recordings": stats.recordings,
        "bytes": stats.bytes,
        "by": {
            field.value: [
                {"value": one.value, "recordings": one.recordings, "bytes": one.bytes}
                for one in groups
            ]
            for field, groups in stats.by.items()
        },
    }


def as_csv(stats: Stats) -> Iterator[str]:
    """Lines of field, value, recordings, bytes (RFC 4180), with their ends; the total first.

    The total has the field `total`. A recording without a value counts at an empty one.
    """
    yield document_json.csv_line(("field", "value", "recordings", "bytes"))
    yield document_json.csv_line(("total", "", stats.recordings, stats.bytes))
    for field, groups in stats.by.items():
        for one in groups:
            yield document_json.csv_line((field.value, one.value or "", one.recordings, one.bytes))


def _split(groups: tuple[Group, ...], most: int | None) -> tuple[tuple[Group, ...], Group | None]:
    """The groups to be shown, and the others as one; null where none is left out."""
    if most is None or len(groups) <= most:
        return groups, None
    rest = groups[most:]
    many, size = sum(one.recordings for one in rest), sum(one.bytes for one in rest)
    return groups[:most], Group(None, many, size)


def _title(field: Field) -> str:
    return field.value.replace("-", " ")


def _label(value: str | None) -> str:
    return shortened(value) if value else _NONE


def _cell(value: str | None) -> str:
    return code_cell(one_line(shortened(value))) if value else _NONE
