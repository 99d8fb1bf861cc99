"""`recctl validate`."""

from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.terminal import Color, ColorOption, Paths, find_corpus, note, print_lines, write
from recctl.errors import ExitCode

DETAILS = """Reads and changes nothing. Findings go to stdout, the summary to stderr.
`recctl rule` lists what is checked."""


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def run(
    paths: Paths = None,
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    info: Annotated[
        bool, typer.Option("--info", help="Report what is odd but known of providers, too.")
    ] = False,
    color: ColorOption = Color.AUTO,
) -> int:
    """Check, print the report, tell by the exit code whether there were findings."""
    from recctl.render import report as render  # noqa: PLC0415
    from recctl.safetext import one_line  # noqa: PLC0415
    from recctl.validate import validate  # noqa: PLC0415

    corpus, code = find_corpus(paths)
    report = validate(corpus, infos=info)
    if form is Format.JSON:
        write(render.as_json(report))
    else:
        print_lines(render.as_text(report), color)
    for stray in report.strays:
        note(f"{one_line(stray.path)}: left alone: {stray.reason}")
    if corpus.entries:
        note(render.summary(report))
    return max(code, ExitCode.FINDINGS if report.is_bad else ExitCode.FINE)
