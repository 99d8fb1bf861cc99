"""`recctl schema`."""

from typing import Annotated

import typer

from recctl.cli.terminal import write

DETAILS = """The schemas are JSON Schema, draft 2020-12. Without a NAME, all are listed."""


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The schema.", show_default=False)
    ] = None,
) -> int:
    """Print the file as it is, or the names with titles."""
    from recctl import schema

    if name is not None:
        write(schema.text(name))
        return 0

    from recctl.render.terminal import columns

    rows = [(one, schema.title(one)) for one in schema.names()]
    write("".join(f"{line}\n" for line in columns(rows)))
    return 0
