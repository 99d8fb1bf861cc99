"""Rows and counts: tables for people, JSON and CSV for programs."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

from recctl.dialects import Dialect
from recctl.listing import Census, Row
from recctl.render import document as document_json
from recctl.render.terminal import columns, fitted
from recctl.safetext import one_line, shortened
from recctl.wording import plural

_NARROWEST = {6: 20, 4: 6, 5: 5}
"""By column, how far the test, the model and the endpoint may be cut on a terminal."""


def as_table(rows: Iterable[Row], width: int | None) -> list[str]:
    """Aligned lines, headed; to fit a terminal, tests are without their files and cells are cut."""
    table = [("hash", "kind", "stream", "size", "endpoint", "model", "test"), *map(_cells, rows)]
    if width is not None:
        table = [(*cells[:6], cells[6].partition("::")[2] or cells[6]) for cells in table]
        table = fitted(table, width, _NARROWEST, cut_right=frozenset({6}))
    return columns(table, right=frozenset({3}))


def as_json(rows: Iterable[Row]) -> str:
    """All rows as one document (schemas/listing.schema.json)."""
    document = {"version": 1, "recordings": [asdict(row) for row in rows]}
    return document_json.as_json(document)


def as_jsonl(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object a line, with its line end."""
    for row in rows:
        yield document_json.as_line(asdict(row))


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Comma-separated lines with a header (RFC 4180), with their line ends."""
    headed = False
    for row in rows:
        cells = asdict(row)
        if not headed:
            yield document_json.csv_line([*cells])
        headed = True
        yield document_json.csv_line([_csv_cell(value) for value in cells.values()])
    if not headed:
        yield document_json.csv_line([field.name for field in fields(Row)])


def dialects_as_text(dialects: Iterable[Dialect], census: Census | None) -> list[str]:
    """The dialects, oldest first; with a census, how many recordings agree with which."""
    if census is None:
        head = ("dialect", "adds")
        return columns([head, *((one.name, one.adds) for one in dialects)])
    head3 = ("dialect", "agree", "adds")
    body = [(one.name, f"{census.by_dialect[one.name]:,}", one.adds) for one in dialects]
    lines = columns([head3, *body], right=frozenset({1}))
    spans = [(f"{count:,}", span) for span, count in census.by_span.items()]
    others = [(f"{n:,}", name) for name, n in census.by_standing.items()]
    lines += ["", f"{plural(census.recordings, 'recording')} by agreeing dialects"]
    lines += columns(spans, right=frozenset({0})) if spans else ["none"]
    lines += ["", "and by what today's recorder makes of them"]
    return lines + columns(others, right=frozenset({0}))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.hash or "-",
        row.kind or "-",
        "yes" if row.streaming else "no",
        f"{row.size:,}",
        _cell(row.endpoint),
        _cell(row.model),
        _cell(row.test_id),
    )


def _cell(value: str | None) -> str:
    return one_line(shortened(value)) if value else "-"


def _csv_cell(value: str | bool | int | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
