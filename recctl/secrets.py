"""Credentials in what was recorded: whether there are any, of which kind, and where.

Three steps, each of which only some input reaches. A gate looks at the text for the shapes that
credentials have, decoded where that is cheap; it needs no library and hardly any time. Where it
opens, every string of the document is decoded: JSON in strings, server-sent events,
percent-encoding and base64, in any order, four deep. What comes of it is given to kingfisher, which
knows some hundred kinds; a few that it does not know, or that show by a name alone, are told here.

No value leaves this module: a `Secret` says what was seen, never what it is. Nothing is verified,
so nothing is sent anywhere. Every step takes time in proportion to the text.

Sources for the shapes: the providers' public documentation of their tokens.
"""

import binascii
import math
import os
import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from recctl.errors import UsageError
from recctl.jsontext import pointer_of
from recctl.safetext import one_line
from recctl.shapes import value_in

if TYPE_CHECKING:
    from kingfisher_sdk import Scanner

MASK = "(not shown: it may hold a secret)"
"""What stands in place of a text that may hold one."""

_LIBRARY = "kingfisher_sdk"

_DEPTH = 4
"""So many encodings inside each other are undone."""

_BUDGET = 8
"""Decoded text may be so many times as long as the text it came from, all layers together."""

_WINDOW = 64 * 1024
_OVERLAP = 8 * 1024
"""Characters that the library sees at once, and that two windows of one long string share.

Some of its patterns look ahead by thousands of characters from every place they might start at; a
window keeps the whole in proportion to the text. The longest credentials, private keys, have 6 KiB.
"""

_BETWEEN = "\n\x1f\n"
"""What stands between two strings: without it, the library takes the end of one for the name of
the other, and a name makes a credential of any hash."""

_DECODED_HERE = frozenset({"jwt-base64"})
"""Kinds of the library that are others in an encoding, which is undone here and told."""

