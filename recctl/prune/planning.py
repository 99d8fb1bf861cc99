"""The plan that removes what goes, unless it would take too much, and how git brings it back."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recctl.corpus import Entry
from recctl.dialects import Name
from recctl.evidence import Verdict
from recctl.naming import Left
from recctl.plan import Plan, RefusedError, Remove, Review, of
from recctl.prune.candidates import Map, candidates_of
from recctl.prune.judging import Ground, Judged, Options, Stay, judge
from recctl.safetext import one_line
from recctl.wording import some

_FEW = 3
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Prune:
    """A plan, all that was judged for it, and the files that are no recordings that it may take.

    `stays` is what is left and why. `bare_tests` and `bare_folders` lose their last recording.
    `only_here` are the files to be removed that git does not have as they are; `checkout` is the
    command that gets the others from git, null where it has none, or more than a few. `misfit` says
    why the target is not what the recorder goes by, if that was found and keeps something.
    """

    plan: Plan
    judged: tuple[Judged, ...]
    stays: tuple[Left, ...]
    bare_tests: tuple[str, ...] = ()
    bare_folders: tuple[str, ...] = ()
    only_here: tuple[str, ...] = ()
    checkout: str | None = None
    misfit: str = ""


def plan_prune(
    entries: Iterable[Entry], root: Path, options: Options, now: float, *, apply: Map = map
) -> Prune:
    """The plan that prunes the recordings below a root. Reads them and git, writes nothing.

    `now` is in seconds since 1970. Raises RefusedError for a plan that takes too much and for a
    file that is not below the root, and GitError.
    """
    candidates, left = candidates_of(entries, root, options, apply=apply)
    judged = judge(candidates, options, now)
    going = [one.candidate for one in judged if one.goes]
    populations = {folder: _population(root / folder) for folder in {one.folder for one in going}}
    made = planned(root, judged, left, options, populations)
    if any(one.stay is Stay.DOUBTED for one in judged):
        made = replace(made, misfit=_misfit(options))
    return _with_git(made, [one.path for one in going])


def _misfit(options: Options) -> str:
    """What was opened that the recorder would not look for if it went by the target."""
    misfits = options.proof.opened.misfits if options.proof else {}
    (standing, path), *_ = misfits.items()
    return (
        f"{one_line(path)} was opened, and is {standing} under {options.policy.table.target.name}"
    )


def planned(
    root: Path,
    judged: Sequence[Judged],
    left: Iterable[Left],
    options: Options,
    populations: Mapping[str, int],
) -> Prune:
    """The plan that removes what goes. `populations` count the recordings that each folder holds.

    Raises RefusedError where it would take too much, unless `force` is set.
    """
    going = sorted((one for one in judged if one.goes), key=_order)
    taken = Counter(one.candidate.folder for one in going)
    bare = tuple(sorted(one for one, count in taken.items() if count >= populations[one]))
    if not options.force:
        _refuse_much(len(going), len(judged), bare, options.max_share)
    actions = [Remove(one.candidate.path, one.candidate.state, _review(one)) for one in going]
    return Prune(
        of("prune", root, actions),
        tuple(judged),
        (*_staying(judged, options), *left),
        _bare_tests(judged),
        tuple(one or "." for one in bare),
    )


def _refuse_much(going: int, looked_at: int, bare: Sequence[str], max_share: float) -> None:
    advice = "; to look at the plan nevertheless: --force"
    if going * 100 > max_share * looked_at:
        share = f"{going:,} of {looked_at:,} recordings, {going * 100 / looked_at:.0f} %"
        raise RefusedError(f"it would remove {share}, of --max-share {max_share:g}{advice}")
    if bare:
        folders = some([one or "." for one in bare], _FEW)
        raise RefusedError(f"it would remove every recording of {folders}{advice}")


def _review(one: Judged) -> Review:
    name = Name.parse(one.candidate.file_name)
    return Review(one.reason, one.candidate.test_id, name.short_hash if name else "")


def _staying(judged: Iterable[Judged], options: Options) -> Iterator[Left]:
    for one in judged:
        candidate = one.candidate
        if one.stay is not None:
            yield Left(candidate.shown, one.kept, candidate.link or one.detail)
        elif one.grounds or not options.asks(Ground.UNUSED):
            continue
        elif candidate.judgement and one.verdict is Verdict.UNKNOWN:
            yield Left(candidate.shown, f"unknown ({candidate.judgement.text})")


def _bare_tests(judged: Iterable[Judged]) -> tuple[str, ...]:
    """The tests that lose their last recording, but for those that are themselves gone."""
    losing: set[str] = set()
    keeping: set[str] = set()
    for one in judged:
        if one.candidate.test_id is not None and one.candidate.gone is None:
            (losing if one.goes else keeping).add(one.candidate.test_id)
    return tuple(sorted(losing - keeping))


def _order(one: Judged) -> tuple[bool, str, str, str]:
    """By test, and what is alike together; what has no test last, by folder."""
    test_id = one.candidate.test_id
    place = one.candidate.folder if test_id is None else test_id
    return test_id is None, place, one.reason, one.candidate.path


def _population(folder: Path) -> int:
    """How many files with a recording's name a folder holds."""
    try:
        with os.scandir(folder) as held:
            return sum(1 for one in held if Name.parse(one.name))
    except OSError:
        return 0


# What git has


def _with_git(made: Prune, paths: Sequence[str]) -> Prune:
    """The same, with what git has of the files to be removed told apart."""
    from recctl.gitstore import repository_of  # needed by removals only

    if not paths:
        return made
    root = made.plan.root
    repository = repository_of(root)
    head = repository.head() if repository else None
    if repository is None or head is None:
        return replace(made, only_here=tuple(paths))
    places = {root / path: path for path in paths}
    lacking = repository.untracked(places) | repository.uncommitted(places)
    has = [path for place, path in places.items() if place not in lacking]
    return replace(
        made,
        only_here=tuple(path for place, path in places.items() if place in lacking),
        checkout=checkout_line(head, has),
    )


def checkout_line(commit: str, paths: Sequence[str]) -> str | None:
    """The git command that brings a few files back from a commit, to be called at the top.

    It works before the removal is committed, and after. Null for more: a line that does not name
    them all would bring back what somebody else has deleted.
    """
    from shlex import quote  # needed by removals only

    if not 0 < len(paths) <= _MOST_NAMED:
        return None
    return f"git --literal-pathspecs checkout {commit[:12]} -- {' '.join(map(quote, paths))}"
