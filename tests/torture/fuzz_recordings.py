"""What must hold of the readers of recordings, whatever bytes they are given."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any
from xml.etree import ElementTree

from rich.text import Text

from recctl import schema
from recctl.baseline import Baseline
from recctl.cache import Row
from recctl.compare import applied, compare
from recctl.compare.values import Part as Side
from recctl.corpus import Corpus, Entry, recording_of
from recctl.dialects import MaterialError, hash_under, hashes_under, identify, published
from recctl.drivers.merge import decide
from recctl.errors import UnsoundError
from recctl.facts import facts_of, packed, unpacked
from recctl.hashing import canonical, hash_of_texts, hash_text, request_hash
from recctl.jsontext import line_of, parse, parse_written, pointer_of, spans
from recctl.naming import name_for
from recctl.normalize import ALL_PARTS, normalized
from recctl.plan.actions import spliced
from recctl.recording import Recording
from recctl.render import comparison as of_comparison
from recctl.render import report as of_report
from recctl.render import sheet as of_sheet
from recctl.render.github import as_github
from recctl.render.junit import as_junit
from recctl.render.sarif import as_sarif
from recctl.rules import TABLE
from recctl.rules.policy import Policy
from recctl.rules.selection import EVERYTHING, Choice, choose
from recctl.safetext import harmless
from recctl.shapes import as_objects
from recctl.show import sheet
from recctl.textconv import text_of
from recctl.transcript import Transcript
from recctl.validate import examination_of, validate
from recctl.wire import read
from tests.strategies import places
from tests.torture.fuzz_mutators import BETWEEN
from tests.torture.fuzz_seeds import room

PUBLISHED = published()
EVERY_RULE = choose(TABLE, Choice(select=[EVERYTHING]))
STRICT = Policy(allowed_hosts=("*.openai.com",), allowed_types=("openai.*",), max_size=9_000)
NAME = "0d3b9a6e1c1f4b5e9a550c6a4e1a2b3c0d3b9a6e1c1f4b5e9a550c6a4e1a2b3c.json"
_MOST_PLACES = 30


def written(value: Any) -> str:
    """A value told apart from every other: 1 from 1.0, true from 1, one order from another."""
    return json.dumps(value)


def must_be_printable(lines: Iterable[Text | str]) -> None:
    """Nothing acts on a terminal, and all can be written."""
    for line in lines:
        text = line.plain if isinstance(line, Text) else line
        assert harmless(text) == text, "something acts on a terminal"
        text.encode("utf-8")


def check_json(raw: bytes) -> None:
    """Both ways of parsing find the same; each value stands where it is said to stand."""
    plain, fast = parse(raw), parse_written(raw)
    assert (plain.text, plain.readable, plain.flaws) == (fast.text, fast.readable, fast.flaws)
    assert written(plain.value) == written(fast.value), "the two ways differ"
    assert all(1 <= flaw.line <= raw.count(b"\n") + 1 for flaw in plain.flaws)
    if not plain.readable:
        assert plain.flaws, "unreadable, and nobody knows why"
        return
    value, text = plain.value, plain.text
    assert written(value) == written(json.loads(text)), "not what Python reads"
    if fast.known_canonical:
        assert canonical(value) == raw, "said to be canonical"
    _check_spans(text, value)
    again = parse(canonical(value))
    assert written(again.value) == written(value)
    if isinstance(value, dict):
        texts = {key: hash_text(item) for key, item in value.items()}
        assert hash_of_texts(texts) == request_hash(value)


def _check_spans(text: str, value: Any) -> None:
    some = {pointer_of(place): place for place in islice(places(value), _MOST_PLACES)}
    found = spans(text, some)
    assert found.keys() == some.keys()
    for pointer, (start, end) in found.items():
        held = value
        for step in some[pointer]:
            held = held[step]
        assert written(json.loads(text[start:end])) == written(held), pointer
        assert line_of(text, pointer) == text.count("\n", 0, start) + 1, pointer


def check_recording(raw: bytes) -> None:
    """Every rule looks at it, every form of the report can be written, the cache gives it back."""
    folder = room() / "tests/recordings"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _name(raw)
    path.write_bytes(raw)
    entry = Entry(path)
    report = validate(Corpus((entry,), (), ()), EVERY_RULE, STRICT)
    document = json.loads(of_report.as_json(report))
    assert schema.explain("report", document) is None
    assert json.loads(of_report.statistics_as_json(report))
    assert json.loads(as_sarif(report))
    ElementTree.fromstring(as_junit(report))  # noqa: S314 - our own
    must_be_printable(of_report.as_text(report))
    must_be_printable(of_report.as_concise(report))
    must_be_printable(as_github(report).split("\n"))
    Baseline.of(report.findings, room() / "baseline.json").text().encode("utf-8")
    examination = examination_of(EVERY_RULE, STRICT)
    digest = sha256(raw).hexdigest()
    examined, kept = examination.at(entry, raw, digest)
    assert kept is not None
    row = Row("", digest, examination.about, kept.seen, kept.facts)
    assert examination.recalled(entry, row) == examined, "the cache tells something else"
    path.unlink()
    _check_facts(raw)


def _name(raw: bytes) -> str:
    """The name by the target's dialect for every second recording, for others a wrong one."""
    if sum(raw) % 2:
        return NAME
    try:
        return str(name_for(recording_of("", NAME, raw), PUBLISHED))
    except UnsoundError:
        return NAME


