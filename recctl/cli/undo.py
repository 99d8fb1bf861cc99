"""`recctl undo`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from recctl.cli.changing import (
    ApplyOption,
    CheckOption,
    PlanFormat,
    PlanFormatOption,
    PlanOptions,
    PlanOutOption,
    RootOption,
    root_in,
    tell_unfinished,
)
from recctl.cli.options import ColorOption
from recctl.cli.terminal import Color, note
from recctl.errors import ExitCode, UsageError

DETAILS = """ID is that of a receipt, or its start or end: see recctl history. Without one, the
latest change is taken back that is no undo and was not undone. Names, content, modes and times
become what they were. It is refused where a file was changed since. To undo an undo is to do it
again.

A change that was stopped on the way is taken back before any other."""


def run(
    identity: Annotated[
        str | None, typer.Argument(metavar="ID", help="The change.", show_default=False)
    ] = None,
    *,
    apply: ApplyOption = False,
    check: CheckOption = False,
    plan_out: PlanOutOption = None,
    form: PlanFormatOption = PlanFormat.TEXT,
    root: RootOption = None,
    color: ColorOption = Color.AUTO,
) -> ExitCode:
    """Plan the way back, and go it with --apply."""
    from recctl.plan import pending, undoing

    # What git has no commit of is no reason not to undo: it is what the change has made, and
    # every file is checked to be exactly that.
    asked = PlanOptions(
        apply=apply, check=check, plan_out=plan_out, form=form, allow_dirty=True, color=color
    )
    place = root_in(root)
    unfinished = pending(place)
    if unfinished is not None and identity in (None, unfinished.id):
        if plan_out is not None:
            raise UsageError("the way back from an unfinished change cannot wait: use --apply")
        return _undo_unfinished(place, asked)
    tell_unfinished(place)
    return asked.carry_out(undoing(place, identity))


def _undo_unfinished(root: Path, asked: PlanOptions) -> ExitCode:
    from recctl.plan import going_back, roll_back

    if not asked.apply:
        tell_unfinished(root)
        replace(asked, check=False).carry_out(going_back(root))
        return ExitCode.FINDINGS if asked.check else ExitCode.FINE
    receipt = roll_back(root)
    note(f"{receipt.plan.command} {receipt.id}: taken back; every file is as it was before")
    return ExitCode.FINE
