"""Recordings that are like the one that was looked for, and what differs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import nsmallest

from recctl.compare import Statement, compare
from recctl.compare.features import features_of, similarity
from recctl.conversation import conversation
from recctl.dialects import Standing, Table
from recctl.explain.asking import path_of
from recctl.explain.known import Known, Survey, in_common
from recctl.explain.told import Miss
from recctl.explain.values import Asked, Explanation, Near, Resemblance
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.sources import NodeId

CANDIDATES = 300
"""So many recordings are looked at closely for each miss."""
FAR = 4
"""How near a recording is that has neither the test nor the model in common with a miss."""

_EXCERPT = 80
_RESEMBLANCES = (
    Resemblance.TEST,
    Resemblance.FUNCTION,
    Resemblance.NAME,
    Resemblance.MODEL,
)
"""By how near a recording is, see `Likeness.rank`."""
_STANDINGS = {standing: place for place, standing in enumerate(Standing)}
_TOLD = ("method", "url", "body", "model", "endpoint")
_WORTH = {0: 0.3, 1: 0.2, 2: 0.1}
"""What likeness by the test adds to the likeness of requests."""

Rank = tuple[int, ...]
"""Less is more like; the first is how near a recording is."""


class Likeness:
    """How like a miss recordings are, by what the text tells of it."""

    def __init__(self, miss: Miss) -> None:
        nodes = [NodeId.parse(test_id) for test_id in miss.tests]
        self._tests = frozenset(miss.tests)
        self._functions = {(node.file, node.names) for node in nodes}
        self._names = {node.names[-1] for node in nodes if node.names}
        self._model = miss.model
        self._path = miss.endpoint or path_of(miss.url)

    def rank(self, known: Known) -> Rank:
        """Less is more like: of the test, of its function, of one of that name, of the model."""
        same_model = self._model is not None and known.model == self._model
        same_path = self._path is not None and known.url_path == self._path
        return (
            self._nearness(known, same=same_model and same_path),
            self._model is not None and not same_model,
            self._path is not None and not same_path,
            _STANDINGS[known.standing],
        )

    def _nearness(self, known: Known, *, same: bool) -> int:
        node = known.node
        if node is not None and self._tests:
            if known.test_id in self._tests:
                return 0
            if (node.file, node.names) in self._functions:
                return 1
            if node.names and node.names[-1] in self._names:
                return 2
        return 3 if same else FAR

    def ranked(self, recordings: Sequence[Known]) -> list[tuple[Rank, Known]]:
        """Recordings by rank; those of equal ranks in the order in which they are given."""
        return sorted(((self.rank(one), one) for one in recordings), key=lambda one: one[0])


def likened(
    before: Explanation,
    ranked: Sequence[tuple[Rank, Known]],
    survey: Survey,
    table: Table,
    nearest: int,
) -> Explanation:
    """An explanation with so many of the recordings that are nearest, given in order of rank."""
    request = before.asked.request
    if request is None:
        return _with_same(before, ranked, survey, nearest)
    likes = [known for rank, known in ranked if rank[0] < FAR]
    if not likes:
        likes = [known for _, known in ranked if known.kind is request.kind]
    close = _closest(before.asked, request, likes[:CANDIDATES], survey, nearest)
    near = tuple(
        Near(
            known.path,
            known.digits,
            known.test_id,
            known.standing,
            _last_said(recording),
            found,
            compare(recording, _as_sent(before.asked, request, recording), table),
        )
        for known, found in close
        for recording in [survey.recording(known)]
    )
    by = Resemblance.REQUEST if near else None
    return replace(before, nearest=near, resemblance=by, alike=len(likes))


def _with_same(
    before: Explanation, ranked: Sequence[tuple[Rank, Known]], survey: Survey, nearest: int
) -> Explanation:
    """The recordings of the same test, or the next that the text tells.

    Which of them is like the one looked for is not known. First come those that no request
    finds any more, as one of them may have been meant; then as the conversation goes on.
    """
    nearness = ranked[0][0][0] if ranked else FAR
    if nearness == FAR:
        return before
    same = [one for one in ranked if one[0][0] == nearness]
    # More of them than that are not told anyway, but each would be read for its turns.
    first = sorted(
        same[:CANDIDATES],
        key=lambda one: (
            one[0][1:-1],
            one[1].standing is Standing.REACHABLE,
            survey.turns_of(one[1]),
        ),
    )
    near = tuple(
        Near(
            known.path,
            known.digits,
            known.test_id,
            known.standing,
            _last_said(survey.recording(known)),
            statements=tuple(_told_differences(before.asked.miss, known)),
        )
        for _, known in first[:nearest]
    )
    return replace(before, nearest=near, resemblance=_RESEMBLANCES[nearness], alike=len(same))


def _closest(
    one: Asked, request: Recording, likes: Sequence[Known], survey: Survey, nearest: int
) -> Iterator[tuple[Known, float]]:
    """The recordings whose requests have most in common with one, and how much."""
    likeness = Likeness(one.miss)
    wanted = features_of(in_common(request))
    ranked: list[tuple[tuple[float, int], Known, float]] = []
    for place, known in enumerate(likes):
        near = similarity(wanted, survey.features_of(known))
        # A recording of the same test is worth more than one that has more words in common.
        bonus = _WORTH.get(likeness.rank(known)[0], 0.0)
        ranked.append(((-bonus - near, place), known, near))
    for _, known, near in nsmallest(nearest, ranked, key=lambda one: one[0]):
        yield known, near


def _as_sent(one: Asked, request: Recording, recording: Recording) -> Recording:
    """The request that was looked for, to be compared with a recording.

    What no hash sees of a request and no text tells is taken to be as in the recording, and so is
    the test where it is not known which one asked.
    """
    if request.test_id is None and "test_id" not in request.document:
        request = request.asked_by(recording.test_id)
    if not one.is_bare or request.kind is not recording.kind:
        return request
    mine, other = request.request, recording.request
    untold = {key: value for key, value in other.items() if key not in _TOLD}
    if str(mine.get("url", "")).endswith(str(other.get("endpoint"))):
        untold["endpoint"] = other["endpoint"]
    known = {key: value for key, value in mine.items() if key in _TOLD and key not in untold}
    document = {**request.document, "request": {**mine, **untold, **known}}
    return request.with_document(document)


def _told_differences(miss: Miss, known: Known) -> Iterator[Statement]:
    """What differs by the text alone."""
    if miss.test_id is not None and known.test_id != miss.test_id:
        yield Statement(f"test is {one_line(known.test_id or 'none')}")
    if miss.model is not None and known.model != miss.model:
        yield Statement(f"model is {one_line(known.model or 'none')}, not {one_line(miss.model)}")
    path = miss.endpoint or path_of(miss.url)
    if path is not None and known.url_path != path:
        yield Statement(f"path is {one_line(known.url_path or 'none')}, not {one_line(path)}")


def _last_said(recording: Recording) -> str:
    """The start of the last that is said in a request."""
    for turn in reversed(conversation(recording).turns):
        for part in reversed(turn.parts):
            if part.kind in ("text", "result") and part.text.strip():
                words = " ".join(part.text[: 4 * _EXCERPT].split())
                return words if len(words) <= _EXCERPT else words[: _EXCERPT - 1] + "…"
    return ""
