"""`recctl history`."""

from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.changing import ApplyOption, CheckOption, RootOption, root_in, tell_unfinished
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, UsageError

DETAILS = """A receipt says what was changed, and keeps in .recctl what was removed or replaced,
until that is let go of by --expire AGE with --apply: as in 30d, 12h or 8w. Such a change can no
longer be undone, unless it only renamed and edited."""


class Format(StrEnum):
    """How receipts are printed."""

    TEXT = "text"
    JSON = "json"


def run(
    *,
    expire: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="List the receipts that are older and keep anything."),
    ] = None,
    apply: ApplyOption = False,
    check: CheckOption = False,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    root: RootOption = None,
) -> ExitCode:
    """List, and let go of what old ones keep."""
    from recctl.plan import undo
    from recctl.render import plan as render
    from recctl.wording import plural

    if expire is None and (apply or check):
        raise UsageError("--apply and --check go with --expire only")
    if apply and check:
        raise UsageError("--apply changes files and --check only looks: take one")
    place = root_in(root)
    lines = undo.history(place) if expire is None else undo.expiring(place, expire)
    tell_unfinished(place)
    if form is Format.JSON:
        write(render.history_as_json(lines))
    elif lines:
        write("".join(f"{line}\n" for line in render.history_as_text(lines)))
    if expire is None:
        note(plural(len(lines), "change") + ("; see: recctl undo --help" if lines else ""))
        return ExitCode.FINE
    total = f"{plural(len(lines), 'receipt')}, {sum(one.kept or 0 for one in lines):,} bytes"
    if apply:
        undo.expire(place, lines)
        note(f"{total}: let go of")
        return ExitCode.FINE
    note(f"{total} to let go of" + ("; nothing is changed without --apply" if lines else ""))
    return ExitCode.FINDINGS if check and lines else ExitCode.FINE
