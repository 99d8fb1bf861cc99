"""`recctl stats`."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.proof import EVIDENCE, HOW_TO_GET_SOME, EvidenceOptions, judging
from recctl.cli.scanning import ScanOptions
from recctl.cli.selecting import GLOBS, FilterOptions, selected
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, RecctlError, UsageError
from recctl.stats import OVERVIEW, Field

DETAILS = f"""Counts recordings and their bytes, by fields: a table each. Without --by these are
{", ".join(OVERVIEW)}, and evidence where there is any; their first
values are shown. With --by all values are.

{EVIDENCE}

{GLOBS}"""

_MOST = 10
"""Values of a field that was not asked for by name."""


class Format(StrEnum):
    """How totals are printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def run(
    paths: Paths = None,
    *,
    by: Annotated[
        list[Field] | None,
        typer.Option(
            metavar="FIELD",
            help=f"Count by one of {', '.join(Field)}; may be given several times.",
        ),
    ] = None,
    evidence: EvidenceOptions,
    which: FilterOptions,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    look: ScanOptions,
) -> int:
    """Count what passes all filters; name on stderr what cannot be read."""
    from recctl.render import stats as render
    from recctl.safetext import harmless
    from recctl.stats import fact, stats

    filters = which.filters()
    given = evidence.read()
    if by and Field.EVIDENCE in by and given is None:
        raise UsageError(f"--by evidence needs some: {HOW_TO_GET_SOME}")
    fields = tuple(dict.fromkeys(by)) if by else OVERVIEW
    if not by and given is not None:
        fields = (*fields, Field.EVIDENCE)
    settings = current()
    corpus, code = find_corpus(paths, settings)
    policy = policy_of(settings)
    judge = None if given is None else judging(corpus, given, policy)
    unread: list[RecctlError] = []
    with look.means(settings) as scans:
        found = selected(corpus, filters, policy.table, scans, unread, whole=judge is not None)
        made = stats(
            (
                fact(entry, facts, fields, judge(entry, one).verdict if judge and one else None)
                for entry, facts, one in found
            ),
            fields,
        )
    most = None if by else _MOST
    if form is Format.JSON:
        write(render.as_json(made))
    elif form is Format.MARKDOWN:
        write(render.as_markdown(made, most))
    elif form is Format.CSV:
        for line in render.as_csv(made):
            write(harmless(line) if sys.stdout.isatty() else line)
    else:
        write("".join(f"{line}\n" for line in render.as_text(made, most)))
    for error in unread:
        note(f"{error}; see: recctl validate")
    return max(code, ExitCode.FINE if made.recordings and not unread else ExitCode.FINDINGS)
