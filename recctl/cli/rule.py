"""`recctl rule`."""

from typing import Annotated

import typer

from recctl.cli.terminal import terminal_width, write

DETAILS = """Without a rule, all are listed."""


def run(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE|NAME",
            help="The rule; the beginning of codes lists those.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Print a rule's documentation, or the table."""
    from recctl.render.terminal import columns, fitted
    from recctl.rules import TABLE
    from recctl.rules.selection import find

    listed = [one for one in TABLE if rule is not None and one.code.startswith(rule.upper())]
    if rule is not None and len(listed) < 2:
        found = find(TABLE, rule)
        write(f"{found.code} {found.name} ({found.severity.value})\n\n{found.doc}\n")
        return 0
    rows = [(one.code, one.name, one.severity.value, one.title) for one in listed or TABLE]
    width = terminal_width()
    cut = rows if width is None else fitted(rows, width, {3: 20}, cut_right=frozenset({3}))
    write("".join(f"{line}\n" for line in columns(cut)))
    return 0
