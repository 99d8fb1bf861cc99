"""What all commands that change files share: their options, and carrying out or printing a plan."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.options import ColorOption
from recctl.cli.terminal import Color, note, print_lines, write
from recctl.errors import ExitCode, UnreadableError, UsageError

if TYPE_CHECKING:
    from recctl.corpus import Corpus
    from recctl.plan import Plan, Receipt


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


_PLAN_BEGINS = b'{\n  "version": 1,\n  "command": '

ApplyOption = Annotated[
    bool, typer.Option("--apply", help="Change the files; without it the plan is only printed.")
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Exit with 1 if there is anything to do.")
]
PlanOutOption = Annotated[
    str | None,
    typer.Option("--plan-out", metavar="FILE", help="Write the plan to a file: recctl apply FILE."),
]
PlanFormatOption = Annotated[PlanFormat, typer.Option("--format", help="How to print the plan.")]
AllowDirtyOption = Annotated[
    bool, typer.Option("--allow-dirty", help="Change files with uncommitted changes in git, too.")
]
RootOption = Annotated[
    str | None,
    typer.Option(
        "--root",
        metavar="FOLDER",
        help="The tree whose changes are meant; default: the one that this folder is in.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What is asked for of a plan. Raises UsageError for options that exclude each other."""

    apply: ApplyOption = False
    check: CheckOption = False
    plan_out: PlanOutOption = None
    form: PlanFormatOption = PlanFormat.TEXT
    allow_dirty: AllowDirtyOption = False
    color: ColorOption = Color.AUTO

    def __post_init__(self) -> None:
        if self.apply and self.check:
            raise UsageError("--apply changes files and --check only looks: take one")
        if self.apply and self.plan_out is not None:
            raise UsageError(
                "--apply changes files and --plan-out leaves it to recctl apply: take one"
            )

    @property
    def are_given(self) -> bool:
        """Whether more is asked for than to see the plan."""
        return self.apply or self.check or self.plan_out is not None

    @property
    def are_whole(self) -> bool:
        """Whether a program reads the plan, so that its notes leave nothing out."""
        return self.form is PlanFormat.JSON or self.plan_out is not None

    def carry_out(
        self, plan: "Plan", notes: Iterable[str] | None = None, *, advice: str | None = None
    ) -> ExitCode:
        """Print a plan, write it to a file where asked for, and change the files with `apply`.

        The plan goes to stdout, with `notes` in place of its own; its totals and the next command,
        or `advice`, go to stderr. Gives FINDINGS where there are conflicts, or where `check` finds
        anything to do. Raises UsageError for a file that cannot be written, and what `execute`
        raises.
        """
        if self.plan_out is not None:
            _check_plan_file(Path(self.plan_out))

        from recctl import plan as engine
        from recctl.render import plan as render

        if notes is not None:
            plan = replace(plan, notes=tuple(notes))
        receipt = carried_out(plan, self.allow_dirty) if self.apply and not plan.is_empty else None
        if self.plan_out is not None:
            from recctl.files import write as write_file

            write_file(Path(self.plan_out), render.as_json(plan).encode("utf-8"))
        if self.form is PlanFormat.JSON:
            write(render.as_json(plan))
        elif self.form is PlanFormat.MARKDOWN:
            write(render.as_markdown(plan))
        else:
            print_lines(render.as_text(plan), self.color)
        if receipt is not None:
            note(render.done(receipt, engine.option_for(plan.root)))
        else:
            note(f"{render.told(plan)}{_next(plan, self.plan_out) if advice is None else advice}")
        left = plan.conflicts or (self.check and plan.actions)
        return ExitCode.FINDINGS if left else ExitCode.FINE


def carried_out(plan: "Plan", allow_dirty: bool) -> "Receipt":
    """Change the files, and show how far it is. Raises what `execute` raises."""
    from recctl.cli.progress import Bar
    from recctl.plan import execute

    with Bar() as bar:
        return execute(plan, allow_dirty=allow_dirty, watch=bar.show)


def _check_plan_file(path: Path) -> None:
    """Refuse to write over what is no plan: the option's value may have been forgotten."""
    from recctl.files import read
    from recctl.safetext import one_line

    if str(path) == "-":
        raise UsageError("--plan-out takes a file; --format json prints the plan")
    try:
        is_plan = not path.is_symlink() and read(path).startswith(_PLAN_BEGINS)
    except UnreadableError:
        is_plan = not path.exists()
    if not is_plan:
        raise UsageError(f"{one_line(path)}: there is a file that is no plan; give another one")


def tell_unfinished(root: Path) -> None:
    """Name on stderr a change below a root that was begun and is not finished."""
    from recctl.plan import unfinished

    line = unfinished(root)
    if line is not None:
        note(line)


def root_of_corpus(corpus: "Corpus") -> Path:
    """The root of changes to a corpus. Raises UsageError where it lies in several trees."""
    from recctl.plan import root_of

    return root_of({entry.path.parent for entry in corpus.entries})


def root_in(folder: str | None) -> Path:
    """The root of the tree in which a folder lies; null is the working directory.

    Raises UsageError for what is no folder.
    """
    from recctl.plan import root_at, root_of
    from recctl.safetext import one_line

    if folder is None:
        return root_of([])
    if not Path(folder).is_dir():
        raise UsageError(f"{one_line(folder)}: no such folder")
    return root_at(Path(folder))


def _next(plan: "Plan", plan_out: str | None) -> str:
    if plan.is_empty:
        return ""
    if plan_out is None:
        return "; nothing is changed without --apply"
    from recctl.plan import option_for
    from recctl.safetext import argument

    file = argument(plan_out)
    return f"; carry it out with: recctl apply {file}{option_for(plan.root)}"
