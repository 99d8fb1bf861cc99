"""`recctl restore`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import PlanFormat, PlanOptions, tell_unfinished
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import note, write
from recctl.errors import ExitCode, UnsoundError, UsageError
from recctl.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recctl.gitstore import Repository
    from recctl.past import Search, Wanted

DETAILS = """HASH is a hash or its first 4 digits or more, a rec- id, a file name or a path; several
may be given. Recordings are looked for in the history of HEAD, and where that knows nothing of
them, in that of all branches, tags and stashes. The newest version is taken; --list shows all.
Recordings come back to where they were, byte for byte. Files that are no recordings stay away.

What the work tree has is replaced only if --rev says from where to take a recording."""

_MOST_TOLD = 5
"""So many files that are no recordings are named, the others counted."""


def run(
    references: Annotated[
        list[str] | None,
        typer.Argument(metavar="HASH", help="The recordings.", show_default=False),
    ] = None,
    *,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="All that the work tree lacks of a test, or of the tests of a function, class,"
            " file or folder.",
        ),
    ] = None,
    deleted_in: Annotated[
        str | None,
        typer.Option(
            metavar="REV", help="All that a commit, or a range A..B, deleted and that is missing."
        ),
    ] = None,
    rev: Annotated[
        str | None, typer.Option(metavar="REV", help="Take them as this commit has them.")
    ] = None,
    under: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Only what was in or below this folder.")
    ] = None,
    versions: Annotated[
        bool, typer.Option("--list", help="List all versions instead: commit, day, size, subject.")
    ] = False,
    changes: PlanOptions,
) -> ExitCode:
    """Find them in the history, plan, and carry out with --apply."""
    if [bool(references), test is not None, deleted_in is not None].count(True) != 1:
        raise UsageError("say what to restore: either HASH, or --test ID, or --deleted-in REV")
    if versions and (changes.are_given or changes.form is PlanFormat.MARKDOWN):
        raise UsageError("--list only lists, as text or json: it plans nothing")

    from recctl.past import Search, contents
    from recctl.restore import held_at, planned, renamed
    from recctl.safetext import one_line

    repository, folder = _repository(under)
    tell_unfinished(repository.top)
    search = Search(repository, folder, rev, every=versions)
    wanted = _wanted(search, references or [], test, deleted_in)
    if versions:
        _list(repository, wanted, changes.form)
        return ExitCode.FINE
    found, flaws = contents(repository, wanted)
    for flaw in flaws:
        note(f"not restored: {flaw}")
    incomplete = len(found) < len(wanted)
    if references and not found:
        raise UnsoundError("none of the versions is a recording; list them with --list")
    if not references:
        known = table_of(current())
        elsewhere = renamed(found, known, lambda path: (repository.top / path).is_file())
        for path, place in elsewhere.items():
            note(f"not restored: {one_line(path)}: it is there as {one_line(place)}")
        found = [one for one in found if one.path not in elsewhere]
    held = {one.path: held_at(repository.top, one.path) for one in found}
    plan = planned(repository.top, found, held, overwrite=rev is not None)
    code = changes.carry_out(plan)
    return ExitCode.FINDINGS if plan.conflicts or incomplete else code


def _repository(under: str | None) -> "tuple[Repository, str]":
    """The repository that is meant, and the folder in it."""
    from recctl.gitstore import repository_of
    from recctl.safetext import one_line

    place = Path(under or ".")
    repository = repository_of(place)
    folder = None if repository is None else repository.place_of(Path(os.path.realpath(place)))
    if repository is None or folder is None:
        where = "the working directory" if under is None else one_line(under)
        raise UsageError(f"{where} is in no git work tree, or git is not installed")
    return repository, "" if under is None else folder


def _wanted(
    search: "Search", references: list[str], test: str | None, deleted_in: str | None
) -> "list[Wanted]":
    if references:
        return search.by_reference(references)
    if test is not None:
        return search.by_test(test)
    wanted, others = search.by_deletion(deleted_in or "")
    if others:
        _tell_others(others)
    return wanted


def _tell_others(paths: list[str]) -> None:
    from recctl.safetext import one_line

    named = some(map(one_line, paths), _MOST_TOLD)
    note(f"not restored, as they have no recording's name: {named}")


def _list(repository: "Repository", wanted: "Iterable[Wanted]", form: PlanFormat) -> None:
    from recctl.render import versions as render
    from recctl.restore import held_at

    known = [one.past for one in wanted]
    sizes = repository.sizes(version.blob.id for past in known for version in past.versions)
    listed = []
    for past in known:
        held = held_at(repository.top, past.path)
        now = repository.id_of(held) if isinstance(held, bytes) else None
        listed.append(render.Listed(past, sizes, now))
    if form is PlanFormat.JSON:
        write(render.as_json(listed))
    else:
        write("".join(f"{line}\n" for line in render.as_text(listed)))