_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Where a credential may begin: after no letter or digit, but for that of an escaped line break."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential: what kind, where (a JSON pointer), and how it was written there.

    `encodings` are those that had to be undone, the outermost first. `length` is in characters,
    decoded. `places` counts the values that hold the same one. Nothing here tells the value.
    """

    kind: str
    pointer: str
    encodings: tuple[str, ...]
    length: int
    places: int


class _Shape(NamedTuple):
    """A literal without which the pattern cannot match, and the pattern.

    With a `kind`, a match is a secret; without, it is for the library to say. One that is no
    `run` may hold other characters than those of a long run, or fewer.
    """

    literal: str
    pattern: str
    kind: str = ""
    run: bool = True


def _token(prefix: str, body: str, kind: str = "") -> _Shape:
    return _Shape(prefix, _START + re.escape(prefix) + body, kind)


_SHAPES = (
    # Models and what belongs to them.
    _token("sk-", r"[A-Za-z0-9_-]{20}"),
    _token("csk-", r"[A-Za-z0-9]{20}"),
    _token("gsk_", r"[A-Za-z0-9]{20}"),
    _token("pcsk_", r"[A-Za-z0-9_]{20}"),
    _token("hf_", r"[A-Za-z]{30}"),
    _token("api_org_", r"[A-Za-z]{30}"),
    _token("nvapi-", r"[A-Za-z0-9_-]{20}"),
    _token("xai-", r"[A-Za-z0-9_-]{20}"),
    _token("pplx-", r"[A-Za-z0-9]{20}"),
    _token("r8_", r"[A-Za-z0-9]{30}"),
    _token("tgp_v1_", r"[A-Za-z0-9_-]{20}"),
    _token("llx-", r"[A-Za-z0-9]{20}"),
    _token("lsv2_", r"[a-z]{2}_[0-9a-f]{20}"),
    _token("wandb_v1_", r"[A-Za-z0-9_]{20}"),
    _token("dapi", r"[0-9a-f]{32}"),
    _token("BSA", r"[A-Za-z0-9_-]{24}"),
    _token("tvly-", r"[A-Za-z0-9-]{20,80}", "tavily-api-key"),
    _token("fw_", r"[A-Za-z0-9]{22,64}(?![A-Za-z0-9_-])", "fireworks-api-key"),
    # Clouds.
    _token("AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])", "aws-access-key-id"),
    _token("ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])", "aws-access-key-id"),
    _token("ABSK", r"[A-Za-z0-9+/]{40}"),
    _token("bedrock-api-key-", r"[A-Za-z0-9+/]{20}"),
    _token("AIza", r"[A-Za-z0-9_-]{35}"),
    _token("AQ.Ab8RN6", r"[A-Za-z0-9_-]{20}"),
    _token("ya29.", r"[A-Za-z0-9_-]{20,2048}", "google-oauth-access-token"),
    _token("GOCSPX-", r"[A-Za-z0-9_-]{20,64}", "google-oauth-client-secret"),
    _Shape("AccountKey=", r"AccountKey=[A-Za-z0-9+/]{40}"),
    _Shape("SharedAccessKey=", r"SharedAccessKey=[A-Za-z0-9+/]{20}"),
    _Shape("Q~", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", "azure-ad-client-secret"),
    _token("dop_v1_", r"[0-9a-f]{20}"),
    _token("hvs.", r"[A-Za-z0-9_-]{24}"),
    # Code and its hosts.
    *(_token(f"gh{letter}_", r"[A-Za-z0-9]{30}") for letter in "pousr"),
    _token("github_pat_", r"[A-Za-z0-9_]{20}"),
    _token("glpat-", r"[A-Za-z0-9_-]{20}"),
    _token("npm_", r"[A-Za-z0-9]{30}"),
    _token("pypi-AgE", r"[A-Za-z0-9_-]{20}"),
    _token("dckr_", r"[a-z]{3}_[A-Za-z0-9_-]{20}"),
    # Messages and payments.
    *(_token(f"xox{letter}", r"[-.][A-Za-z0-9.-]{16}") for letter in "abcdeoprs"),
    _token("xapp-", r"\d[A-Za-z0-9-]{16}"),
    _Shape("hooks.slack.com/", r"(?:https://)?hooks\.slack\.com/[a-z]+/[A-Za-z0-9/]{20}"),
    _token("SG.", r"[A-Za-z0-9_-]{20}"),
    *(
        _token(f"{letter}k_{mode}_", r"[A-Za-z0-9]{10}")
        for letter in "rs"
        for mode in ("live", "test")
    ),
    _token("ntn_", r"[A-Za-z0-9]{20}"),
    _token("lin_api_", r"[A-Za-z0-9]{20}"),
    # Not of one provider.
    _Shape("PRIVATE KEY", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY", run=False),
    _Shape(
        "eyJ", r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))eyJ[A-Za-z0-9_-]{14,}\.ey[A-Za-z0-9_-]{14,}\."
    ),
    _Shape("://", r"://[^\s/:@\"\\]{0,128}:[^\s/@\"\\]{3,256}@", run=False),
)
"""What credentials look like: those that recordings of models, tools and clouds may hold.

