"""`recctl rehash`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import PlanOptions, root_of_corpus
from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.progress import watched
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import note
from recctl.errors import UnreadableError, UsageError
from recctl.naming import OnConflict
from recctl.wording import some

if TYPE_CHECKING:
    from recctl.rehash import Owners, Rehash

DETAILS = """Stale recordings get the name by which a recorder of the dialect looks for them: the
configured target, or the newest. The rec- ids inside and the digest of a model list follow;
nothing else in a file changes.

Several recordings may claim one name. With one answer, one is kept. With different ones all are
left, unless --on-conflict says which is kept: the newest or the oldest by the commit that added it,
or the one that has the name already. One that is right already stays in any case. The others are
removed, and recctl undo brings them back.

Recordings from before October 2025 name no test, but later hashes need one. --test-ids takes a file
of lines: the path or the hash of a recording, a tab, and the id of its test; with several lines it
is copied. It then moves to the folder of its test, others to the folder that all tests share."""


ToOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="DIALECT", help="The dialect that gives the names: recctl dialects."
    ),
]
OnConflictOption = Annotated[
    OnConflict,
    typer.Option("--on-conflict", help="Which of several different recordings gets a name."),
]
IncludeUnreachableOption = Annotated[
    bool,
    typer.Option(
        "--include-unreachable",
        help="Also those whose name fits no dialect: they may answer another request.",
    ),
]


def run(
    paths: Paths = None,
    *,
    to: ToOption = None,
    include_unreachable: IncludeUnreachableOption = False,
    on_conflict: OnConflictOption = OnConflict.REPORT,
    test_ids: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The tests of recordings that name none, line by line."),
    ] = None,
    changes: PlanOptions,
) -> int:
    """Plan, and with --apply change; where a path is missing, neither."""
    from recctl.rehash import Options, notes, plan_rehash

    settings = current()
    table = table_of(settings)
    if to is not None:
        table = table.aimed_at(to)
    corpus, code = find_corpus(paths, settings)
    if code:
        return code
    owners = _owners(test_ids)
    with watched(corpus.entries) as entries:
        made = plan_rehash(
            entries,
            root_of_corpus(corpus),
            Options(table, include_unreachable, owners),
            on_conflict,
        )
    code = changes.carry_out(made.plan, notes(made, whole=changes.are_whole))
    _tell(made, test_ids)
    return code


def _owners(file: str | None) -> "Owners":
    from recctl.rehash import Owners

    if file is None:
        return Owners()
    from recctl.files import read
    from recctl.safetext import one_line

    where = one_line(file)
    try:
        raw = read(Path(file))
    except UnreadableError as error:
        raise UsageError(f"{where}: {error}") from None
    return Owners.parse(raw, where, Path.cwd())


def _tell(made: "Rehash", test_ids: str | None) -> None:
    """What is left, on stderr, and what to do about it."""
    from recctl.rehash import advice
    from recctl.safetext import one_line

    for line in advice(made):
        note(line)
    if made.unused:
        lines = some(map(str, made.unused))
        note(f"{one_line(test_ids)}:{lines}: no recording here that lacks a test")
