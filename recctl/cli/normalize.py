"""`recctl normalize`."""

from typing import Annotated

import typer

from recctl.cli.changing import PlanOptions, root_of_corpus
from recctl.cli.finding import find_corpus
from recctl.cli.options import Paths
from recctl.cli.progress import Bar
from recctl.cli.settings import current, table_of
from recctl.normalize import Part

DETAILS = """`created` and durations become 0, `created_at` the first second of 1970, ids rec- and
the start of the hash, and the file is written with an indent of two spaces. The request stays, and
with it the hash and the file's name.

Where a name does not fit its request, ids are left. Files that are flawed are left as they are;
recctl validate says more about them."""


def run(
    paths: Paths = None,
    *,
    only: Annotated[
        list[Part] | None,
        typer.Option(
            help="Only the file's form, only what the provider sent, or only ids of another hash."
        ),
    ] = None,
    changes: PlanOptions,
) -> int:
    """Plan, and with --apply change; where a path is missing, neither."""
    from recctl.normalize import ALL_PARTS, plan_normalization

    settings = current()
    corpus, code = find_corpus(paths, settings)
    if code:
        return code
    parts = set(only) if only else ALL_PARTS
    root = root_of_corpus(corpus)
    asked = dict.fromkeys(corpus.entries, parts)
    with Bar() as bar:
        plan = plan_normalization(asked, table_of(settings), root, watch=bar.show)
    return changes.carry_out(plan)
