"""What changed between two recordings, exactly and in the domain's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recctl.compare import answers, requests
from recctl.compare.exact import applied, differences, parts_of, same
from recctl.compare.values import Comparison, Line, Part, Statement
from recctl.dialects import Table
from recctl.dialects.steps import Effects, normalized
from recctl.difference import ABSENT, Difference
from recctl.recording import Recording

__all__ = [
    "ABSENT",
    "Comparison",
    "Difference",
    "Line",
    "Part",
    "Statement",
    "applied",
    "compare",
    "differences",
]


def compare(
    before: Recording,
    after: Recording,
    table: Table,
    *,
    part: Part = Part.REQUEST,
    ignore_volatile: bool = True,
    with_test: bool = True,
) -> Comparison:
    """What differs between two recordings. Never raises, whatever was recorded.

    With `ignore_volatile`, no statement tells of what the table's target dialect normalizes in a
    request, or of ids and times in an answer; the exact differences have them all the same.
    Without `with_test`, whose recordings they are is not compared: it may not be known.
    """
    sight = _Sight(before, after, table, ignore_volatile)
    request: tuple[Difference, ...] = ()
    response: tuple[Difference, ...] = ()
    statements: tuple[Statement, ...] = ()
    said: tuple[Statement, ...] = ()
    hidden = 0
    if part is not Part.RESPONSE:
        if not with_test:
            before, after = (_of_no_test(one) for one in (before, after))
        request = differences(before.document.get("request"), after.document.get("request"))
        seen = [one for one in request if not sight.hides(one)]
        hidden += len(request) - len(seen)
        statements = requests.told(before, after, request, seen, sight.normal)
    if part is not Part.REQUEST:
        plains = (answers.plain(before), answers.plain(after))
        response = answers.differing(before, after)
        seen = [one for one in response if not sight.hides_in_answer(one)]
        hidden += len(response) - len(seen)
        said = answers.told(
            before, after, plains, every=response, seen=seen, normal=sight.in_answer
        )
    return Comparison(request, response, statements, said, hidden)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What of two recordings is seen, as a dialect lets it."""

    before: Recording
    after: Recording
    table: Table
    ignore_volatile: bool

    def normal(self, text: str) -> str:
        """A text of the requests as their hashes see it."""
        if not self.ignore_volatile or not self._normalized:
            return text
        made: str = self._made(text, "")
        return made

    def in_answer(self, text: str) -> str:
        """A text of the answers without what would be normalized in a request."""
        if not self.ignore_volatile:
            return text
        made: str = self._made(text, "")
        return made

    def hides(self, one: Difference) -> bool:
        """Whether the dialect makes a difference of the requests none."""
        first, *parts = parts_of(one.pointer) or ("",)
        if not self.ignore_volatile or first not in self._normalized or not parts:
            return False
        frames = (
            self._made(self._frame(first, parts, value), _host(recording))
            for value, recording in ((one.old, self.before), (one.new, self.after))
        )
        return same(*frames)

    def hides_in_answer(self, one: Difference) -> bool:
        """Whether a difference of the plain answers is volatile."""
        return self.ignore_volatile and answers.is_volatile(one, self.in_answer)

    def _made(self, value: Any, host: str) -> Any:
        """A value with the target's steps applied, which change hardly any."""
        steps = self.table.target.steps
        return normalized(steps, value, host) if Effects(value, host).are_there(steps) else value

    @property
    def _normalized(self) -> frozenset[str]:
        """The keys of the request below which the dialect has a say."""
        kind = self.before.kind
        if kind is None or kind is not self.after.kind:
            return frozenset()
        fields = self.table.materials[kind].fields.values()
        return frozenset(source for form, source in fields if form == "normalized")

    def _frame(self, first: str, parts: Sequence[str], value: Any) -> Any:
        """A body that has nothing but a value, and all that is around it."""
        around = []
        holder = self.before.request[first]
        for part in parts:
            around.append(isinstance(holder, list))
            if len(around) < len(parts):
                holder = holder[int(part)] if around[-1] else holder[part]
        frame = value
        for part, is_list in zip(reversed(parts), reversed(around), strict=True):
            inside = frame is not ABSENT
            frame = ([frame] if inside else []) if is_list else {part: frame} if inside else {}
        return frame


def _of_no_test(recording: Recording) -> Recording:
    """A recording without its test id; one of no request as it is."""
    document = {key: value for key, value in recording.document.items() if key != "test_id"}
    if isinstance(document.get("request"), dict):
        request = document["request"]
        document["request"] = {key: request[key] for key in request if key != "test_id"}
    return recording.with_document(document)


def _host(recording: Recording) -> str:
    return recording.url.netloc if recording.url else ""
