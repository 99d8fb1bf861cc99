"""`recctl dialects`."""

from typing import Annotated

import typer

from recctl.cli.finding import find_corpus
from recctl.cli.scanning import ScanOptions
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, RecctlError

DETAILS = """A dialect is a dated set of rules that turn a request into the hash in a file's name.
With PATHS, counts the recordings there by the dialects that give their names."""


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS", help="Files or folders to count in.", show_default=False),
    ] = None,
    *,
    look: ScanOptions,
) -> int:
    """List, and count where there are paths."""
    from recctl.render import listing as render

    settings = current()
    table = table_of(settings)
    code, counted = ExitCode.FINE, None
    unread: list[RecctlError] = []
    if paths:
        from recctl.facts import facts_in
        from recctl.listing import census

        corpus, code = find_corpus(paths, settings)
        with look.means(settings) as scans:
            found = facts_in(corpus.entries, table, scans, unread)
            counted = census((facts.identity for _, facts in found), table)
    lines = render.dialects_as_text(table.dialects, counted)
    write("".join(f"{line}\n" for line in lines))
    if unread:
        note(f"{len(unread)} files could not be read; see: recctl validate")
    return max(code, ExitCode.FINDINGS if unread else ExitCode.FINE)
