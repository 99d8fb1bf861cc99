"""`recctl assemble`."""

from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.finding import with_missing_told
from recctl.cli.progress import watched
from recctl.cli.settings import current
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, RecctlError, UsageError

DETAILS = """PATHS are files or folders; none: every folder named recordings below this one. A REF
is a hash or its first digits, or a rec- id; it is looked for in the folders named with it.
Each answer is printed as the object that the provider would have sent without streaming, and as a
transcript, which is the same for every provider."""


class Format(StrEnum):
    """How answers are printed."""

    JSONL = "jsonl"
    JSON = "json"


def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS|REFS", help="What to read.", show_default=False),
    ] = None,
    *,
    form: Annotated[
        Format, typer.Option("--format", help="One answer a line, or a single one indented.")
    ] = Format.JSONL,
) -> int:
    """Print each answer as it is read."""
    from recctl.assemble import assemble
    from recctl.corpus import select
    from recctl.render import assembly as render

    corpus, code = with_missing_told(select(arguments or [], current().root_paths))
    if form is Format.JSON and len(corpus.entries) > 1:
        raise UsageError(f"--format json prints one answer, not {len(corpus.entries)}: use jsonl")
    as_text = render.as_json if form is Format.JSON else render.as_line
    unread: list[RecctlError] = []
    with watched(corpus.entries, streams=True) as entries:
        for one in assemble(entries, unread):
            write(as_text(one))
    for error in unread:
        note(f"{error}; see: recctl validate")
    return max(code, ExitCode.FINDINGS if unread else ExitCode.FINE)
