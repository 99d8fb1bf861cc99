"""What the text of a failed run tells of recordings that were not found.

The text may be a bare error message, the log of a test run or of a server, an annotation of CI or
a report in XML: in colors, behind margins, wrapped, cut short, in several encodings, or anything
else. Nothing here raises for what it says, and no more than a part of it is held in memory.

Source of the messages: the recorder's public source in all its versions, from July 2025 on.
"""

import ast
import codecs
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any

from recctl.sources import NodeId

FULL = 64
"""Digits of a hash."""

MOST = 500
"""So many different recordings are looked for; what a text tells beyond is left."""

_MOST_HITS = 10 * MOST
_MOST_TESTS = 50
"""So many tests may have asked, where a text does not say which."""
_MOST_PRINTED = 1_000
"""So many values of arguments are looked at."""
_MANY_TESTS = 2_000
"""After so many names of tests only those that failed are of interest."""
_BLOCK = 4 << 20
_REACH = 1 << 20
"""Characters that one message may have, at most: old ones hold the whole request."""
_FIELDS = 4_000
"""Characters after a hash in which the rest of a message stands."""
_LONGEST_NAME = 4_000
_DEEPEST = 100
_FEWEST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Miss:
    """A recording that was looked for and not found, as far as that is known; null means unknown.

    `hash` has 64 digits, or fewer of its first ones, or none. `tests` are those that asked for it;
    where it is not said which did, those that may have. `bodies` are what may be the request's
    body; `tool` is the provider, the tool's name and its arguments.
    """

    hash: str = ""
    tests: tuple[str, ...] = ()
    model: str | None = None
    method: str | None = None
    url: str | None = None
    endpoint: str | None = None
    bodies: tuple[Any, ...] = field(default=(), repr=False)
    tool: tuple[str, str, Any] | None = None

    @property
    def test_id(self) -> str | None:
        """The test that asked; null where it is unknown or may be one of several."""
        return self.tests[0] if len(self.tests) == 1 else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a text tells: the recordings that were not found, in its order.

    `is_whole` is false where it tells of more than are looked for.
    """

    misses: tuple[Miss, ...]
    is_whole: bool = True


def told(text: str) -> Told:
    """What a text tells."""
    return _told([text])


def told_by(stream: IO[bytes]) -> Told:
    """What the bytes of a stream tell. Raises OSError where they cannot be read."""
    return _told(_decoded(stream))


def _decoded(stream: IO[bytes]) -> Iterator[str]:
    """The text of a stream in pieces: UTF-8, or UTF-16 where it begins so, as PowerShell writes."""
    piece = stream.read(_BLOCK)
    is_wide = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8-sig")("replace")
    while piece:
        yield decoder.decode(piece)
        piece = stream.read(_BLOCK)
    yield decoder.decode(b"", final=True)


# One pass


@dataclass(slots=True)
class _Hit:
    """A message as it was found, its own test if it has one, and the section that it stands in."""

    miss: Miss
    test_id: str
    heading: str
    file: str


@dataclass(slots=True)
class _Log:
    """What has been read so far. `asking` is the test that the recorder's own log named last."""

    hits: list[_Hit] = field(default_factory=list)
    tests_seen: int = 0
    named: dict[str, None] = field(default_factory=dict)
    failed: dict[str, None] = field(default_factory=dict)
    heading: str = ""
    file: str = ""
    line_test: tuple[int, str] = (-1, "")
    asking: str = ""
    bodies: tuple[Any, ...] = ()
    printed: int = 0


def _told(pieces: Iterable[str]) -> Told:
    log = _Log()
    rest, is_xml = "", None
    for piece in pieces:
        rest += piece
        if is_xml is None and rest:
            is_xml = rest.lstrip().startswith(("<?xml", "<testsuite"))
        if len(rest) < _BLOCK // 2 + _REACH:
            continue
        cut = rest.rfind("\n", 0, len(rest) - _REACH) + 1 or len(rest) - _REACH
        _read(log, rest[:cut], rest[cut:], unescaped=bool(is_xml))
        rest = rest[cut:]
    _read(log, rest, "", unescaped=bool(is_xml))
    return _summed_up(log)


