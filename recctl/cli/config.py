"""`recctl config`."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import note, write
from recctl.errors import did_you_mean

DETAILS = """A value comes from a variable RECCTL_<KEY>, from the nearest recctl.toml or
[tool.recctl] of a pyproject.toml, or is the default. `recctl schema config` prints what may be
set."""


class Format(StrEnum):
    """How the configuration is printed."""

    TEXT = "text"
    JSON = "json"


def run(
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
) -> int:
    """Print every key, its value and where it comes from."""
    from recctl.cli.validate import selection_of
    from recctl.config import CONFIG_VARIABLE, VARIABLES
    from recctl.render import settings as render

    settings = current()
    policy_of(settings)
    selection_of(settings)
    write(render.as_json(settings) if form is Format.JSON else render.as_text(settings))
    known = {*VARIABLES.values(), CONFIG_VARIABLE, "RECCTL_CACHE_KEY", "RECCTL_DEBUG"}
    for name in sorted(os.environ):
        if name.startswith("RECCTL_") and name not in known:
            note(f"{name}: no such variable{did_you_mean(name, known)}")
    return 0