def _check_facts(raw: bytes) -> None:
    try:
        recording = recording_of("", NAME, raw)
    except UnsoundError:
        return
    identity = identify(recording, PUBLISHED)
    facts = facts_of(recording, raw, "0", identity)
    assert unpacked(Row("", "0", "", "", packed(facts, PUBLISHED)), PUBLISHED) == facts
    try:
        together = hashes_under(PUBLISHED.dialects, recording)
    except MaterialError:
        return
    assert together == [hash_under(dialect, recording) for dialect in PUBLISHED.dialects]


def check_wire(raw: bytes) -> None:
    """An answer is read, shown and read again; nulls and how lines are sent change nothing."""
    parsed = parse(raw)
    if not parsed.readable:
        return
    value = parsed.value
    response = value if isinstance(value, dict) else {"body": value, "is_streaming": True}
    answer = read(response)
    document = as_objects(answer.transcript)
    assert written(as_objects(read(response).transcript)) == written(document)
    read({"body": answer.object, "is_streaming": False})
    body = response.get("body")
    if isinstance(body, list):
        _check_stream(response, body, answer.transcript)
    shown = Recording(NAME, {"test_id": None, "request": {}, "response": response}, len(raw))
    for split in (False, True):
        made = sheet("a.json", shown, PUBLISHED, split_reasoning=split, with_stream=True)
        view = of_sheet.View(chunks=True, reasoning=True)
        must_be_printable(of_sheet.as_text(made, view))
        must_be_printable([of_sheet.as_markdown(made, view)])
        assert json.loads(of_sheet.as_json(made, of_sheet.View()))


def _check_stream(response: Mapping[str, Any], body: list[Any], told: Transcript) -> None:
    if body and all(isinstance(one, str) for one in body):
        if not any("\n" in one or "\r" in one for one in body):
            whole = read({**response, "body": ["\n".join(body) + "\n"]}).transcript
            assert _without_places(whole) == _without_places(told), "lines sent in one piece"
    elif all(isinstance(one, dict) for one in body) and "too-deep" not in _codes(told):
        with_nulls = [{**_with_null(one), "fog": None} for one in body]
        again = read({**response, "body": with_nulls}).transcript
        assert _without_places(again) == _without_places(told), "a null changes something"


def _with_null(chunk: dict[str, Any]) -> dict[str, Any]:
    data = chunk.get("__data__")
    return {**chunk, "__data__": {**data, "fog": None}} if isinstance(data, dict) else chunk


def _codes(told: Transcript) -> Counter[str]:
    return Counter(one.code for one in told.warnings)


def _without_places(told: Transcript) -> str:
    return written([as_objects(told._replace(warnings=(), chunks=0)), sorted(_codes(told).items())])


def check_textconv(raw: bytes) -> None:
    """The text can be printed, is the same each time, and tells which file it is of."""
    text = text_of(raw)
    if text is None:
        return
    must_be_printable([text])
    assert text == text_of(raw)
    lines = text.split("\n")
    assert lines[-1] == "", "its last line ends"
    assert lines[-2].startswith(f"  {len(raw):,} bytes, crc32 ")
    document = json.loads(raw.decode("utf-8-sig"))
    turned = text_of(canonical(dict(reversed(document.items()))))
    assert turned is not None
    assert sorted(turned.split("\n")[:-2]) == sorted(lines[:-2]), "the order of members shows"


def check_normalize(raw: bytes) -> None:
    """What is normalized stays sound, has the same request, and is not normalized again."""
    name = _name(raw)
    made = normalized(name, raw, ALL_PARTS, PUBLISHED)
    must_be_printable([made.done, made.left or ""])
    if not made.edits:
        return
    after = spliced(name, raw, made.edits)
    before, then = parse(raw), parse(after)
    assert not before.flaws
    assert not then.flaws, "it became unsound"
    assert written(then.value["request"]) == written(before.value["request"])
    again = normalized(name, after, ALL_PARTS, PUBLISHED)
    assert not again.edits, "not done at once"


def check_merge(raw: bytes) -> None:
    """One of the sides stays as it is, or none, whichever of the two is called ours."""
    base, ours, theirs = [*raw.split(BETWEEN), b"", b""][:3]
    for born in (len, lambda _: None):
        one = decide(base, ours, theirs, born)
        other = decide(base, theirs, ours, born)
        assert one == other, "the sides are not alike"
        assert one.content in (ours, theirs, None)


def check_diff(raw: bytes) -> None:
    """What differs, applied to the one, makes the other; nothing differs from itself."""
    sides = [*raw.split(BETWEEN), b""][:2]
    try:
        before, after = (recording_of("", NAME, side) for side in sides)
    except UnsoundError:
        return
    itself = compare(before, before, PUBLISHED, part=Side.ALL)
    assert not itself.request
    assert not itself.response
    for ignore in (True, False):
        found = compare(before, after, PUBLISHED, part=Side.ALL, ignore_volatile=ignore)
        must_be_printable(of_comparison.as_text(found))
        must_be_printable([of_comparison.as_markdown(found)])
        json.dumps(of_comparison.as_document(found))
    old, new = before.document.get("request"), after.document.get("request")
    assert hash_text(applied(found.request, old)) == hash_text(new), "not what it becomes"


def merge_seeds(recordings: Iterable[bytes]) -> Iterator[bytes]:
    """Three files of every second recording: one before, and the same with more or less said."""
    for raw in islice(recordings, 0, None, 2):
        yield BETWEEN.join((raw, raw.replace(b"Yes", b"Aye"), raw.replace(b"stop", b"length")))


def diff_seeds(recordings: Iterable[bytes]) -> Iterator[bytes]:
    """Each recording, and the one before it."""
    last = b""
    for raw in recordings:
        yield BETWEEN.join((last or raw, raw))
        last = raw
