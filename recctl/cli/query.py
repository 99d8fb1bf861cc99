"""`recctl query`."""

import sys
from contextlib import closing
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.scanning import ScanOptions
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, read_stdin, terminal_width, write
from recctl.errors import ExitCode, RecctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    from recctl import query

    if schema:
        if sql is not None:
            raise UsageError("--schema prints the tables and takes no SQL")
        write(query.schema())
        return ExitCode.FINE
    if sql is None:
        raise UsageError('give a SELECT, as in: recctl query "SELECT count(*) FROM recordings"')
    text = read_stdin().decode("utf-8", "surrogateescape") if sql == "-" else sql
    with closing(query.Question(text)) as question:
        return _answered(question, paths, form, look)


def _answered(
    question: "Question", paths: list[str] | None, form: Format, look: ScanOptions
) -> int:
    from recctl.facts import facts_in

    settings = current()
    policy = policy_of(settings)
    corpus, code = find_corpus(paths, settings)
    unread: list[RecctlError] = []
    with look.means(settings) as scans:
        findings: Iterable[Finding] = ()
        if question.needs_findings:
            from recctl.cli.validate import selection_of
            from recctl.validate import validate

            selection = selection_of(settings)
            findings = validate(corpus, selection, policy, means=scans).findings
        entries = corpus.entries if question.needs_recordings else ()
        answer = question.answered(facts_in(entries, policy.table, scans, unread), findings)
    _print(answer, form)
    for error in unread:
        note(f"{error}; see: recctl validate")
    if not answer.rows:
        note("no row found")
    return max(code, ExitCode.FINE if answer.rows and not unread else ExitCode.FINDINGS)


def _print(answer: "Answer", form: Format) -> None:
    from recctl.render import rows as render
    from recctl.safetext import harmless

    forms: dict[Format, Callable[..., str]] = {
        Format.TABLE: partial(render.as_table, width=terminal_width()),
        Format.JSON: render.as_json,
        Format.JSONL: render.as_jsonl,
        Format.CSV: render.as_csv,
    }
    made = forms[form](answer.columns, answer.rows)
    write(harmless(made) if sys.stdout.isatty() else made)
