"""Evidence, brought to bear on the recordings below a root: with trees, sources and the past."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from recctl.corpus import Entry
from recctl.dialects import Standing
from recctl.errors import UsageError
from recctl.evidence import Case, Evidence, Judgement, Reason, Verdict, case_of
from recctl.evidence.spelling import spelled, spelled_path
from recctl.plan import below
from recctl.prune.askers import Askers, TooManyError, is_anybodys, is_misnamed
from recctl.prune.checkout import Checkout
from recctl.prune.opened import Opened
from recctl.prune.past import Past, older_runs, past_of
from recctl.prune.paths import by_name, is_same, name_in
from recctl.prune.searching import Search, search_for
from recctl.prune.trees import Trees, spelled_bases, trees_of
from recctl.recording import Recording
from recctl.rules.policy import Policy
from recctl.safetext import one_line
from recctl.sources import NodeId, Presence
from recctl.sources.parameters import written_parameters

_OPEN_TO_SOURCES = frozenset({Reason.NEVER_RAN, Reason.PARTIAL_LIST, Reason.OTHER_TREE})
"""Why nothing is known of a test that no list and no run has."""

_BY_TRACE = frozenset({Reason.NOT_OPENED, Reason.NOBODY_OPENED})


@dataclass(frozen=True)
class Proof:
    """Evidence, and what it says of the recordings at some paths from a root.

    No path among them is a link. `vouched` says, by the user's word, that the evidence is of every
    configuration.
    """

    evidence: Evidence
    policy: Policy
    trees: Trees
    paths: frozenset[str] = frozenset()
    past: Past = field(default_factory=Past)
    vouched: bool = False

    def judgement(self, path: str, recording: Recording, search: Search) -> Judgement:
        """The verdict on the recording at a path. `search` was for its test.

        Where an opened file has the recording's name and is none of those at the paths, it may be
        this one: reached through a link, or lying elsewhere in another checkout. Sources that lack
        the test prove what lists and traces that have never heard of it leave open.

        The test id in a file is a claim. Where no dialect gives the file its name under that, and
        one does under the id of another test in the evidence, that one has to be done with it, too.
        Where none is found, the sources alone prove nothing; nor does anything if others of which
        none is found were opened.
        """
        made, by_sources = self._judged(path, recording, search)
        if made.verdict is not Verdict.UNUSED:
            return made
        if is_anybodys(recording, self.policy.table):
            return self._judged(path, recording, search, is_anybodys=True)[0]
        if self._is_claim(path, recording):
            otherwise = _misnamed("--unreachable") if by_sources else made
            return self._of_claim(path, recording, otherwise)
        return made

    def _of_claim(self, path: str, recording: Recording, otherwise: Judgement) -> Judgement:
        """The verdict on a recording that need not be of the test that it says."""
        try:
            asker = self.asker(recording)
        except TooManyError:
            return _misnamed("too many tests may ask by it")
        if asker is not None:
            other = recording.asked_by(asker)
            found = search_for(other, self.trees.root / path, self.policy)
            judged, _ = self._judged(path, other, found)
            return replace(judged, text=f"by its name it is of {one_line(asker)}: {judged.text}")
        if Standing.UNREACHABLE in self.opened.misfits:
            return _misnamed("and others of that kind were opened")
        return otherwise

    def asker(self, recording: Recording) -> str | None:
        """The test of the evidence that asks by a recording's name; null for none.

        Raises TooManyError where it would take too long to find out.
        """
        return self._askers.asker(recording)

    def _is_claim(self, path: str, recording: Recording) -> bool:
        """Whether it is not known to be the test in the file that asks by the file's name."""
        table = self.policy.table
        return not case_of(path, recording, table).shared and is_misnamed(recording, table)

    def _judged(
        self, path: str, recording: Recording, search: Search, *, is_anybodys: bool = False
    ) -> tuple[Judgement, bool]:
        """The verdict by the test id that is given, and whether it is by the sources alone."""
        case = self.case(path, recording, search)
        if is_anybodys:
            case = replace(case, shared=True, changed_since=self.past.changed_since(None))
        made = self.evidence.judge(case)
        if made.reason in _BY_TRACE:
            answered_in = self.opened.answering(recording)
            if case.test_id is not None:
                answered_in |= self.opened.answering_for(case.test_id)
            if answered_in:
                made = self.evidence.judge(replace(case, answered_in=answered_in))
        elsewhere = self._elsewhere.get(name_in(spelled_path(path)))
        if made.verdict is not Verdict.USED and elsewhere is not None:
            text = f"a file of its name was opened: {one_line(elsewhere)}"
            return Judgement(Verdict.USED, Reason.OPENED, text), False
        is_gone = search.sought.presence is Presence.GONE and not case.shared
        if is_gone and made.reason in _OPEN_TO_SOURCES and not self.heard_of(case.test_id):
            text = f"its test is gone: {one_line(search.sought.reason)}"
            return Judgement(Verdict.UNUSED, Reason.NOT_LISTED, text), True
        return made, False

    @cached_property
    def opened(self) -> Opened:
        """What is known of the recordings that were opened."""
        paths = self.paths | self.trees.recordings
        return Opened(self.evidence, self.trees.root, paths, self.policy.table)

    def about(self, path: str, recording: Recording, search: Search) -> tuple[str, ...]:
        """All that the evidence holds on one recording, a line each."""
        return self.evidence.about(self.case(path, recording, search))

    def heard_of(self, test_id: str | None) -> bool:
        """Whether a test is in a list or ended in a run."""
        if test_id is None:
            return False
        test = spelled(test_id)
        return test in self.evidence.listed or test in self.evidence.endings

    def case(self, path: str, recording: Recording, search: Search) -> Case:
        """What is asked of the evidence about the recording at a path."""
        case = case_of(path, recording, self.policy.table)
        test_id = case.test_id
        bases = self.trees.bases(path, test_id, self.policy.table)
        lists = self.trees.speaking(bases)
        known = replace(
            case,
            bases=spelled_bases(bases),
            lists=lists,
            newer_than=self.past.newer_than(path),
            vouched=self.vouched and self.trees.is_sure(bases),
        )
        if test_id is None or case.shared:
            return replace(known, changed_since=self.past.changed_since(None))
        file = NodeId.parse(test_id).file
        holding = self.trees.holding(file)
        places = (self.trees.root / base / file for base in bases)
        written = None
        if len(search.roots) == 1 and self.evidence.has_other_parameters(test_id):
            written = _written(search.roots[0], test_id)
        return replace(
            known,
            changed_since=self.past.changed_since(test_id, places),
            other_bases=spelled_bases(holding - bases),
            in_sources=_in_sources(search, is_held=bool(holding)),
            written=written,
        )

    @cached_property
    def _askers(self) -> Askers:
        known = self.evidence.listed.keys() | self.evidence.endings.keys()
        return Askers(self.policy.table, sorted(known))

    @cached_property
    def _elsewhere(self) -> Mapping[str, str]:
        """File names -> an opened path that leads to none of the paths."""
        here = by_name(map(spelled_path, self.paths))
        found: dict[str, str] = {}
        for opened in sorted(self.evidence.openings):
            name = name_in(opened)
            alike = here.get(name)
            if alike and not any(is_same(opened, path) for path in alike):
                found.setdefault(name, opened)
        return found


