"""Recordings with just the request that was looked for, under other names or of other tests."""

from dataclasses import replace

from recctl.dialects import Standing, Table
from recctl.explain.asking import is_of
from recctl.explain.known import Known, Match, Survey
from recctl.explain.places import Places
from recctl.explain.told import Miss
from recctl.explain.values import Cause, Explanation, Why
from recctl.safetext import argument, one_line
from recctl.sources import NodeId, Presence, find_test

_MOST = 5


class Requests:
    """What a corpus has under other names than were looked for."""

    def __init__(self, survey: Survey, places: Places, table: Table) -> None:
        self._survey = survey
        self._places = places
        self._table = table

    def explained(self, before: Explanation) -> Explanation:
        """What is there under other names, but with just this request."""
        before = self._with_whole_tests(before)
        miss = before.asked.miss
        matches = self._survey.matching(miss.hash)
        if not matches:
            return before
        causes = [self._of_match(match) for match in matches[:_MOST]]
        whole = {match.hash for match in matches}
        if len(whole) == 1:
            before = self._places.told_of(before, replace(miss, hash=whole.pop()))
        causes.sort(key=lambda cause: list(Why).index(cause.why))
        return self._places.with_causes(before, causes)

    def of_other_test(self, miss: Miss, known: Known) -> Cause | None:
        """That another test has made just this request; null where it has not."""
        test_id = miss.test_id
        recording = self._survey.recording(known)
        if test_id is None or recording.test_id in (test_id, None):
            return None
        same = recording.asked_by(test_id)
        if not is_of(same, self._table.target, miss.hash):
            return None
        path = argument(known.path)
        old, new = NodeId.parse(recording.test_id or ""), NodeId.parse(test_id)
        stays = (
            find_test(self._places.root_of(test_id), recording.test_id or "").presence
            is Presence.PRESENT
        )
        command = f"recctl show {path}"
        if old.parameters == new.parameters and not stays:
            change = f"{_of_function(old)}={_of_function(new)}"
            command = f"recctl migrate --rename-test {argument(change)} {path}"
        return Cause(
            Why.OTHER_TEST,
            known.path,
            f"{one_line(recording.test_id)} made just this request"
            + ("" if stays else "; if it was renamed, its recordings can follow"),
            command,
            known.digits,
            recording.test_id,
        )

    def _with_whole_tests(self, before: Explanation) -> Explanation:
        """The same with the tests' ids from the root, where a run began further down."""
        ids = {known.test_id for known in self._survey.all if known.test_id}
        miss = before.asked.miss
        tests = []
        for test_id in miss.tests:
            ends = [] if test_id in ids else [one for one in ids if one.endswith(f"/{test_id}")]
            tests.append(ends[0] if len(ends) == 1 else test_id)
        if tuple(tests) == miss.tests:
            return before
        return self._places.told_of(before, replace(miss, tests=tuple(tests)))

    def _of_match(self, match: Match) -> Cause:
        known, identity, dialect = match.known, match.identity, match.dialect
        shown = argument(known.path)
        cause = Cause(Why.STALE, known.path, "", hash=known.digits, test_id=known.test_id)
        target = self._table.target.name
        if identity.standing is Standing.REACHABLE or dialect != target:
            looked = f"recctl rehash --to {dialect} {shown}"
            return replace(
                cause,
                why=Why.OTHER_DIALECT,
                message=f"the hash is the one of {dialect}; by {target} this recording is"
                + (" found" if identity.standing is Standing.REACHABLE else " not found either"),
                command=looked,
            )
        if identity.standing is Standing.STALE:
            return replace(
                cause,
                message=f"it has just this request, but its name fits {identity.span} only",
                command=f"recctl rehash {shown}",
            )
        return replace(
            cause,
            why=Why.MISNAMED,
            message="it has just this request, but a name that fits no dialect",
            command=f"recctl rehash --include-unreachable {shown}"
            if known.digits
            else f"recctl validate --select bad-name {shown}",
        )


def plain(text: str) -> str:
    """A text in which recctl migrate takes nothing for a sign."""
    return text.replace("\\", "\\\\").replace("=", "\\=")


def _of_function(node: NodeId) -> str:
    """A test's id without its parameters, as recctl migrate takes it."""
    return plain("::".join((node.file, *node.names)))