_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_TIME = re.compile(
    r"^(?:[^\t\n]{0,400}\t){0,2}\ufeff?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?[ \t]",
    re.MULTILINE,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d")
_MARGIN = re.compile(
    r"^[ \t│┃]+(?:(?:E|>|\|+)(?=\s)[ \t│┃]*)*|^(?:(?:E|>|\|+)(?=\s)[ \t│┃]*)+"
    r"|(?<![ \t│┃])[ \t│┃]+$",
    re.MULTILINE,
)
"""What stands around the lines of a message: times of CI, pytest's marks, boxes, indentation."""

_GAP = r"(?:\s|\\+[nr]|&#(?:10|13|xA|xD);|%0A)"
"""A space, or an end of line in any spelling."""

_PHRASE = (
    r"(?:Recording\s+not\s+found\s+for"
    r"|No\s+record(?:ed\s+(?:response|tool\s+result)|ing)\s+found\s+for)"
)
_WORD = r"[^\s|\\&'\"<>{}`]+"
_URL = r"[^\s|\\'\"<>{}`]+?(?=&#|%0A|[\s|\\'\"<>{}`]|$)"
_TEST = r"[^\s\[\]:]{1,1000}?\.py(?:::\w{1,400}){1,20}(?:\[[^\n]{0,4000}?\])?"

_RELEVANT = re.compile(r"record|\.py::", re.IGNORECASE)
_EVENTS = tuple(
    (name, re.compile(pattern, re.MULTILINE))
    for name, pattern in (
        ("message", rf"{_PHRASE}\s+"),
        ("debug", r"\[RECORDING DEBUG\]\s+Recording\s+not\s+found!"),
        ("cut", r"Recording(?: not[ \w]{0,40})?(?:\.\.\.|…)$"),
        ("asking", rf"Test (?:context|ID): (?P<test>[^\n]{{1,{_LONGEST_NAME}}})$"),
        ("heading", rf"^_+ (?P<name>[^\n]{{1,{_LONGEST_NAME}}}?) _+$"),
        (
            "case",
            r"<testcase classname=\"(?P<class>[^\"\n]{1,1000})\""
            r" name=\"(?P<test>[^\"\n]{1,4000})\"",
        ),
        ("section", r"^=+ [^\n]{1,400}? =+$"),
        ("file", r"\.py:\d+:"),
        ("test", r"\.py::"),
        ("failed", r"\b(?:FAILED|ERROR)\b[^\n]{0,200}?\.py::"),
        ("arguments", r"\b(?:body|kwargs) = (?={)"),
    )
)
_TEST_AROUND = re.compile(rf"(?<!\S){_TEST}(?=\s+-\s|\s*$|\s+[A-Z]{{4,}}\b)")
_FAILURE = re.compile(r"\b(?:FAILED|ERROR)\b")
_LETTER = re.compile(r"[^\W_]")
_HASH = re.compile(r"(?:(?:genai|tool)\s+)?(?:request\s+)?(?:with\s+)?hash:?\s*")
_DIGITS = re.compile(r"[0-9a-f]+")
_MODEL = re.compile(rf"Model:\s*({_WORD})")
_REQUEST = re.compile(rf"(?:Request:|\|)\s*([A-Z]{{3,7}})\s+({_URL})")
_ENDPOINT = re.compile(rf"Endpoint:\s*(/{_WORD})")
_RERANK = re.compile(rf"rerank\s+request\s*\|\s*URL:\s*({_URL})")
_HTTP = re.compile(rf"httpx\s+(?:stream\s+)?(POST)\s+({_URL})")
_TOOL = re.compile(rf"(\w+)\.([\w-]+)(?:\s*\||{_GAP})\s*Request:\s*(?={{)")
_BODY = re.compile(rf"Request:\s*[A-Z]{{3,7}}\s+{_WORD}\s+(?={{)")
_ENDED = re.compile(rf"Run\s+'\./|To\s+record\s+this|{_PHRASE}")
_LOGGED = re.compile(r"(Request hash|Method|URL|Endpoint|Model|Test context): *(\S[^\n]*)")
_ANYWHERE = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_NO_MODEL = ("unknown", "N/A", "None")


def _read(log: _Log, raw: str, beyond: str, *, unescaped: bool) -> None:
    """Take in what begins in a piece of text; it may go on in the text beyond."""
    if not _RELEVANT.search(raw):
        return
    head, tail = (_cleaned(part, unescaped=unescaped) for part in (raw, beyond))
    text = head + tail
    skipped = "test" if log.tests_seen > _MANY_TESTS else "failed"
    found = [
        (event.start(), name, event)
        for name, pattern in _EVENTS
        if name != skipped
        for event in pattern.finditer(head if name != "message" else text)
        if event.start() < len(head)
    ]
    log.line_test = (-1, "")
    for _, name, event in sorted(found, key=lambda one: one[:2]):
        if len(log.hits) >= _MOST_HITS:
            return
        _take(log, text, name, event)


def _cleaned(text: str, *, unescaped: bool) -> str:
    """A text without colors and margins."""
    if unescaped:
        text = html.unescape(text)
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _DAY.search(text):
        text = _TIME.sub("", text)
    return _MARGIN.sub("", text)


def _take(log: _Log, text: str, name: str, event: re.Match[str]) -> None:
    """Take in one thing that a text tells; what a message belongs to comes before it."""
    match name:
        case "asking":
            log.asking = event["test"].strip()
        case "heading":
            if _LETTER.search(event["name"]):  # others stand between the steps of a traceback
                log.heading, log.file, log.bodies = event["name"], "", ()
        case "case":
            log.line_test = (len(text), _test_of_case(event["class"], event["test"]))
        case "section":
            log.heading, log.file, log.bodies = "", "", ()
        case "file":
            if not log.file:
                log.file = _word_before(text, event.start()) + ".py"
        case "test" | "failed":
            _take_test(log, text, event.end() - len(".py::"))
        case "arguments":
            log.printed += 1
            value = _literal(text, event.end()) if log.printed <= _MOST_PRINTED else None
            if isinstance(value, dict):
                log.bodies = (*log.bodies, value)[-3:]
        case _:
            _take_message(log, text, name, event)


def _take_test(log: _Log, text: str, place: int) -> None:
    start = text.rfind("\n", max(0, place - _LONGEST_NAME), place) + 1
    end = text.find("\n", place, place + _LONGEST_NAME)
    end = len(text) if end < 0 else end
    log.tests_seen += 1
    word = place - len(_word_before(text, place))
    found = _TEST_AROUND.match(text, max(start, word)) if word >= start else None
    if found is None or len(log.named) >= 2 * _MANY_TESTS:
        return
    test_id = found[0]
    log.named.setdefault(test_id)
    around = (text[start:word], text[found.end() : found.end() + 12].lstrip())
    if any(map(_FAILURE.search, around)):
        log.failed.setdefault(test_id)
    log.line_test = (end, test_id)


def _test_of_case(dotted: str, name: str) -> str:
    """The id of a test in a report, which joins its file and its classes by dots."""
    parts = dotted.split(".")
    is_file = [part.startswith("test_") or part.endswith("_test") for part in parts]
    end = len(parts) - is_file[::-1].index(True) if True in is_file else len(parts)
    return "::".join(("/".join(parts[:end]) + ".py", *parts[end:], name))


def _word_before(text: str, place: int) -> str:
    """What stands before a place up to a space, if that is short enough for a path."""
    before = text[max(0, place - 1_000) : place]
    return re.split(r"\s", before)[-1]


def _take_message(log: _Log, text: str, name: str, event: re.Match[str]) -> None:
    end, test_id = log.line_test
    own = test_id if event.start() < end else ""
    if name == "debug":
        miss, asking = _logged(text[event.end() : event.end() + _FIELDS])
        own = asking or own
    elif name == "cut":
        miss = Miss() if own else None
    else:
        miss = _message(text, event.end())
    if miss is not None:
        miss = replace(miss, bodies=(*miss.bodies, *log.bodies))
        log.hits.append(_Hit(miss, own, log.heading, log.file))


def _message(text: str, start: int) -> Miss | None:
    """What a message tells that goes on at a place; null for what only looks like one."""
    ended = _ENDED.search(text, start, start + _REACH)
    stop = ended.start() if ended else min(len(text), start + _REACH)
    if tool := _TOOL.match(text, start, stop):
        arguments = _literal(text, tool.end())
        return Miss(tool=(tool[1], tool[2], arguments))
    if rerank := _RERANK.match(text, start, stop):
        return Miss(method="POST", url=rerank[1])
    if http := _HTTP.match(text, start, stop):
        return Miss(method=http[1], url=http[2])
    marked = _HASH.match(text, start, stop)
    digits = _digits(text, marked.end(), stop) if marked else ""
    if not digits:
        stray = _ANYWHERE.search(text, start, min(stop, start + 300))
        if stray is None:
            return None
        digits, after = stray[0], stray.end()
    else:
        after = marked.end() if marked else start
    fields = text[after : min(stop, after + _FIELDS)]
    model, request, endpoint = (one.search(fields) for one in (_MODEL, _REQUEST, _ENDPOINT))
    bodies: tuple[Any, ...] = ()
    if body := _BODY.search(text, after, min(stop, after + _FIELDS)):
        value = _literal(text, body.end())
        bodies = () if value is None else (value,)
        # The model stands behind the body, which may be longer than all else.
        model = model or _MODEL.search(text[max(after, stop - _FIELDS) : stop])
    return Miss(
        hash=digits,
        model=_named(model[1]) if model else None,
        method=request[1] if request else None,
        url=request[2] if request else None,
        endpoint=endpoint[1] if endpoint else None,
        bodies=bodies,
    )


def _named(model: str) -> str | None:
    return None if model in _NO_MODEL else model


def _digits(text: str, start: int, stop: int) -> str:
    """The digits of a hash, which may be broken in two lines or cut short; empty for none."""
    found = _DIGITS.match(text, start, stop)
    if found is None:
        return ""
    digits, end = found[0], found.end()
    while len(digits) < FULL and text[end : end + 1] == "\n":
        more = _DIGITS.match(text, end + 1, stop)
        if more is None or len(digits) + len(more[0]) > FULL:
            break
        digits, end = digits + more[0], more.end()
    after = text[end : end + 1]
    if not _FEWEST_DIGITS <= len(digits) <= FULL or after.isalnum() or after == "_":
        return ""
    return digits


def _logged(text: str) -> tuple[Miss | None, str]:
    """What the recorder's own log tells in the lines after its complaint, and the test."""
    known: dict[str, str] = {}
    for found in _LOGGED.finditer(text):
        if found[1] in known:
            break
        known[found[1]] = found[2].strip()
    digits = known.get("Request hash", "")
    if not _ANYWHERE.fullmatch(digits):
        return None, ""
    test_id = known.get("Test context", "")
    miss = Miss(
        hash=digits,
        model=_named(known.get("Model", "None")),
        method=known.get("Method"),
        url=known.get("URL"),
        endpoint=known.get("Endpoint"),
    )
    return miss, "" if test_id == "None" else test_id


# Values as Python prints them


_BRACKETS = re.compile(r"""[\[({]|[\])}]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)


def _literal(text: str, start: int) -> Any:
    """The value that Python has printed at a place, as JSON; null where it is cut short or no JSON.

    Line ends are those of a text that was wrapped, as Python prints none.
    """
    source = _bracketed(text, start)
    for joint in ("", " "):
        try:
            value = ast.literal_eval(source.replace("\n", joint))
            return json.loads(json.dumps(value))
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            continue
    return None


def _bracketed(text: str, start: int) -> str:
    """A text from a bracket to the one that closes it; empty where that is missing or too deep."""
    depth = 0
    for found in _BRACKETS.finditer(text, start, start + _REACH):
        depth += 1 if found[0] in "[({" else -1 if found[0] in "])}" else 0
        if depth == 0:
            return text[start : found.end()]
        if depth > _DEEPEST:
            break
    return ""


# What it comes to


def _summed_up(log: _Log) -> Told:
    """The misses of a log, each once."""
    by_heading: dict[str, list[str]] = defaultdict(list)
    for test_id in log.named:
        node = NodeId.parse(test_id)
        by_heading[".".join(node.names) + node.parameters].append(test_id)
    suspects = tuple(log.failed or log.named)[:_MOST_TESTS]
    misses = _Misses()
    for hit in log.hits:
        misses.add(replace(hit.miss, tests=_asking(hit, by_heading)))
    made = [one if one.tests else replace(one, tests=suspects) for one in misses.all]
    return Told(tuple(made), misses.is_whole and len(log.hits) < _MOST_HITS)


def _asking(hit: _Hit, by_heading: dict[str, list[str]]) -> tuple[str, ...]:
    """The tests that a message is of, by what stands around it."""
    if hit.test_id:
        return (hit.test_id,)
    name = re.sub(r"^ERROR at (?:setup|teardown) of ", "", hit.heading)
    if name in by_heading:
        return tuple(by_heading[name])
    if name and hit.file and re.fullmatch(r"[\w.]+(?:\[.*\])?", name):
        names, bracket, parameters = name.partition("[")
        return (f"{hit.file}::{'::'.join(names.split('.'))}{bracket}{parameters}",)
    return ()


class _Misses:
    """Misses, each once, in the order in which they were told first."""

    def __init__(self) -> None:
        self.all: list[Miss] = []
        self.is_whole = True
        self._places: dict[Any, int] = {}

    def add(self, miss: Miss) -> None:
        """Add what is new, or what it tells to what is known."""
        if not (miss.hash or miss.url or miss.tool or miss.tests):
            return
        key = repr(miss.tool or miss.hash or (miss.url, miss.tests))
        place = self._places.get(key)
        if place is None and len(miss.hash) < FULL and not miss.tool:
            place = self._cut_short(miss)
        if place is None and len(self.all) >= MOST:
            self.is_whole = False
        elif place is None:
            self._places[key] = len(self.all)
            self.all.append(miss)
        else:
            self.all[place] = _merged(self.all[place], miss)

    def _cut_short(self, miss: Miss) -> int | None:
        """The place of one that is told of again in a summary, which may be cut anywhere."""
        for place, known in enumerate(self.all):
            if miss.hash and known.hash.startswith(miss.hash):
                return place
            if not miss.hash and not miss.url and set(miss.tests) & set(known.tests):
                return place
        return None


def _merged(one: Miss, other: Miss) -> Miss:
    """Two tellings of the same in one."""
    return Miss(
        hash=max(one.hash, other.hash, key=len),
        tests=tuple(dict.fromkeys((*one.tests, *other.tests))),
        model=one.model or other.model,
        method=one.method or other.method,
        url=one.url or other.url,
        endpoint=one.endpoint or other.endpoint,
        bodies=one.bodies or other.bodies,
        tool=one.tool,
    )
