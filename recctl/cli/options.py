"""Options and arguments that commands share one by one; those that go together are in groups.

A group is a frozen dataclass beside what it is for: `PlanOptions`, `FilterOptions` and others.
"""

from typing import Annotated

import typer

from recctl.cli.terminal import Color

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATHS",
        help="Files or folders; none: the configured roots, else all below this folder.",
        show_default=False,
    ),
]
ColorOption = Annotated[
    Color, typer.Option(help="Color the text; auto: on a terminal, unless NO_COLOR is set.")
]
