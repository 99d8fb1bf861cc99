"""`recctl query`."""

import sys
from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.finding import Paths, find_corpus
from recctl.cli.scanning import ScanOptions
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, read_stdin, terminal_width, write
from recctl.errors import ExitCode, RecctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recctl.diagnostics import Finding
    from recctl.query import Answer, Question

DETAILS = """SQL is one SELECT, as SQLite has it, or - for stdin. The tables recordings and findings
hold what is at PATHS as it is now; --schema prints their columns. Nothing can be changed by it.

  recctl query "SELECT model, count(*) FROM recordings GROUP BY model"

The exit code is 1 if no row is found."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def run(
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="The question.", show_default=False)
    ] = None,
    paths: Paths = None,
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Print the tables.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    look: ScanOptions,
) -> int:
    """Check the question, look, answer."""
    from recctl import query  # noqa: PLC0415

    if schema:
        if sql is not None:
            raise UsageError("--schema prints the tables and takes no SQL")
        write(query.schema())
        return ExitCode.FINE
    if sql is None:
        raise UsageError('give a SELECT, as in: recctl query "SELECT count(*) FROM recordings"')
    text = read_stdin().decode("utf-8", "replace") if sql == "-" else sql
    with closing(query.Question(text)) as question:
        return _answered(question, paths, form, look)


def _answered(
    question: "Question", paths: list[str] | None, form: Format, look: ScanOptions
) -> int:
    from recctl.facts import facts_in  # noqa: PLC0415

    settings = current()
    policy = policy_of(settings)
    corpus, code = find_corpus(paths, settings)
    unread: list[RecctlError] = []
    with look.means(settings) as scans:
        findings: Iterable[Finding] = ()
        if question.needs_findings:
            from recctl.cli.validate import selection_of  # noqa: PLC0415
            from recctl.validate import validate  # noqa: PLC0415

            selection = selection_of(settings)
            findings = validate(corpus, selection, policy, means=scans).findings
        entries = corpus.entries if question.needs_recordings else ()
        answer = question.answered(facts_in(entries, policy.table, scans, unread), findings)
    printed = _print(answer, form)
    for error in unread:
        note(f"{error}; see: recctl validate")
    if not printed:
        note("no row found")
    return max(code, ExitCode.FINE if printed and not unread else ExitCode.FINDINGS)


def _print(answer: "Answer", form: Format) -> int:
    """Print the rows, and give their number."""
    from recctl.render import rows as render  # noqa: PLC0415
    from recctl.safetext import harmless  # noqa: PLC0415

    if form is Format.TABLE:
        made = list(answer.rows)
        lines = render.as_table(answer.columns, made, terminal_width())
        write("".join(f"{line}\n" for line in lines))
        return len(made)
    if form is Format.JSON:
        made = list(answer.rows)
        write(render.as_json(answer.columns, made))
        return len(made)
    printed = 0
    as_lines = render.as_jsonl if form is Format.JSONL else render.as_csv
    for printed, line in enumerate(as_lines(answer.columns, answer.rows), start=1):  # noqa: B007
        write(harmless(line) if sys.stdout.isatty() else line)
    return printed - 1 if form is Format.CSV else printed