A shape without a kind may be wider than the credential it stands for, but never narrower: a text
that has none of these shapes, nor a value under a telling name, is passed over.
"""

_RUN_SHAPES = tuple(shape for shape in _SHAPES if shape.run)
_OTHER_SHAPES = tuple(shape for shape in _SHAPES if not shape.run)

_NAMED = (
    r"(?i)(?P<name>authorization|api[-_ ]?key|client[-_]?secret|secret[-_]?(?:access[-_]?)?key"
    r"|(?:access|auth|bearer|refresh|security|session)[-_]?token|passw(?:or)?d|private[-_]?key"
    r"|subscription[-_]?key)"
    r"[\"'\\]{0,16}\s{0,4}[:=]\s{0,4}\[?\s{0,40}[\"'\\]{0,16}(?:(?:basic|bearer|token)\s{1,4})?"
    r"(?P<value>[A-Za-z0-9_.~+/=%-]{16,})"
    r"|bearer\s{1,4}(?P<bearer>[A-Za-z0-9_.~+/=%-]{16,})"
    r"|cookie[\"'\\]{0,16}\s{0,4}[:=]\s{0,4}[\"'\\]{0,16}(?P<cookies>[^\"\\\n]{16,4096})"
)
"""A value that its name makes a credential: of a header, a parameter, an assignment."""

_BEFORE_TOKEN = ("access", "auth", "refresh", "security", "session")
_NAMES = (
    *("authorization", "bearer", "cookie", "secret", "passwd", "password"),
    *(
        f"{first}{joint}key"
        for first in ("api", "private", "subscription")
        for joint in ("", "-", "_", " ")
    ),
    *(f"{first}{joint}token" for first in _BEFORE_TOKEN for joint in ("", "-", "_")),
)
"""One of these, in small letters, is in every text with such a name. Asking so is 20 times faster
than the pattern."""

_IN_NAMES = (*_BEFORE_TOKEN, "bearer", "cookie", "secret", "passw", "key")
"""One of these is in each of the names, and hardly any in other texts."""

_NAME_STARTS = (
    *_BEFORE_TOKEN,
    *("authorization", "api", "bearer", "client", "cookie", "passw", "private", "secret"),
    "subscription",
)
"""With one of these each of the names begins."""

_PLACEHOLDER = (
    r"(?i)x{4}|\*{3}|\.{3}|changeme|dummy|example|fake|insert|mock|normalized|placeholder|redacted"
    r"|replace|sample|todo|your"
)

_MADE = r"[A-Za-z0-9_.~+/=%-]{16,4096}"
_ESCAPED = r"\\u00([2-7][0-9A-Fa-f])"
_PERCENT = r"%[2-7][0-9A-Fa-f]"
_ESCAPES = (("\\u00", _ESCAPED), ("%", _PERCENT))
_BREAK = r"(?:\r|\\r)?(?:\n|\\n)"
_BASE64 = (
    r"(?<!\\)[A-Za-z0-9+/_-]{24,}"
    rf"(?:{_BREAK}[A-Za-z0-9+/_-]{{24,}})*(?:{_BREAK}[A-Za-z0-9+/_-]{{1,23}}(?![A-Za-z0-9+/_-]))?"
)
"""Enough of base64 for a credential of 18 characters; it may be broken into lines."""

_BASE64_DIGITS = r"[A-Za-z0-9+/_-]{24}"
_LINE_END = r"(?:\r|\\r)?(?:\n|\Z)"
_LONG_RUN = r"[A-Za-z0-9_.~+/=%-]{18,}"
"""What a credential of most shapes is, or is a part of, as is all base64."""

_INERT_SIZE = 4 * 1024 * 1024
"""So many characters of lines are remembered."""

_TO_STANDARD = str.maketrans("-_", "+/")
_RUN = r"[A-Za-z0-9_.~+/=-]{1,4096}"
_EVENT_DATA = r"(?m)^data: ?(?=[\[{])"
_LIBRARY_NAME = r"^(?:[a-z]+\.)?(?:secrets/)?(.*?)(?:\.\d+)?$"


@cache
def available() -> bool:
    """Whether the library is installed. Does not import it."""
    return find_spec(_LIBRARY) is not None


def scanner_version() -> str | None:
    """What tells the library at hand from another version of it; null where there is none."""
    spec = find_spec(_LIBRARY)
    if spec is None or spec.origin is None:
        return None
    folder = os.path.dirname(spec.origin)  # noqa: PTH120 - not worth a Path
    try:
        with os.scandir(folder) as entries:
            return repr(sorted((one.name, one.stat().st_size) for one in entries))
    except OSError:
        return folder


LACKING = "kingfisher-secret-scanner is not installed; install recctl with its extra: secrets"
"""What is told where the library is not installed."""


def may_hold(text: str) -> bool:
    """Whether a text has, as it is or decoded, the shape of a credential. Needs no library.

    Takes some 10 microseconds for a line. It errs to the safe side: most of what opens this gate
    is none. Give it whole lines: what is left of a credential that was cut has no shape.
    """
    return any(_has_shape(one, runs) for one, runs in _undone(text, _DEPTH))


def may_hold_json(text: str) -> bool:
    """The same for a JSON text, of which each distinct line is looked at only once.

    No JSON string reaches over lines, so lines without a quotation mark hold none. Recordings
    repeat themselves: a sixth of their text is left. They repeat each other, too, and of lines that
    hold nothing by themselves no text can be made that does.
    """
    distinct = dict.fromkeys(text.split("\n"))
    return not _inert.has_all(distinct) and may_hold("\n".join(_quoted(distinct)))


def masked(text: str) -> str:
    """The text, or `MASK` where it may hold a secret: for excerpts, messages and pointers.

    Asks the library, too, where it has been loaded already, which is so after `secrets_in` found
    something: then what it found is masked even where the gate knows no such shape.
    """
    hidden = may_hold(text) or (_scanner.cache_info().currsize and _seen_by_library(text))
    return MASK if hidden else text


def secrets_in(value: Any, joined: Sequence[str] = ()) -> tuple[Secret, ...]:
    """The credentials in a JSON value, each once, in order of their first place.

    `joined` are the texts that an answer's chunks make together; one found only there is said to
    stand in the response's body, in chunks. Needs the library: see `available`.
    """
    found: dict[str, _Place] = {}
    for window in _windows(_segments(value, joined)):
        for kind, secret, offset in sorted(_seen(window.text), key=lambda one: one[2]):
            segment = window.at(offset)
            place = found.setdefault(secret, _Place(kind, segment, set()))
            place.pointers.add(segment.pointer)
    return tuple(
        Secret(
            place.kind,
            place.first.pointer,
            place.first.encodings,
            len(secret),
            len(place.pointers),
        )
        for secret, place in found.items()
    )


# The gate


def _quoted(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if '"' in line]


class _InertLines:
    """Lines that were found to be such that no text of them may hold a credential.

    They have no shape of one and no telling name, and nothing in them can be decoded, nor can it
    together with the next line.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._size = 0

    def has_all(self, lines: Mapping[str, None]) -> bool:
        """Whether all lines with a quotation mark are such. If so, they are kept in mind."""
        fresh = _quoted(lines.keys() - self._known)
        if not fresh:
            return True
        text = "\n".join(fresh)
        if not _is_inert(text):
            return False
        self._size += len(text)
        if self._size > _INERT_SIZE:
            self._known.clear()
            self._size = len(text)
        self._known.update(fresh)
        return True


