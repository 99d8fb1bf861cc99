"""`recctl git`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.settings import current
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from recctl.drivers.installation import Fact

DETAILS = """install sets a diff driver, so that git diff, git log -p and git show print recordings
as text, and a merge driver: of two recordings of one request it takes the one whose answer is
sound, else the newer one, and leaves a conflict if there is any doubt. uninstall takes that back,
status exits 1 where something is missing. Only settings and lines of recctl's own are changed, at
once. `recctl git merge` is what git itself runs."""


class Action(StrEnum):
    """What is done."""

    INSTALL = "install"
    STATUS = "status"
    UNINSTALL = "uninstall"


def run(
    action: Annotated[Action, typer.Argument(metavar="install|status|uninstall")],
    *,
    for_all: Annotated[
        bool, typer.Option("--global", help="For all your repositories, and not only this one.")
    ] = False,
    private: Annotated[
        bool,
        typer.Option(
            "--private",
            help="With install: keep the attributes in .git/info, where they are not committed.",
        ),
    ] = False,
) -> ExitCode:
    """Do it, and print what was changed or how things stand."""
    from recctl.drivers import installation

    if private and (for_all or action is not Action.INSTALL):
        raise UsageError("--private goes with install, and not with --global")
    place = installation.here(is_global=for_all, private=private)
    if action is Action.STATUS:
        return _tell(installation.status(place), "--global" if for_all else "")
    if action is Action.INSTALL:
        roots = () if for_all else current().root_paths
        changed = installation.install(place, installation.patterns(place, roots))
        rest = "; see: recctl git status"
        if place.top is not None and not private:
            rest = "; for others to have it: git add .gitattributes"
    else:
        changed = installation.uninstall(place)
        rest = ""
    write("".join(f"{line}\n" for line in changed))
    done = f"{action.value}ed" if changed else f"nothing to {action.value}"
    note(done + (rest if changed else ""))
    return ExitCode.FINE


def _tell(facts: "list[Fact]", option: str) -> ExitCode:
    from recctl.render.terminal import columns

    lines = columns((fact.about, fact.says) for fact in facts)
    write("".join(f"{line}\n" for line in lines))
    if all(fact.is_well for fact in facts):
        return ExitCode.FINE
    note(" ".join(filter(None, ("something is missing: recctl git install", option))))
    return ExitCode.FINDINGS
