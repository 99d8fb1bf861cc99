"""`recctl apply`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import (
    AllowDirtyOption,
    CheckOption,
    PlanFormat,
    PlanFormatOption,
    PlanOptions,
    RootOption,
    root_in,
)
from recctl.cli.options import ColorOption
from recctl.cli.terminal import Color, note, read_stdin
from recctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from recctl.plan import Plan

DETAILS = """FILE is what --plan-out wrote, or --format json printed. Its paths count from the top
of the git work tree; outside of git from the folder that has a .recctl, else from the working
directory. Every file must still be as it was when the plan was made. What is removed or replaced
is kept in .recctl, so that recctl undo can bring it back.

A plan from a file changes .json files only, none below a folder whose name starts with a dot, and
makes nothing executable. --check prints it, says why it would be refused, and changes nothing.

A change that was stopped on the way is finished by --resume, or taken back by recctl undo."""


_MOST_REASONS = 20
"""What is wrong with many files is mostly wrong with all of them in one way."""


def run(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE|-", help="The plan; - for stdin.", show_default=False),
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish the change that was stopped on the way.")
    ] = False,
    check: CheckOption = False,
    form: PlanFormatOption = PlanFormat.TEXT,
    allow_dirty: AllowDirtyOption = False,
    root: RootOption = None,
    color: ColorOption = Color.AUTO,
) -> ExitCode:
    """Carry out the plan in a file, or what is left of one."""
    if (file is None) is not resume:
        raise UsageError("give either the file of a plan or --resume")
    if resume and check:
        raise UsageError("--resume changes files and --check only looks: take one")
    place = root_in(root)
    if file is not None:
        plan = _read(file, place)
        asked = PlanOptions(
            apply=not check, check=check, form=form, allow_dirty=allow_dirty, color=color
        )
        if check:
            return _look(plan, asked)
        _refuse_flaws(file, plan)
        return asked.carry_out(plan)

    from recctl import plan as engine
    from recctl.render import plan as render

    note(render.done(engine.resume(place), engine.option_for(place)))
    return ExitCode.FINE


def _look(plan: "Plan", asked: PlanOptions) -> ExitCode:
    """Print what would be done, and what would be refused."""
    from recctl.plan import refusals
    from recctl.plan.foreign import flaws
    from recctl.wording import plural

    found: tuple[str, ...] = ()
    if not plan.is_empty:
        found = (*flaws(plan), *refusals(plan, allow_dirty=asked.allow_dirty))
    advice = f"; it would be refused for {plural(len(found), 'reason')}" if found else ""
    code = asked.carry_out(plan, advice=advice)
    for line in found[:_MOST_REASONS]:
        note(line)
    if len(found) > _MOST_REASONS:
        note(f"… and {len(found) - _MOST_REASONS:,} more")
    return code


def _refuse_flaws(file: str, plan: "Plan") -> None:
    from recctl.plan import RefusedError
    from recctl.plan.foreign import flaws
    from recctl.safetext import argument

    found = flaws(plan)
    if found:
        others = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
        told = file if file == "-" else argument(file)
        raise RefusedError(f"{found[0]}{others}; look at it with: recctl apply {told} --check")


def _read(file: str, root: Path) -> "Plan":
    from recctl import files
    from recctl.errors import UnreadableError
    from recctl.plan import RefusedError
    from recctl.plan.document import plan_in
    from recctl.safetext import one_line

    where = "standard input" if file == "-" else one_line(file)
    try:
        raw = read_stdin() if file == "-" else files.read(Path(file))
    except UnreadableError as error:
        raise UsageError(f"{where}: {error}") from None
    try:
        return plan_in(raw, root)
    except RefusedError as error:
        raise RefusedError(f"{where}: no plan to carry out: {error}") from None
