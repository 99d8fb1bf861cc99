"""`recctl dialects`."""

from typing import Annotated

import typer

from recctl.cli.settings import current, table_of
from recctl.cli.terminal import find_corpus, note, write
from recctl.errors import ExitCode, RecctlError

DETAILS = """A dialect is a dated set of rules that turn a request into the hash in a file's name.
With PATHS, counts the recordings there by the dialects that give their names."""


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATHS", help="Files or folders to count in.", show_default=False),
    ] = None,
) -> int:
    """List, and count where there are paths."""
    from recctl.render import listing as render  # noqa: PLC0415

    settings = current()
    table = table_of(settings)
    code, counted, unread = ExitCode.FINE, None, 0
    if paths:
        from recctl.corpus import load  # noqa: PLC0415
        from recctl.listing import census  # noqa: PLC0415

        corpus, code = find_corpus(paths, settings)
        recordings = []
        for entry in corpus.entries:
            try:
                recordings.append(load(entry))
            except RecctlError:
                unread += 1
        counted = census(recordings, table)
    lines = render.dialects_as_text(table.dialects, counted)
    write("".join(f"{line}\n" for line in lines))
    if unread:
        note(f"{unread} files could not be read; see: recctl validate")
    return max(code, ExitCode.FINDINGS if unread else ExitCode.FINE)
