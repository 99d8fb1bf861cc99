"""What a recording asks, in short, and how much two of these have in common.

Pure, and bounded: however long a request is, a sample stands for it.
"""

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from itertools import pairwise
from typing import Any
from zlib import crc32

from recctl.conversation import conversation
from recctl.recording import Kind, Recording
from recctl.shapes import leaves

_MOST_VALUES = 4_000
_MOST_WORDS = 20_000
_KEPT_PAIRS = 256
"""So many pairs of words stand for a text, those of the least checksums: which ones are kept is
chance, but the same chance for all texts."""
_ALL = 1 << 32


@dataclass(frozen=True, slots=True)
class Features:
    """What is compared of a request; the test id has no part in it.

    `digest` is equal for equal requests. `turns` counts the messages, `tools` and `parameters` are
    names. `values` are checksums of the request's values with their keys, `words` those of pairs
    of words in its conversation; of a long one a sample of checksums up to `reach`. `ranked` are
    these in ascending order.
    """

    digest: str
    kind: Kind | None
    endpoint: str | None
    model: str | None
    turns: int
    tools: frozenset[str]
    parameters: frozenset[str]
    values: frozenset[int]
    words: frozenset[int]
    ranked: tuple[int, ...]
    reach: int = _ALL

    def words_up_to(self, reach: int) -> int:
        """How many of the words there are up to a checksum."""
        return len(self.ranked) if self.reach <= reach else bisect_right(self.ranked, reach)


def features_of(recording: Recording) -> Features:
    """The features of a recording's request. Never raises, whatever the request is."""
    talk = conversation(recording)
    request = {key: value for key, value in recording.request.items() if key != "test_id"}
    texts = [part.text for turn in talk.turns for part in turn.parts]
    texts += [f"{call.name} {call.arguments}" for turn in talk.turns for call in turn.calls]
    ranked, reach = _pairs_of_words(texts)
    return Features(
        digest=sha256(json.dumps(request, sort_keys=True).encode("ascii")).hexdigest(),
        kind=recording.kind,
        endpoint=recording.endpoint,
        model=recording.model,
        turns=len(talk.turns),
        tools=frozenset(tool.name for tool in talk.tools),
        parameters=frozenset(talk.parameters),
        values=_values(request),
        words=frozenset(ranked),
        ranked=ranked,
        reach=reach,
    )


def similarity(a: Features, b: Features) -> float:
    """How much two requests have in common: 1 for equal ones and for no others, 0 for nothing.

    The words that are said count most, then the single values, then what is called and how.
    Requests of different kinds have nothing in common.
    """
    if a.digest == b.digest:
        return 1.0
    if a.kind is not b.kind:
        return 0.0
    form = (
        (a.endpoint == b.endpoint) * 0.4
        + (a.model == b.model) * 0.2
        + _closeness(a.turns, b.turns) * 0.2
        + overlap(a.tools, b.tools) * 0.1
        + overlap(a.parameters, b.parameters) * 0.1
    )
    found = 0.45 * shared_words(a, b) + 0.3 * overlap(a.values, b.values) + 0.25 * form
    return min(found, 0.999)


def shared_words(a: Features, b: Features) -> float:
    """How many of the pairs of words in two requests are in both, from 0 to 1."""
    reach = min(a.reach, b.reach)
    shared = len(a.words & b.words)
    total = a.words_up_to(reach) + b.words_up_to(reach) - shared
    return shared / total if total else 1.0


def overlap(a: frozenset[Any], b: frozenset[Any]) -> float:
    """How many of what is in either set is in both, from 0 to 1."""
    shared = len(a & b)
    total = len(a) + len(b) - shared
    return shared / total if total else 1.0


def _closeness(a: int, b: int) -> float:
    return 1.0 if a == b else 1 - abs(a - b) / max(a, b)


_WORD = re.compile(r"\w+|[^\w\s]")
_PLAIN_WORD = re.compile(rb"\w+|[^\w\s\x1c-\x1f]")
"""The same of ASCII, in bytes, where the last four separators of it are no white space."""


def _pairs_of_words(texts: Iterable[str]) -> tuple[tuple[int, ...], int]:
    """Checksums of the pairs of neighbouring words, ascending, and how far these are complete."""
    found: set[int] = set()
    left = _MOST_WORDS
    for text in texts:
        if left <= 0:
            break
        words = _sums_of_words(text[: 8 * left])[:left]
        left -= len(words)
        found.update([one * 31 + other & 0xFFFFFFFF for one, other in pairwise([0, *words])])
    if len(found) <= _KEPT_PAIRS:
        return tuple(sorted(found)), _ALL
    # Checksums lie evenly, so that the least of them are among few.
    limit = 2 * _KEPT_PAIRS * _ALL // len(found)
    few = [one for one in found if one <= limit]
    kept = nsmallest(_KEPT_PAIRS, few if len(few) >= _KEPT_PAIRS else found)
    return tuple(kept), kept[-1]


def _sums_of_words(text: str) -> list[int]:
    """The checksum of each word, in order; of ASCII, most of what is said, without a loop."""
    if text.isascii():
        return [*map(crc32, _PLAIN_WORD.findall(text.encode("ascii")))]
    return [crc32(word.encode("utf-8", "surrogatepass")) for word in _WORD.findall(text)]


def _values(request: Any) -> frozenset[int]:
    """Checksums of the values in a request, each with its keys; a second equal one is another."""
    seen: Counter[str] = Counter()
    for keys, value in leaves(request, of_item=()):
        told = value if isinstance(value, str) else repr(value)
        seen[f"{'/'.join(('', *keys))}={told}"] += 1
        if len(seen) >= _MOST_VALUES:
            break
    return frozenset(
        crc32(f"{count}:{one}".encode("utf-8", "surrogatepass"))
        for one, number in seen.items()
        for count in range(min(number, 50))
    )