_inert = _InertLines()


def _is_inert(text: str) -> bool:
    """Whether a text may hold nothing, in whichever order its lines stand and between which others.

    The shapes, the escapes and the names are all such that none reaches over two lines.
    """
    runs = _long_runs(text)
    if _has_shape_by_itself(text, runs) or _has_name(text):
        return False
    if any(sign in text and _compiled(one).search(text) for sign, one in _ESCAPES):
        return False
    some = "\n".join(_lines_with_base64(text, runs))
    at_end = _compiled(_LINE_END)
    found = _compiled(_BASE64).finditer(some)
    return not any(at_end.match(some, one.end()) or any(_texts_in(one[0])) for one in found)


def _long_runs(text: str) -> str:
    return "\n".join(_compiled(_LONG_RUN).findall(text))


def _lines_with_base64(text: str, runs: str) -> Iterator[str]:
    """The lines that may hold any, given the long runs of the text: few lines do."""
    place = end = 0
    for run in filter(_compiled(_BASE64_DIGITS).search, runs.split("\n")):
        start = text.find(run, place)
        place = start + len(run)
        if start >= end:
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            yield text[text.rfind("\n", 0, start) + 1 : end]


def _has_shape(text: str, runs: str) -> bool:
    return _has_shape_by_itself(text, runs) or any(_named_values(text))


