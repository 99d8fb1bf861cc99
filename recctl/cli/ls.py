"""`recctl ls`."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.selecting import (
    GLOBS,
    EndpointOption,
    KindOption,
    ModelOption,
    ProviderOption,
    TestOption,
    WhereOption,
    filters_of,
)
from recctl.cli.settings import current
from recctl.cli.terminal import Paths, find_corpus, note, terminal_width, write
from recctl.errors import ExitCode, RecctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recctl.corpus import Corpus
    from recctl.listing import Filter, Row

DETAILS = GLOBS


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PATHS = "paths"


def run(
    paths: Paths = None,
    *,
    test: TestOption = None,
    model: ModelOption = None,
    endpoint: EndpointOption = None,
    provider: ProviderOption = None,
    kind: KindOption = None,
    where: WhereOption = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    null: Annotated[
        bool, typer.Option("-0", "--null", help="End each path with a NUL byte (with paths).")
    ] = False,
) -> int:
    """List what passes all filters; name on stderr what cannot be read."""
    from recctl.render.summary import plural  # noqa: PLC0415

    if null and form is not Format.PATHS:
        raise UsageError("-0 goes with --format paths only")
    filters = filters_of(
        test=test, model=model, endpoint=endpoint, provider=provider, kind=kind, where=where
    )
    corpus, code = find_corpus(paths, current())
    unread: list[RecctlError] = []
    rows = _rows(corpus, filters, unread)
    listed = _print(rows, form, "\0" if null else "\n")
    for error in unread:
        note(f"{error}; see: recctl validate")
    if not listed:
        note(f"nothing found among {plural(len(corpus.entries), 'recording')}")
    return max(code, ExitCode.FINE if listed and not unread else ExitCode.FINDINGS)


def _rows(corpus: "Corpus", filters: list["Filter"], unread: list[RecctlError]) -> "Iterator[Row]":
    from recctl.corpus import load  # noqa: PLC0415
    from recctl.listing import row  # noqa: PLC0415

    for entry in corpus.entries:
        try:
            recording = load(entry)
        except RecctlError as error:
            unread.append(error)
            continue
        made = row(entry, recording)
        if all(accepts(made, recording) for accepts in filters):
            yield made


def _print(rows: "Iterator[Row]", form: Format, path_end: str) -> int:
    """Print rows and give their number. Lines are printed as they come, where the form allows."""
    from recctl.render import listing as render  # noqa: PLC0415
    from recctl.safetext import harmless  # noqa: PLC0415

    if form in (Format.TABLE, Format.JSON):
        made = list(rows)
        if form is Format.JSON:
            write(render.as_json(made))
        elif made:
            write("".join(f"{line}\n" for line in render.as_table(made, terminal_width())))
        return len(made)
    listed = 0

    def counted() -> "Iterator[Row]":
        nonlocal listed
        for one in rows:
            listed += 1
            yield one

    if form is Format.PATHS:
        for one in counted():
            _write_path(one.path, path_end)
    else:
        for line in (
            render.as_jsonl(counted()) if form is Format.JSONL else render.as_csv(counted())
        ):
            write(harmless(line) if sys.stdout.isatty() else line)
    return listed


def _write_path(path: str, end: str) -> None:
    """A path's own bytes, for other programs; on a terminal made harmless."""
    if sys.stdout.isatty():
        from recctl.safetext import one_line  # noqa: PLC0415

        write(one_line(path) + end)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(path.encode("utf-8", "surrogateescape") + end.encode())