def proof_for(
    evidence: Evidence,
    entries: Iterable[Entry],
    root: Path,
    policy: Policy,
    *,
    vouched: bool = False,
    accept_older_runs: bool = False,
    given: Collection[Path] = (),
) -> Proof:
    """Evidence for files below a root. `given` are the files that the evidence is from.

    Raises UsageError for runs of other tests than those here, unless they are accepted,
    RefusedError for a file that is not below the root, and GitError.
    """
    folders: dict[Path, str] = {}
    paths = set()
    for one in entries:
        if not one.path.is_symlink():
            parent = one.path.parent
            if parent not in folders:
                folders[parent] = below(root, parent / "x").removesuffix("x")
            paths.add(f"{folders[parent]}{one.path.name}")
    checkout = Checkout(root)
    if not accept_older_runs:
        refused = list(older_runs(evidence, checkout, given))
        if refused:
            more = f" and {len(refused) - 1:,} more" if len(refused) > 1 else ""
            raise UsageError(
                f"--trace: a run that does not count: {refused[0]}, or --accept-older-runs{more}"
            )
    return Proof(
        evidence,
        policy,
        trees_of(evidence, paths, checkout, policy.test_roots),
        frozenset(paths),
        past_of(evidence, paths, checkout, policy.table, accept_older_runs=accept_older_runs),
        vouched,
    )


def _misnamed(why: str) -> Judgement:
    text = f"its name is not that of its request: {why}"
    return Judgement(Verdict.UNKNOWN, Reason.MISNAMED, text)


def _in_sources(search: Search, *, is_held: bool) -> bool | None:
    """Whether the sources have a test; null where they cannot tell.

    Where none were looked at, a file of its path somewhere may yet be the test's.
    """
    if search.sought.presence is Presence.UNKNOWN:
        return None if search.sought.reason or is_held else False
    return search.sought.presence is Presence.PRESENT


def _written(root: Path, test_id: str) -> frozenset[str] | None:
    """The ids that the sources can give to a test's function; null where these are not all."""
    parameters = written_parameters(root, test_id)
    if parameters is None:
        return None
    node = NodeId.parse(test_id)
    return frozenset(str(replace(node, parameters=one)) for one in parameters)
