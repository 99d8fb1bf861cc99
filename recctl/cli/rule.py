"""`recctl rule`."""

from typing import Annotated

import typer

from recctl.cli.terminal import write

DETAILS = """Without a rule, all are listed."""


def run(
    rule: Annotated[
        str | None,
        typer.Argument(metavar="CODE|NAME", help="The rule.", show_default=False),
    ] = None,
) -> int:
    """Print a rule's documentation, or the table."""
    from recctl.render.terminal import columns  # noqa: PLC0415
    from recctl.rules import TABLE, find  # noqa: PLC0415

    if rule is not None:
        found = find(rule)
        write(f"{found.code} {found.name} ({found.severity.value})\n\n{found.doc}\n")
        return 0
    rows = [(one.code, one.name, one.severity.value, one.title) for one in TABLE]
    write("".join(f"{line}\n" for line in columns(rows)))
    return 0
