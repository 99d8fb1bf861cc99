"""`recctl textconv`: its help, and any line that git's drivers would not write."""

from typing import Annotated

import typer

DETAILS = """git runs it, once `recctl git install` has told it to: git diff, git log -p and
git show then print recordings as text. A file that is no recording is printed as it is."""


def run(
    path: Annotated[str, typer.Argument(metavar="FILE", help="The recording.")],
    *,
    form: Annotated[  # noqa: ARG001 - git keeps the texts of one command, so it must say which
        int | None,
        typer.Option(metavar="NUMBER", help="The form of text that git keeps; of no effect."),
    ] = None,
) -> int:
    """Print the text."""
    from recctl.textconv import convert

    return convert(path)
