"""`recctl normalize`."""

from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.changing import (
    AllowDirtyOption,
    ApplyOption,
    CheckOption,
    PlanFormat,
    PlanFormatOption,
    PlanOutOption,
    carry_out,
    check_options,
)
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import Color, ColorOption, Paths, find_corpus

DETAILS = """Does to old recordings what the recorder does to new ones: `created` and durations
become 0, `created_at` the first second of 1970, ids rec- and the start of the hash, and the file is
written with an indent of two spaces. The request stays, and with it the hash and the file's name.

Where a name does not fit its request, ids are left. Files that are flawed are left as they are;
recctl validate says more about them."""


class Only(StrEnum):
    """What is normalized, when not all of it."""

    CANONICAL = "canonical"
    VOLATILE = "volatile"
    IDS = "ids"


def run(
    paths: Paths = None,
    *,
    only: Annotated[
        list[Only] | None,
        typer.Option(
            help="Only the file's form, only what the provider sent, or only ids of another hash."
        ),
    ] = None,
    apply: ApplyOption = False,
    check: CheckOption = False,
    plan_out: PlanOutOption = None,
    form: PlanFormatOption = PlanFormat.TEXT,
    allow_dirty: AllowDirtyOption = False,
    color: ColorOption = Color.AUTO,
) -> int:
    """Plan, and with --apply change; where a path is missing, neither."""
    from recctl.normalize import ALL_PARTS, Part, plan_normalization  # noqa: PLC0415
    from recctl.plan import root_of  # noqa: PLC0415

    check_options(apply=apply, check=check, plan_out=plan_out)
    settings = current()
    corpus, code = find_corpus(paths, settings)
    if code:
        return code
    parts = {Part(one.value) for one in only} if only else ALL_PARTS
    root = root_of({entry.path.parent for entry in corpus.entries})
    return carry_out(
        plan_normalization(dict.fromkeys(corpus.entries, parts), table_of(settings), root),
        apply=apply,
        check=check,
        plan_out=plan_out,
        form=form,
        allow_dirty=allow_dirty,
        color=color,
    )
