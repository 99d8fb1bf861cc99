"""`recctl trace`, as the library of command lines sees it."""

from typing import Annotated

import typer

DETAILS = """COMMAND is run as it is, and its exit code is that of recctl. What comes after -- is
its: `recctl trace -o run.jsonl -- pytest -n 4`. Python processes below it, however many and of
whatever kind, add a line to FILE for each .json file they open; pytest, also with pytest-xdist,
adds which tests ran and how they ended. The Python that runs COMMAND need not have recctl.

A run is added to what FILE holds; shards may share one. Give it to recctl prune with --trace.

What is no Python is not traced, nor is a Python started with -I, -E or -S or without the variables
RECCTL_TRACE and PYTHONPATH. If a traced process starts such a one, or connects to what is not
traced, FILE says so, and of the whole run nothing that was not opened is proven unused; unless
--trust names it, or it is one of a few that are known to read no recordings. Without recctl trace,
pytest --recctl-trace=FILE does the same for pytest and what it starts, with --recctl-trust."""


def run(
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND…", help="What to run.", show_default=False),
    ],
    *,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="The trace to add to, or to begin.")
    ],
    trust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROGRAM",
            help="A program, or an address as HOST:PORT, that reads no recordings; repeatable.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Run the command with a changed environment, and tell what was noted."""
    from recctl.cli.traced import traced

    return traced(command, out, trust or ())
