"""`recctl apply`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import (
    AllowDirtyOption,
    PlanFormat,
    PlanFormatOption,
    RootOption,
    carry_out,
    root_in,
)
from recctl.cli.terminal import Color, ColorOption, note, read_stdin
from recctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from recctl.plan import Plan

DETAILS = """FILE is what --plan-out wrote, or --format json printed. Its paths count from the top
of the git work tree; outside of git from the folder that has a .recctl, else from the working
directory. Every file must still be as it was when the plan was made. What is removed or replaced
is kept in .recctl, so that recctl undo can bring it back.

A change that was stopped on the way is finished by --resume, or taken back by recctl undo."""


def run(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE|-", help="The plan; - for stdin.", show_default=False),
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish the change that was stopped on the way.")
    ] = False,
    form: PlanFormatOption = PlanFormat.TEXT,
    allow_dirty: AllowDirtyOption = False,
    root: RootOption = None,
    color: ColorOption = Color.AUTO,
) -> ExitCode:
    """Carry out the plan in a file, or what is left of one."""
    if (file is None) is not resume:
        raise UsageError("give either the file of a plan or --resume")
    place = root_in(root)
    if file is not None:
        plan = _read(file, place)
        return carry_out(plan, apply=True, form=form, allow_dirty=allow_dirty, color=color)

    from recctl import plan as engine  # noqa: PLC0415
    from recctl.render import plan as render  # noqa: PLC0415

    note(render.done(engine.resume(place), engine.option_for(place)))
    return ExitCode.FINE


def _read(file: str, root: Path) -> "Plan":
    from recctl import files  # noqa: PLC0415
    from recctl.errors import UnreadableError  # noqa: PLC0415
    from recctl.plan import RefusedError  # noqa: PLC0415
    from recctl.plan.document import plan_in  # noqa: PLC0415
    from recctl.safetext import one_line  # noqa: PLC0415

    where = "standard input" if file == "-" else one_line(file)
    try:
        raw = read_stdin() if file == "-" else files.read(Path(file))
    except UnreadableError as error:
        raise UsageError(f"{where}: {error}") from None
    try:
        return plan_in(raw, root)
    except RefusedError as error:
        raise RefusedError(f"{where}: no plan to carry out: {error}") from None