def _has_shape_by_itself(text: str, runs: str) -> bool:
    return any(
        shape.literal in some and _compiled(shape.pattern).search(text)
        for shapes, some in ((_OTHER_SHAPES, text), (_RUN_SHAPES if runs else (), runs))
        for shape in shapes
    )


def _undone(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """The text, and what comes of it when everything in it is decoded that is cheap to find.

    Each comes with its long runs.
    """
    todo = deque([(text, 0)])
    budget = _BUDGET * len(text)
    while todo and budget >= 0:
        one, done = todo.popleft()
        budget -= len(one)
        runs = _long_runs(one)
        yield one, runs
        if done == depth:
            continue
        if "\\u00" in one and _compiled(_ESCAPED).search(one):
            todo.append(
                (_compiled(_ESCAPED).sub(lambda match: chr(int(match[1], 16)), one), done + 1)
            )
        if "%" in one and _compiled(_PERCENT).search(one):
            todo.append((unquote(one, errors="replace"), done + 1))
        digits = _compiled(_BASE64_DIGITS).search(runs)
        decoded = "\n".join(_from_base64(one)) if digits else ""
        if decoded:
            todo.append((decoded, done + 1))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Patterns are compiled when they are first needed, which for most is never."""
    return re.compile(pattern)


def _has_name(text: str) -> bool:
    small = text.lower()
    return any(part in small for part in _IN_NAMES) and any(name in small for name in _NAMES)


def _named(text: str) -> Iterator[re.Match[str]]:
    """The matches of the pattern of names, which is tried only where one may begin."""
    pattern = _compiled(_NAMED)
    if not text.isascii():
        # Some letters change their length in small, and some match others than themselves.
        yield from pattern.finditer(text)
        return
    small = text.lower()
    starts = {one.start() for word in _NAME_STARTS for one in _compiled(word).finditer(small)}
    end = 0
    for start in sorted(starts):
        match = pattern.match(text, start) if start >= end else None
        if match is not None:
            end = match.end()
            yield match


def _named_values(text: str) -> Iterator[tuple[str, str, int]]:
    """What stands under a telling name and looks made by a machine: name, value, where."""
    if not _has_name(text):
        return
    for match in _named(text):
        if match["cookies"] is not None:
            for part in match["cookies"].split(";"):
                value = part.partition("=")[2].strip()
                if _is_made(value):
                    yield "cookie", value, match.start("cookies")
        elif match["bearer"] is not None:
            if _is_made(match["bearer"]):
                yield "bearer-token", match["bearer"], match.start("bearer")
        elif _is_made(match["value"]):
            yield re.sub("[_ ]", "-", match["name"].lower()), match["value"], match.start("value")


def _is_made(value: str) -> bool:
    """Whether a value is no word, path, time or placeholder, but made by a machine."""
    if not _compiled(_MADE).fullmatch(value):
        return False
    digits = sum(character.isdigit() for character in value)
    letters = sum(character.isalpha() for character in value)
    if digits < 3 or letters < 4 or value.startswith(("http", "/", "./")):
        return False
    return _entropy(value) >= 3 and not _compiled(_PLACEHOLDER).search(value)


def _entropy(text: str) -> float:
    """Bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _from_base64(text: str) -> Iterator[str]:
    """What the runs of base64 in a text say. What is no text, such as a vector, is left out."""
    for match in _compiled(_BASE64).finditer(text):
        yield from _texts_in(match[0])


def _texts_in(run: str) -> Iterator[str]:
    lines = _compiled(_BREAK).split(run) if "\n" in run or "\\" in run else [run]
    whole = _text_of_base64("".join(lines))
    if whole is not None:
        yield whole
    elif len(lines) > 1:
        yield from filter(None, map(_text_of_base64, lines))


def _text_of_base64(run: str) -> str | None:
    digits = run.translate(_TO_STANDARD)
    try:
        text = binascii.a2b_base64(digits + "=" * (-len(digits) % 4)).decode("utf-8")
    except ValueError:
        return None
    return (
        text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None
    )


# The strings of a document, decoded


class _Segment(NamedTuple):
    """A line of what is looked at: a string and the key it stands under, decoded."""

    text: str
    pointer: str
    encodings: tuple[str, ...]


class _Leaf(NamedTuple):
    key: str
    text: str
    pointer: str
    encodings: tuple[str, ...]


def _segments(value: Any, joined: Sequence[str]) -> Iterator[_Segment]:
    """Every string below a value, then those that are in them, as far as the budget goes."""
    todo = deque(_leaves(value, "", "", ()))
    todo.extend(_Leaf("", text, "/response/body", ("chunks",)) for text in joined)
    budget = _BUDGET * sum(len(leaf.text) for leaf in todo)
    while todo:
        leaf = todo.popleft()
        budget -= len(leaf.text)
        if leaf.encodings and budget < 0:
            return
        below = list(_below(leaf)) if len(leaf.encodings) < _DEPTH else []
        todo.extend(below)
        if any(one.encodings[-1] in ("JSON", "events") for one in below):
            continue  # its strings say the same, without escapes
        yield _Segment(f"{leaf.key} = {leaf.text}" if leaf.key else leaf.text, *leaf[2:])
        # In running text, a comma or a bracket after a credential hides it from the library.
        for run in _runs(leaf.text):
            yield _Segment(run, *leaf[2:])


def _leaves(
    value: Any, key: str, pointer: str, encodings: tuple[str, ...], *, inner: bool = False
) -> Iterator[_Leaf]:
    """The strings below a value, in order, and long keys. Those of an `inner` value stay put."""
    todo: list[tuple[str, Any, str]] = [(key, value, pointer)]
    while todo:
        key, item, place = todo.pop()
        if isinstance(item, str):
            yield _Leaf(key, item, place, encodings)
        elif isinstance(item, dict):
            for name, below in reversed(item.items()):
                todo.append((name, below, place if inner else _pointer_below(place, name)))
            for name in item:
                if len(name) >= 16:
                    yield _Leaf("", name, place, encodings)
        elif isinstance(item, list):
            todo.extend(
                (key, item[index], place if inner else f"{place}/{index}")
                for index in reversed(range(len(item)))
            )


def _pointer_below(pointer: str, name: str) -> str:
    """The pointer to a member; to its object, where the member's name may be a secret itself."""
    return pointer if len(name) >= 16 and may_hold(name) else pointer + pointer_of((name,))


def _below(leaf: _Leaf) -> Iterator[_Leaf]:
    """What a string holds when it is decoded, in each way that it can be."""
    key, text, pointer, encodings = leaf
    inside = _value_in(text)
    if inside is not None:
        name, value = inside
        yield from _leaves(value, key, pointer, (*encodings, name), inner=True)
        return
    if "%" in text and _compiled(_PERCENT).search(text):
        yield _Leaf(key, unquote(text, errors="replace"), pointer, (*encodings, "percent-encoding"))
    # Not under its key: where that makes a credential, it makes one of the text as it stands.
    for decoded in _from_base64(text):
        yield _Leaf("", decoded, pointer, (*encodings, "base64"))


def _value_in(text: str) -> tuple[str, Any] | None:
    """The JSON that a text is, or the JSON of its events: how it was written, and its value."""
    if text.lstrip()[:1] in ("{", "[", '"'):
        value = _loaded(text)
        if isinstance(value, dict | list | str):
            return "JSON", value
    elif "data:" in text and _compiled(_EVENT_DATA).search(text):
        data = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
        values = [_loaded(one) for one in data if one != "[DONE]"]
        if all(isinstance(value, dict | list) for value in values):
            return "events", values
    return None


def _loaded(text: str) -> Any:
    try:
        return value_in(text)
    except (ValueError, RecursionError):
        return None


def _runs(text: str) -> Iterator[str]:
    """What has a shape, from its start to where it ends, if more stands around it."""
    for shape in _SHAPES:
        end = 0
        for match in _compiled(shape.pattern).finditer(text) if shape.literal in text else ():
            if match.start() >= end:
                rest = _compiled(_RUN).match(text, match.end())
                end = rest.end() if rest else match.end()
                if end - match.start() < len(text):
                    yield text[match.start() : end].rstrip(".=-/")


# What is in them


class _Window(NamedTuple):
    """Some segments as one text, and where in it each starts."""

    text: str
    starts: list[int]
    segments: list[_Segment]

    def at(self, offset: int) -> _Segment:
        return self.segments[bisect_right(self.starts, offset) - 1]


@dataclass(slots=True)
class _Place:
    kind: str
    first: _Segment
    pointers: set[str]


def _windows(segments: Iterable[_Segment]) -> Iterator[_Window]:
    starts: list[int] = []
    held: list[_Segment] = []
    size = 0
    for segment in _cut(segments):
        if held and size + len(segment.text) > _WINDOW:
            yield _Window(_BETWEEN.join(one.text for one in held), starts, held)
            starts, held, size = [], [], 0
        starts.append(size)
        held.append(segment)
        size += len(segment.text) + len(_BETWEEN)
    if held:
        yield _Window(_BETWEEN.join(one.text for one in held), starts, held)


def _cut(segments: Iterable[_Segment]) -> Iterator[_Segment]:
    """Segments that fit in a window. The parts of a long one overlap."""
    for segment in segments:
        if len(segment.text) <= _WINDOW:
            yield segment
            continue
        for start in range(0, len(segment.text) - _OVERLAP, _WINDOW - _OVERLAP):
            yield segment._replace(text=segment.text[start : start + _WINDOW])


def _seen(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, value and place of each credential in a text; what is part of another is left out."""
    kinds: dict[tuple[str, int], set[str]] = {}
    for kind, value, offset in _seen_by_library(text):
        kinds.setdefault((value, offset), set()).add(kind)
    for (value, offset), several in kinds.items():
        yield " or ".join(sorted(several)), value, offset
    told = [value for value, _ in kinds]
    for kind, value, offset in _seen_here(text):
        if not any(value in other or other in value for other in told):
            yield kind, value, offset
            told.append(value)


def _seen_by_library(text: str) -> list[tuple[str, str, int]]:
    # One byte for each character, so that the library's offsets are ours.
    raw = text.encode("ascii", "replace")
    plain = raw.decode("ascii")
    found = []
    for one in _scanner().scan(raw):
        if one.visible and _kind_of(one.rule_id) not in _DECODED_HERE:
            start = one.location["start_offset"]
            place = plain.find(one.secret, start)
            found.append((_kind_of(one.rule_id), one.secret, start if place < 0 else place))
    return found


def _seen_here(text: str) -> Iterator[tuple[str, str, int]]:
    for shape in _SHAPES:
        if shape.kind and shape.literal in text:
            for match in _compiled(shape.pattern).finditer(text):
                if not _compiled(_PLACEHOLDER).search(match[0]):
                    yield shape.kind, match[0], match.start()
    yield from _named_values(text)


def _kind_of(rule: str) -> str:
    """A rule of the library without the name of its source and without a number."""
    match = _compiled(_LIBRARY_NAME).match(rule)
    return match[1] if match else rule


@cache
def _scanner() -> "Scanner":
    """The library's scanner, one for the process; scanning does not change it, and threads may.

    Compiling its rules takes 3.5 seconds; it keeps them in the user's cache folder, and then loads
    them in 0.3. Decoding is off because it is done here, where it is known what was decoded.
    Raises UsageError where the library is there but cannot be loaded.
    """
    try:
        from kingfisher_sdk import Scanner  # an extra, and 35 MB
    except ImportError as error:
        raise UsageError(
            f"rule secret: kingfisher cannot be loaded ({one_line(error)}); install it again, or"
            " leave the rule out: --ignore secret"
        ) from None
    return Scanner(base64=False)
