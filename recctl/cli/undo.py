"""`recctl undo`."""

from pathlib import Path
from typing import Annotated

import typer

from recctl.cli.changing import (
    ApplyOption,
    CheckOption,
    PlanFormat,
    PlanFormatOption,
    PlanOutOption,
    RootOption,
    carry_out,
    check_options,
    root_in,
    tell_unfinished,
)
from recctl.cli.terminal import Color, ColorOption, note
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
    from recctl.plan import pending, undoing  # noqa: PLC0415

    check_options(apply=apply, check=check, plan_out=plan_out)
    place = root_in(root)
    unfinished = pending(place)
    if unfinished is not None and identity in (None, unfinished.id):
        if plan_out is not None:
            raise UsageError("the way back from an unfinished change cannot wait: use --apply")
        return _undo_unfinished(place, apply=apply, check=check, form=form, color=color)
    # What git has no commit of is no reason not to undo: it is what the change has made, and
    # every file is checked to be exactly that.
    tell_unfinished(place)
    return carry_out(
        undoing(place, identity),
        apply=apply,
        check=check,
        plan_out=plan_out,
        form=form,
        allow_dirty=True,
        color=color,
    )


def _undo_unfinished(
    root: Path, *, apply: bool, check: bool, form: PlanFormat, color: Color
) -> ExitCode:
    from recctl.plan import going_back, roll_back  # noqa: PLC0415

    if not apply:
        tell_unfinished(root)
        carry_out(going_back(root), form=form, color=color)
        return ExitCode.FINDINGS if check else ExitCode.FINE
    receipt = roll_back(root)
    note(f"{receipt.plan.command} {receipt.id}: taken back; every file is as it was before")
    return ExitCode.FINE
