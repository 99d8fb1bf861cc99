"""`recctl migrate`."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import PlanOptions, root_of_corpus
from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.progress import watched
from recctl.cli.rehash import OnConflictOption, ToOption
from recctl.cli.selecting import GLOBS, FilterOptions, passing
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import note
from recctl.errors import ExitCode, UsageError
from recctl.naming import OnConflict

if TYPE_CHECKING:
    from recctl.amendments import Amendment

DETAILS = f"""What is changed gets the name that its new request has by the target dialect, stale
recordings too, and the rec- ids inside follow. The stored answers stay: they were given to the old
requests. A recording whose name does not fit its request before is left, unless
--include-unreachable. Edits are made in the order in which they are given. If one finds nothing, or
anything is left or contested, the exit code is 1.

A PATH is a JSON pointer that counts from the request, as in /body/tools/0/function/name; ~0 is ~,
~1 is / in a key, and a part * is any key or index. --set replaces a value, or adds it as the last
of its object, as the order of keys changes no hash; where there is no such object, it does nothing.
--replace changes the strings at PATH and below. In PATH, OLD and NEW a backslash before : or = or
another backslash makes it plain.

To rename tests, give the first whole parts of their ids: a folder, tests/a=tests/b, a file,
tests/a/test_x.py=tests/b/test_y.py, a class or a function, tests/a/test_x.py::test_one=\
tests/a/test_x.py::test_two. Parameters are kept, and files move to the folder of the new test.
Types are renamed by the first parts of their dotted names. No hash depends on them in an answer, so
that files keep their names.

{GLOBS}"""

IncludeUnreachableOption = Annotated[
    bool,
    typer.Option(
        "--include-unreachable",
        help="Also those whose name fits no dialect before: they may answer another request.",
    ),
]


def run(
    ctx: typer.Context,
    paths: Paths = None,
    *,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=JSON", help="Set a value in requests."),
    ] = None,
    delete: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Delete a member of an object or an item of a list."),
    ] = None,
    replace_: Annotated[
        list[str] | None,
        typer.Option("--replace", metavar="PATH:OLD=NEW", help="Replace a text in strings."),
    ] = None,
    rename_test: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Rename tests: folder, file, class or function."),
    ] = None,
    rename_type: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Rename modules or classes in __type__."),
    ] = None,
    which: FilterOptions,
    to: ToOption = None,
    include_unreachable: IncludeUnreachableOption = False,
    on_conflict: OnConflictOption = OnConflict.REPORT,
    changes: PlanOptions,
) -> int:
    """Plan, and with --apply change; where a path is missing, neither."""
    from recctl.migrate import Options, advice, notes, plan_migration
    from recctl.wording import plural

    given = {
        "--set": set_,
        "--delete": delete,
        "--replace": replace_,
        "--rename-test": rename_test,
        "--rename-type": rename_type,
    }
    amendments = _amendments(ctx, {option: values or [] for option, values in given.items()})
    filters = which.filters()
    settings = current()
    table = table_of(settings)
    if to is not None:
        table = table.aimed_at(to)
    corpus, code = find_corpus(paths, settings)
    if code:
        return code
    with watched(corpus.entries) as entries:
        made = plan_migration(
            entries,
            root_of_corpus(corpus),
            Options(amendments, table, include_unreachable),
            passing(filters),
            on_conflict,
        )
    code = changes.carry_out(made.plan, notes(made, whole=changes.are_whole))
    for line in advice(made):
        note(line)
    if not made.selected:
        note(f"nothing found among {plural(len(corpus.entries), 'recording')}")
    return code if made.is_complete else ExitCode.FINDINGS


def _amendments(ctx: typer.Context, given: Mapping[str, list[str]]) -> "tuple[Amendment, ...]":
    """What is asked for, in the order of the command line. Raises UsageError."""
    from recctl.amendments import AMENDMENTS

    if not any(given.values()):
        raise UsageError(f"nothing to change: give {', '.join(given)} or several of them")
    waiting = {option: iter(values) for option, values in given.items()}
    # Values are handed over option by option. In which order these were mixed, only the parser
    # knows, and does not tell.
    _, *words = sys.argv
    own = words[words.index(ctx.info_name or "") + 1 :]
    _, _, order = ctx.command.make_parser(ctx).parse_args(own)
    options = [one.opts[0] for one in order]
    return tuple(
        AMENDMENTS[option].parse(next(waiting[option])) for option in options if option in given
    )
