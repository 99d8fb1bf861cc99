"""`recctl ls`."""

import sys
from collections.abc import Collection, Iterator
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.proof import EVIDENCE, HOW_TO_GET_SOME, EvidenceOptions, judging
from recctl.cli.scanning import ScanOptions
from recctl.cli.selecting import GLOBS, FilterOptions, Selected, selected
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, terminal_width, write
from recctl.errors import ExitCode, RecctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recctl.corpus import Entry
    from recctl.evidence import Judgement
    from recctl.listing import Row
    from recctl.recording import Recording

DETAILS = f"""{GLOBS}

{EVIDENCE}
With evidence, json and jsonl have a verdict and its reason."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PATHS = "paths"


_AT_ONCE = (Format.TABLE, Format.JSON)
"""What is printed only when all is known."""


def run(
    paths: Paths = None,
    *,
    which: FilterOptions,
    unused: Annotated[
        bool, typer.Option("--unused", help="Only what evidence proves unused.")
    ] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Only that of which evidence proves nothing.")
    ] = False,
    used: Annotated[bool, typer.Option("--used", help="Only what was opened.")] = False,
    evidence: EvidenceOptions,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    null: Annotated[
        bool, typer.Option("-0", "--null", help="End each path with a NUL byte (with paths).")
    ] = False,
    look: ScanOptions,
) -> int:
    """List what passes all filters; name on stderr what cannot be read."""
    from recctl.wording import plural

    if null and form is not Format.PATHS:
        raise UsageError("-0 goes with --format paths only")
    filters = which.filters()
    asked = {"unused": unused, "unknown": unknown, "used": used}
    verdicts = frozenset(verdict for verdict, is_asked in asked.items() if is_asked)
    given = evidence.read()
    if verdicts and given is None:
        raise UsageError(f"--{min(verdicts)} needs evidence: {HOW_TO_GET_SOME}")
    settings = current()
    policy = policy_of(settings)
    corpus, code = find_corpus(paths, settings)
    judge = None if given is None else judging(corpus, given, policy)
    unread: list[RecctlError] = []
    with look.means(settings, streams=form not in _AT_ONCE) as scans:
        found = selected(corpus, filters, policy.table, scans, unread, whole=judge is not None)
        listed = _print(_rows(found, judge, verdicts), form, "\0" if null else "\n")
    for error in unread:
        note(f"{error}; see: recctl validate")
    if not listed:
        note(f"nothing found among {plural(len(corpus.entries), 'recording')}")
    return max(code, ExitCode.FINE if listed and not unread else ExitCode.FINDINGS)


def _rows(
    found: "Iterator[Selected]",
    judge: "Callable[[Entry, Recording], Judgement] | None",
    verdicts: Collection[str],
) -> "Iterator[Row]":
    """The rows, and of those that are judged the ones with such a verdict, if any is asked for."""
    from recctl.listing import JudgedRow, row

    for entry, facts, recording in found:
        made = row(entry, facts)
        if judge is None or recording is None:
            yield made
            continue
        judgement = judge(entry, recording)
        if not verdicts or judgement.verdict in verdicts:
            verdict, reason = judgement.verdict.value, judgement.text
            yield JudgedRow(**asdict(made), verdict=verdict, reason=reason)


def _print(rows: "Iterator[Row]", form: Format, path_end: str) -> int:
    """Print rows and give their number. Lines are printed as they come, where the form allows."""
    from recctl.render import listing as render
    from recctl.safetext import harmless

    if form in _AT_ONCE:
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
        from recctl.safetext import one_line

        write(one_line(path) + end)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(path.encode("utf-8", "surrogateescape") + end.encode())
