"""Why a recording was not found: what has become of it, or what comes nearest.

`told` and `told_by` read the text of a failed run, `asked` takes a request; `explain` looks in the
corpus and in git's history. Names are looked at first; recordings are read only where names do not
tell, the history only where the corpus does not, and of what is read little is kept.
"""

from collections.abc import Sequence
from pathlib import Path

from recctl.corpus import Entry
from recctl.explain.asking import asked, understood
from recctl.explain.ending import Ending
from recctl.explain.known import Survey
from recctl.explain.likeness import Likeness, likened
from recctl.explain.names import Names
from recctl.explain.past import PastOf
from recctl.explain.places import Places
from recctl.explain.proof import Proofs
from recctl.explain.requests import Requests
from recctl.explain.told import Miss, Told, told, told_by
from recctl.explain.values import (
    Asked,
    Cause,
    Explanation,
    Near,
    Options,
    Place,
    Resemblance,
    Why,
)
from recctl.gitstore import GitError, Repository
from recctl.scan import Means

__all__ = [
    "Asked",
    "Cause",
    "Explanation",
    "Miss",
    "Near",
    "Options",
    "Place",
    "Resemblance",
    "Told",
    "Why",
    "asked",
    "explain",
    "told",
    "told_by",
    "understood",
]

_MOST_TESTS_IN_HISTORY = 5


def explain(
    wanted: Sequence[Asked],
    entries: Sequence[Entry],
    repository: Repository | None,
    options: Options,
    means: Means | None = None,
) -> list[Explanation]:
    """Why each recording was not found, among the entries of a corpus and in git's history.

    Reads, and writes nothing. Never raises for what files hold.
    """
    table = options.table
    places = Places(entries, repository.top if repository else Path(), table)
    names = Names(entries, repository, places)
    survey = Survey(entries, table, means or Means())
    requests = Requests(survey, places, table)
    proofs = Proofs(survey, places, requests, table)
    past = PastOf(repository, table) if repository else None
    notes: list[str] = []

    found = [names.explained(one) for one in wanted]

    def left() -> list[int]:
        return [place for place, one in enumerate(found) if not one.causes]

    def misses() -> list[Miss]:
        return [found[place].asked.miss for place in left()]

    def add(causes: Sequence[Sequence[Cause]]) -> None:
        for place, some in zip(left(), causes, strict=True):
            found[place] = places.with_causes(found[place], some)

    if left():
        survey.read(misses())
    for place in left():
        found[place] = requests.explained(found[place])
    if past is not None:
        try:
            add(past.by_name(misses()))
        except GitError as error:
            notes.append(f"git's history was not searched: {error}")
    for place in left():
        ranked = Likeness(found[place].asked.miss).ranked(survey.all)
        proven = proofs.explained(found[place], ranked)
        found[place] = proven or likened(found[place], ranked, survey, table, options.nearest)
    if past is not None:
        for place in left()[:_MOST_TESTS_IN_HISTORY]:
            causes = past.by_test(found[place].asked.miss)
            found[place] = places.with_causes(found[place], causes)
        add(past.by_requests(misses()))
    ending = Ending(
        names, survey, proofs, notes, is_shallow=bool(repository and repository.is_shallow)
    )
    return [ending.of(one) for one in found]
