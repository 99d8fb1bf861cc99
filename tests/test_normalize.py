"""Normalization of recordings as they lie: what is found, what is changed, what is left."""

import json
import os
import re
from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recctl.corpus import Entry
from recctl.diagnostics import Violation
from recctl.dialects import hash_under, published
from recctl.hashing import canonical
from recctl.jsontext import Parsed, parse, spans
from recctl.normalize import ALL_PARTS, MENDED_BY, Normalized, Part, normalized, plan_normalization
from recctl.plan import RefusedError, simulate
from recctl.plan.actions import spliced
from recctl.recording import Recording
from recctl.rules.form import not_canonical, volatile_field
from recctl.rules.subject import Subject
from recctl.volatile import EPOCH, changes, misfit_ids
from tests.build import (
    TEST,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    file_request,
    file_result,
    folder_of,
    generate_request,
    generate_stream,
)
from tests.build import recording as recorded
from tests.cli import Ran, needs_posix, run_here, snapshot
from tests.strategies import Place, json_values, replaced

OLDER = "ogx-2025-10-04"
OTHER_HASH = "5eaf00d5eaf0"
CREATED: Place = ("response", "body", "__data__", "created")
ID: Place = ("response", "body", "__data__", "id")
OTHER_NAME = "0f" * 32 + ".json"


def answered(asked: str = "Any fog?", **parameters: Any) -> tuple[str, Document]:
    """A reachable recording of one chat answer: its name and its document."""
    return recorded(chat_request(asked, **parameters), chat_answer("No."))


def sent(place: Place = CREATED, value: Any = 1759368459) -> tuple[str, Document]:
    """The same with a value in its answer that a recorder would not have written."""
    name, document = answered()
    return name, replaced(document, place, value)


def subject(raw: bytes, name: str = OTHER_NAME) -> Subject:
    parsed = parse(raw)
    is_one = parsed.readable and Recording.is_interaction(parsed.value)
    made = Recording(name, parsed.value, len(raw)) if is_one else None
    return Subject(Path(name), parsed=parsed, recording=made)


def made_of(raw: bytes, name: str, parts: Collection[Part] = ALL_PARTS) -> tuple[bytes, Normalized]:
    """What normalization makes of a file's bytes, and what it says of it."""
    found = normalized(name, raw, parts, published())
    return spliced(name, raw, found.edits), found


# The rule on the file's form


def form(text: str) -> list[Violation]:
    return list(not_canonical(subject(text.encode())))


PLAIN = """{
  "request": {
    "lamp": "on",
    "hours": [
      12.5,
      1
    ]
  },
  "response": {}
}
"""

MISSPELLED = [
    ('"hours": [', '"hours":[', 4, "no space after a key"),
    ('"hours": [', '"hours":\t[', 4, "no space after a key"),
    ('"hours": [', '"hours":  [', 4, "white space where none belongs"),
    ('"hours": [', '"hours" : [', 4, "white space where none belongs"),
    ('"hours": [', '"hours": \n[', 4, "a line break where none belongs"),
    ("12.5,", "12.5 ,", 5, "white space where none belongs"),
    ("12.5,\n", "12.5, \n", 5, "white space at the end of a line"),
    ("12.5,\n      1", "12.5, 1", 5, "several values on one line"),
    ("[\n      12.5", "[12.5", 4, "several values on one line"),
    ("12.5", "12.50", 5, "the number 12.50 is spelled otherwise"),
    ("12.5", "125e-1", 5, "the number 125e-1 is spelled otherwise"),
    ("12.5", "12." + "5" + "0" * 30, 5, "the number is spelled otherwise"),
    ("      1\n", "      -0\n", 6, "the number -0 is spelled otherwise"),
    ("      12.5", "    12.5", 5, "an indent of 4, not 6"),
    ("      12.5", "        12.5", 5, "an indent of 8, not 6"),
    ("      12.5", "\t\t\t12.5", 5, "indented with a tab"),
    ("[\n", "[\n\n", 5, "an empty line"),
    ("{}", "{ }", 9, "white space where none belongs"),
    ("{}", "{\n  }", 9, "a line break where none belongs"),
    ('"on"', '"\u00f6n"', 3, "U+00F6 is not escaped"),
    ('"on"', '"on\x7f"', 3, "U+007F is not escaped"),
    ('"on"', r'"\u006fn"', 3, "an escape spelled otherwise"),
    ('"on"', r'"on\/off"', 3, "an escape spelled otherwise"),
    ('"on"', r'"\u00F6n"', 3, "an escape spelled otherwise"),
    ('"on"', r'"\"\u0022"', 3, "an escape spelled otherwise"),
    ('"lamp"', '"l\u00e4mp"', 3, "U+00E4 is not escaped"),
    ("}\n}\n", "}\n}", 10, "no line break at the end"),
    ("}\n}\n", "}\n}\n\n", 11, "white space after the last line"),
    ('{\n  "request"', ' {\n  "request"', 1, "an indent of 1, not 0"),
]


def test_a_file_as_the_recorder_writes_it_is_fine() -> None:
    assert form(PLAIN) == []


@pytest.mark.parametrize(("right", "wrong", "line", "message"), MISSPELLED)
def test_the_first_difference_is_named_with_its_line(
    right: str, wrong: str, line: int, message: str
) -> None:
    assert PLAIN.count(right) == 1
    assert form(PLAIN.replace(right, wrong)) == [Violation("", message, line)]


def test_line_ends_of_windows_are_named() -> None:
    assert form(PLAIN.replace("\n", "\r\n")) == [Violation("", "the lines end as on Windows", 1)]


def test_a_document_on_one_line_is_named_so() -> None:
    text = json.dumps(json.loads(PLAIN), separators=(",", ":")) + "\n"

    assert form(text) == [Violation("", "several values on one line", 1)]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("12.5", "NaN"),
        PLAIN.replace('"response"', '"request": {},\n  "response"'),
        "\ufeff" + PLAIN.replace("  ", " "),
        PLAIN[:-4],
        PLAIN.replace("request", "question"),
    ],
    ids=["no number", "duplicate key", "byte order mark", "cut off", "no recording"],
)
def test_what_other_rules_say_is_not_said_again(text: str) -> None:
    assert form(text) == []


def test_a_file_that_cannot_be_read_has_no_form() -> None:
    assert list(not_canonical(Subject(Path("x.json"), obstacle="gone"))) == []


@settings(max_examples=200, deadline=None)
@given(json_values())
@example([float("nan"), float("inf"), -float("inf"), -0.0, 1e22, True, [], {}])
def test_what_is_compared_with_is_the_canonical_form(value: Any) -> None:
    assert Parsed("", True, value, ()).canonical == canonical(value).decode()


KINDS = {
    *(
        message
        for *_, message in MISSPELLED
        if "number" not in message and "an indent" not in message
    ),
    "the lines end as on Windows",
}


@settings(max_examples=200, deadline=None)
@given(json_values(finite=True), st.randoms(use_true_random=False))
def test_every_other_spelling_is_found_and_named(value: Any, random: Random) -> None:
    document = {"request": value, "response": {}}
    text = respelled(document, random) + random.choice(["", "\n", " \n", "\r\n"])
    right = canonical(document).decode()

    found = form(text)

    assert (not found) == (text == right)
    for one in found:
        same = text.split("\n")[: (one.line or 0) - 1]
        assert same == right.split("\n")[: len(same)]
        assert one.message in KINDS or one.message.startswith(("U+", "the number", "an indent"))


def respelled(value: Any, random: Random) -> str:
    """A value as JSON, spelled at random. A few spellings are canonical."""
    value = json.loads(json.dumps(value))  # so that halves of surrogate pairs that meet are one
    if random.random() < 0.3:
        text = json.dumps(
            value, indent=random.choice(["  ", "    ", "\t"]), ensure_ascii=random.random() < 0.8
        )
        return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
    return _respelled(value, random)


def _respelled(value: Any, random: Random) -> str:
    def space() -> str:
        return random.choice(["", "", "", " ", "\n", "\t", "\r\n", "  "])

    if isinstance(value, dict):
        members = [
            f"{space()}{_respelled(key, random)}{space()}:{space()}{_respelled(item, random)}"
            for key, item in value.items()
        ]
        return "{" + (",".join(members) or space()) + "}"
    if isinstance(value, list):
        return (
            "["
            + (",".join(space() + _respelled(one, random) + space() for one in value) or space())
            + "]"
        )
    if isinstance(value, str):
        return '"' + "".join(_character(one, random) for one in value) + '"'
    if isinstance(value, float):
        return random.choice([repr(value), f"{value:.17E}", f"{value:.20e}"])
    return json.dumps(value)


def _character(one: str, random: Random) -> str:
    units = one.encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    must = one in '"\\' or one < " " or "\ud800" <= one <= "\udfff"
    spellings = [escaped, escaped.upper().replace("U", "u"), json.dumps(one)[1:-1]]
    return random.choice(spellings if must else [*spellings, one, one])


# The rule on volatile fields


def test_a_volatile_field_is_named_with_what_the_recorder_writes() -> None:
    name, document = sent()

    assert list(volatile_field(subject(canonical(document), name))) == [
        Violation("/response/body/__data__/created", "created is 1759368459, the recorder writes 0")
    ]


def test_several_volatile_fields_are_counted() -> None:
    name, document = recorded(generate_request("Fog?"), generate_stream(["No", "."]))
    for chunk in document["response"]["body"]:
        chunk["__data__"]["created_at"] = "2025-09-30T17:04:11Z"

    (found,) = volatile_field(subject(canonical(document), name))

    assert found.pointer == "/response/body/0/__data__/created_at"
    assert found.message == (
        f'created_at is "2025-09-30T17:04:11Z", the recorder writes "{EPOCH}"; 2 more such values'
    )


def test_an_id_of_the_provider_is_volatile_too() -> None:
    name, document = sent(ID, "chatcmpl-9x")

    (found,) = volatile_field(subject(canonical(document), name))

    assert found.message == f'id is "chatcmpl-9x", the recorder writes "rec-{name[:12]}"'


def test_under_a_name_that_is_none_ids_are_not_spoken_of() -> None:
    _, document = sent(ID, "chatcmpl-9x")

    assert list(volatile_field(subject(canonical(document), "copy.json"))) == []


def test_an_id_of_another_hash_is_another_rules_finding() -> None:
    name, document = sent(ID, f"rec-{OTHER_HASH}")

    assert list(volatile_field(subject(canonical(document), name))) == []


def test_a_long_value_is_cut() -> None:
    name, document = sent(CREATED, "7" * 5_000)

    (found,) = volatile_field(subject(canonical(document), name))

    assert len(found.message) < 250


# What is changed in one file


def test_what_a_recorder_wrote_stays() -> None:
    name, document = answered()

    assert made_of(canonical(document), name)[1] == Normalized(test_id=TEST)


def test_volatile_values_get_what_the_recorder_writes() -> None:
    name, document = sent()

    content, found = made_of(canonical(document), name)

    assert content == canonical(replaced(document, CREATED, 0))
    assert found == Normalized(found.edits, "created", None, TEST)


def test_edits_are_as_short_as_the_values() -> None:
    name, document = sent()

    (edit,) = made_of(canonical(document), name)[1].edits

    assert (edit.old, edit.new) == (b"1759368459", b"0")


def test_edits_are_counted_by_key() -> None:
    name, document = recorded(chat_request("Fog?", stream=True), chat_stream(["No", "."]))
    for number, chunk in enumerate(document["response"]["body"]):
        chunk["__data__"] |= {"id": "chatcmpl-9x", "created": number}

    _, found = made_of(canonical(document), name)

    chunks = len(document["response"]["body"])
    assert found.done == f"id ({chunks}), created ({chunks - 1})"


@pytest.mark.parametrize("old", ["chatcmpl-9x", f"rec-{OTHER_HASH}"])
def test_ids_become_those_of_the_name(old: str) -> None:
    name, document = sent(ID, old)

    content, _ = made_of(canonical(document), name)

    assert content == canonical(replaced(document, ID, f"rec-{name[:12]}"))


@pytest.mark.parametrize(
    ("part", "place", "value"),
    [
        (Part.VOLATILE, CREATED, 7),
        (Part.VOLATILE, ID, "chatcmpl-9x"),
        (Part.IDS, ID, f"rec-{OTHER_HASH}"),
    ],
)
def test_a_part_is_normalized_by_itself_alone(part: Part, place: Place, value: Any) -> None:
    name, document = sent(place, value)
    raw = canonical(document)

    assert made_of(raw, name, {part})[1].edits
    assert made_of(raw, name, ALL_PARTS - {part})[1].edits == ()


def test_the_canonical_form_is_a_part_by_itself() -> None:
    name, document = answered()
    raw = json.dumps(document, ensure_ascii=False).encode()

    content, found = made_of(raw, name, {Part.CANONICAL})

    assert content == canonical(document)
    assert found.done == "canonical form"
    assert made_of(raw, name, ALL_PARTS - {Part.CANONICAL})[1].edits == ()


def test_without_the_canonical_form_only_the_values_change() -> None:
    name, document = sent()
    text = json.dumps(document, indent="\t", ensure_ascii=False).replace("No.", "N\u00f6\u2026")

    content, _ = made_of(text.encode(), name, {Part.VOLATILE})

    assert content.decode() == text.replace("1759368459", "0")


def test_values_and_form_may_change_in_one_edit() -> None:
    name, document = sent()

    content, found = made_of(json.dumps(document).encode(), name)

    assert content == canonical(replaced(document, CREATED, 0))
    assert found.done == "created, canonical form"


@pytest.mark.parametrize("spelled", ["1E5", "1.10", "-0.0", "1e-7", "9" * 400, "0.1e1"])
def test_numbers_keep_their_value_in_the_canonical_form(spelled: str) -> None:
    _, document = answered(top_p="PLACE")
    raw = canonical(document).replace(b'"PLACE"', spelled.encode())

    content, _ = made_of(raw, OTHER_NAME, {Part.CANONICAL})

    before, after = (json.loads(one)["request"]["body"]["top_p"] for one in (raw, content))
    assert repr(after) == repr(before)


@pytest.mark.parametrize("parts", [{Part.CANONICAL}, {Part.VOLATILE}], ids=str)
def test_lone_halves_of_surrogate_pairs_survive(parts: Collection[Part]) -> None:
    name, document = recorded(chat_request("\ud83d fog \ude00"), chat_answer("\udfff"))
    raw = canonical(replaced(document, CREATED, 7)).replace(b"  ", b" ")

    content, found = made_of(raw, name, parts)

    assert found.edits
    assert json.loads(content)["request"] == document["request"]


# What is left


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        (b'"response"', b'"response": 1,\n  "response"', "line "),
        (b"1759368459", b"NaN", "line "),
        (b"1759368459", b"1759368459,", "line "),
        (b"1759368459", b"\xff", "line "),
        (b'"request"', b'"question"', "no recording"),
        (b"", b"\xef\xbb\xbf", "line 1: the file starts with a byte order mark"),
        (b"", b"<<<<<<< HEAD\n", "line 1: an unresolved merge"),
    ],
    ids=["duplicate key", "NaN", "not JSON", "not UTF-8", "no recording", "mark", "merge"],
)
def test_a_flawed_file_is_left_as_it_is(old: bytes, new: bytes, left: str) -> None:
    name, document = sent()
    raw = canonical(document).replace(old, new, 1)

    content, found = made_of(raw, name)

    assert content == raw
    assert (found.left or "").startswith(f"left as it is: {left}")


def test_a_number_too_large_for_a_float_stays_in_its_spelling() -> None:
    name, document = sent()
    raw = canonical(document).replace(b'"index": 0', b'"index":1e999', 1)

    content, found = made_of(raw, name)

    assert content == raw.replace(b"1759368459", b"0")
    assert found.left == "not written anew: a number too large for a float would become Infinity"


@pytest.mark.parametrize("old", ["chatcmpl-9x", f"rec-{OTHER_HASH}"])
def test_under_a_name_that_does_not_fit_the_request_ids_are_left(old: str) -> None:
    """The id may be the last to know what the request once was."""
    _, document = sent(ID, old)
    raw = canonical(replaced(document, CREATED, 7))

    content, found = made_of(raw, OTHER_NAME)

    assert content == raw.replace(b'"created": 7', b'"created": 0')
    assert found.left == "its ids are left: the file's name does not fit its request"


def test_under_a_name_that_is_none_ids_are_left() -> None:
    _, document = sent(ID, "chatcmpl-9x")

    assert made_of(canonical(document), "copy.json")[1].left == (
        "its ids are left: the file's name is not a recording's"
    )


def test_of_a_retired_kind_ids_are_left() -> None:
    name, document = recorded(file_request("file-12"), file_result(["Fog."]))
    document["response"]["body"]["__data__"]["id"] = f"rec-{OTHER_HASH}"

    assert made_of(canonical(document), name)[1].left == (
        "its ids are left: the hash of a retired kind cannot be checked"
    )


def stale() -> tuple[str, Document]:
    """A recording that is right under an old dialect only."""
    return recorded(
        chat_request("Fog?", temperature=0.123456789), chat_answer("No."), dialect=OLDER
    )


def test_under_a_stale_name_ids_are_set_as_well() -> None:
    name, document = stale()
    raw = canonical(replaced(document, ID, f"rec-{OTHER_HASH}"))

    assert made_of(raw, name)[0] == canonical(document)


def test_ids_that_are_ahead_of_a_stale_name_are_left() -> None:
    """The target's name for the request has them already; what is to change is the name."""
    name, document = stale()
    target = published().target
    ahead = f"rec-{hash_under(target, Recording(name, document, 0))[:12]}"

    _, found = made_of(canonical(replaced(document, ID, ahead)), name)

    assert found.edits == ()
    assert found.left == f"its ids are left: {target.name} gives them, the name is to follow"


def test_ids_of_which_some_are_ahead_follow_the_name_together() -> None:
    name, document = recorded(
        chat_request("Fog?", temperature=0.123456789, stream=True),
        chat_stream(["No", "."]),
        dialect=OLDER,
    )
    wanted = hash_under(published().target, Recording(name, document, 0))
    ahead = replaced(document, ("response", "body", 0, *ID[2:]), f"rec-{wanted[:12]}")
    ahead = replaced(ahead, ("response", "body", 1, *ID[2:]), f"rec-{OTHER_HASH}")

    assert made_of(canonical(ahead), name)[0] == canonical(document)


# What holds for all files


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A name and the bytes of a recording, more or less as a recorder leaves them."""
    extra = draw(json_values(finite=True))
    response = draw(st.sampled_from([chat_answer("No."), chat_stream(["No", "."])]))
    dialect = draw(st.sampled_from([None, OLDER, "ogx-2025-07-29"]))
    name, document = recorded(chat_request("Fog?", extra=extra), response, dialect=dialect)
    document = json.loads(canonical(document))
    body = document["response"]["body"]
    for value in body if isinstance(body, list) else [body]:
        value["__data__"] |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "id": st.sampled_from(
                        ["", "chatcmpl-9x", f"rec-{OTHER_HASH}", f"rec-{name[:12]}"]
                    ),
                    "created": st.just(7) | json_values(finite=True, max_leaves=3),
                    "created_at": st.text(max_size=3),
                    "eval_duration": st.none() | st.integers(),
                },
            )
        )
    if draw(st.booleans()):
        name = draw(st.sampled_from([OTHER_NAME, "copy.json"]))
    if draw(st.booleans()):
        return name, canonical(document)
    random = draw(st.randoms(use_true_random=False))
    return name, respelled(document, random).encode()


PARTS = st.sets(st.sampled_from(Part))


@settings(max_examples=70, deadline=None)
@given(files(), PARTS)
def test_the_request_and_its_hashes_stay(file: tuple[str, bytes], parts: set[Part]) -> None:
    name, raw = file

    content, _ = made_of(raw, name, parts)

    before, after = (Recording(name, json.loads(one), 0) for one in (raw, content))
    assert json.dumps(after.request) == json.dumps(before.request)
    for dialect in published().dialects:
        assert hash_under(dialect, after) == hash_under(dialect, before)
    if Part.CANONICAL not in parts or raw == canonical(json.loads(raw)):
        assert bytes_of_request(content) == bytes_of_request(raw)


def bytes_of_request(raw: bytes) -> str:
    start, end = spans(raw.decode(), ["/request"])["/request"]
    return raw.decode()[start:end]


@settings(max_examples=70, deadline=None)
@given(files(), PARTS)
def test_twice_is_once(file: tuple[str, bytes], parts: set[Part]) -> None:
    name, raw = file

    content, _ = made_of(raw, name, parts)

    assert made_of(content, name, parts)[1].edits == ()


@settings(max_examples=70, deadline=None)
@given(files(), PARTS)
def test_nothing_changes_but_what_a_recorder_writes_otherwise(
    file: tuple[str, bytes], parts: set[Part]
) -> None:
    name, raw = file
    made = Recording(name, json.loads(raw), 0)
    allowed = [*changes(made, name[:12]), *misfit_ids(made, name[:12])]

    content, _ = made_of(raw, name, parts)

    if Part.CANONICAL in parts:
        assert content == canonical(json.loads(content))
        raw = canonical(json.loads(raw))
    for change in allowed:
        assert at(content, change.pointer) in (change.old, change.new)
    pointers = [change.pointer for change in allowed]
    assert around(content, pointers) == around(raw, pointers)


def at(raw: bytes, pointer: str) -> Any:
    start, end = spans(raw.decode(), [pointer])[pointer]
    return json.loads(raw.decode()[start:end])


def around(raw: bytes, pointers: list[str]) -> list[str]:
    """What is left of a text without the values at some pointers."""
    text, pieces, done = raw.decode(), [], 0
    for start, end in sorted(spans(text, pointers).values()):
        pieces.append(text[done:start])
        done = end
    return [*pieces, text[done:]]


@settings(max_examples=70, deadline=None)
@given(st.binary(max_size=30) | files().map(lambda file: file[1][:-7]), PARTS)
def test_no_bytes_make_it_raise(raw: bytes, parts: set[Part]) -> None:
    content, found = made_of(raw, OTHER_NAME, parts)

    assert content == raw
    assert found.left


@settings(max_examples=70, deadline=None)
@given(files())
def test_what_is_normalized_is_found_no_more(file: tuple[str, bytes]) -> None:
    name, raw = file

    content, found = made_of(raw, name)

    again = subject(content, name)
    assert list(not_canonical(again)) == []
    assert not list(volatile_field(again)) or (found.left or "").startswith("its ids are left")


# The plan for many files

FOLDER = folder_of(TEST)


def corpus(root: Path) -> dict[str, bytes]:
    """Write four recordings, and give their contents by path.

    One is as it should be, one has raw values, one is spelled otherwise, one is cut off.
    """
    good, raw, spaced, cut = answered("Fog?"), sent(), answered("Wind?"), answered("Rain?")
    contents = {
        f"{FOLDER}/{good[0]}": canonical(good[1]),
        f"{FOLDER}/{raw[0]}": canonical(raw[1]),
        f"{FOLDER}/{spaced[0]}": json.dumps(spaced[1], indent=4).encode(),
        f"{FOLDER}/{cut[0]}": canonical(cut[1])[:-9],
    }
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return contents


def normal(contents: dict[str, bytes]) -> dict[str, bytes]:
    """What is to become of the corpus."""
    good, raw, spaced, cut = contents
    return {
        good: contents[good],
        raw: contents[raw].replace(b"1759368459", b"0"),
        spaced: canonical(json.loads(contents[spaced])),
        cut: contents[cut],
    }


def entries(root: Path, contents: Collection[str]) -> list[Entry]:
    return [Entry(root / path, (root,)) for path in contents]


def test_a_plan_edits_what_is_to_be_normalized_and_nothing_else(tmp_path: Path) -> None:
    contents = corpus(tmp_path)

    made = plan_normalization(
        dict.fromkeys(entries(tmp_path, contents), ALL_PARTS), published(), tmp_path
    )

    assert simulate(contents, made) == normal(contents)
    assert made.summary == {"renames": 0, "edits": 2, "writes": 0, "removals": 0, "conflicts": 0}


def test_planning_changes_no_file(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    before = snapshot(tmp_path)

    plan_normalization(dict.fromkeys(entries(tmp_path, contents), ALL_PARTS), published(), tmp_path)

    assert snapshot(tmp_path) == before


def test_an_action_says_what_is_changed_of_which_test(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    _, raw, spaced, _ = contents

    made = plan_normalization(
        dict.fromkeys(entries(tmp_path, contents), ALL_PARTS), published(), tmp_path
    )

    assert [(one.path, one.review.reason) for one in made.actions] == [
        (raw, "created"),
        (spaced, "canonical form"),
    ]
    assert {one.review.group for one in made.actions} == {TEST}
    assert made.actions[0].review.old == Path(raw).name[:12]


def test_notes_name_what_is_left_and_why(tmp_path: Path) -> None:
    *_, cut = contents = corpus(tmp_path)

    made = plan_normalization(
        dict.fromkeys(entries(tmp_path, contents), ALL_PARTS), published(), tmp_path
    )

    line = contents[cut].count(b"\n") + 1
    assert made.notes == (
        f"{tmp_path / cut}: left as it is: line {line}: the file ends in the middle",
    )


def test_a_file_that_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    made = plan_normalization({Entry(tmp_path / "gone.json"): ALL_PARTS}, published(), tmp_path)

    assert made.is_empty
    assert made.notes == (f"{tmp_path}/gone.json: left as it is: no such file or directory",)


def test_a_link_is_left_for_the_file_that_it_leads_to(tmp_path: Path) -> None:
    _, raw, *_ = contents = corpus(tmp_path)
    (tmp_path / "link.json").symlink_to(tmp_path / raw)

    made = plan_normalization(
        dict.fromkeys(entries(tmp_path, ["link.json", raw]), ALL_PARTS), published(), tmp_path
    )

    assert [one.path for one in made.actions] == [raw]
    assert made.notes == (
        f"{tmp_path}/link.json: left as it is: a link; name the file that it leads to",
    )
    assert simulate(contents, made)[raw] == normal(contents)[raw]


def test_a_file_that_is_reached_by_two_paths_is_edited_once(tmp_path: Path) -> None:
    _, raw, *_ = corpus(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / FOLDER)

    made = plan_normalization(
        dict.fromkeys(entries(tmp_path, [raw, f"again/{Path(raw).name}"]), ALL_PARTS),
        published(),
        tmp_path,
    )

    assert [one.path for one in made.actions] == [raw]


def test_a_file_outside_the_root_is_refused(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    with pytest.raises(RefusedError, match="outside of"):
        plan_normalization(
            dict.fromkeys(entries(tmp_path, contents), ALL_PARTS),
            published(),
            tmp_path / "elsewhere",
        )


def test_every_part_mends_a_rule() -> None:
    assert set(MENDED_BY.values()) == ALL_PARTS


# The command


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    from recctl.cli import COMMANDS

    for name in ("normalize", "undo", "apply"):
        monkeypatch.setitem(COMMANDS, name, COMMANDS.get(name, "Change files."))


def normalize(root: Path, *arguments: str) -> Ran:
    return run_here("normalize", *arguments, cwd=root)


def tree(root: Path) -> dict[str, bytes]:
    """The contents of all files but those that recctl keeps for itself."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".recctl" not in path.relative_to(root).parts
    }


def test_without_apply_the_plan_is_printed_and_nothing_changes(tmp_path: Path) -> None:
    _, raw, spaced, cut = corpus(tmp_path)
    before = snapshot(tmp_path)

    ran = normalize(tmp_path)

    assert snapshot(tmp_path) == before
    assert ran.code == 0
    assert ran.lines[0] == TEST
    assert f"  edit {Path(raw).name[:12]}  created" in ran.lines
    assert f"  edit {Path(spaced).name[:12]}  canonical form" in ran.lines
    assert ran.lines[-1].startswith(f"{cut}: left as it is: line ")
    assert ran.errors == ["recctl: normalize: 2 edits; nothing is changed without --apply"]


def test_apply_changes_what_the_plan_says(tmp_path: Path) -> None:
    contents = corpus(tmp_path)

    ran = normalize(tmp_path, "--apply")

    assert ran.code == 0
    assert tree(tmp_path) == normal(contents)


def test_after_apply_there_is_nothing_to_do(tmp_path: Path) -> None:
    corpus(tmp_path)

    checked = [normalize(tmp_path, "--check").code]
    normalize(tmp_path, "--apply")
    checked.append(normalize(tmp_path, "--check").code)

    assert checked == [1, 0]


def test_undo_brings_every_byte_back(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    normalize(tmp_path, "--apply")

    ran = run_here("undo", "--apply", cwd=tmp_path)

    assert ran.code == 0, ran.stderr
    assert tree(tmp_path) == contents


def test_a_plan_can_be_applied_later(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    normalize(tmp_path, "--plan-out", "plan.txt")

    ran = run_here("apply", "plan.txt", cwd=tmp_path)

    assert ran.code == 0, ran.stderr
    (tmp_path / "plan.txt").unlink()
    assert tree(tmp_path) == normal(contents)


def test_only_is_what_it_says(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    _, _, spaced, _ = contents

    normalize(tmp_path, "--only", "canonical", "--only", "ids", "--apply")

    wanted = normal(contents)
    assert tree(tmp_path) == contents | {spaced: wanted[spaced]}


def test_every_part_can_be_asked_for(tmp_path: Path) -> None:
    corpus(tmp_path)

    assert [normalize(tmp_path, "--only", part).code for part in Part] == [0, 0, 0]


def test_paths_limit_what_is_changed(tmp_path: Path) -> None:
    contents = corpus(tmp_path)
    _, raw, *_ = contents

    normalize(tmp_path, raw, "--apply")

    assert tree(tmp_path) == contents | {raw: normal(contents)[raw]}


def test_where_a_path_is_missing_nothing_is_changed(tmp_path: Path) -> None:
    contents = corpus(tmp_path)

    ran = normalize(tmp_path, FOLDER, "nowhere", "--apply")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.errors == ["recctl: nowhere: no such file or folder"]
    assert tree(tmp_path) == contents


def test_the_plan_is_printed_as_json(tmp_path: Path) -> None:
    corpus(tmp_path)

    document = normalize(tmp_path, "--format", "json").json

    assert (document["version"], document["command"]) == (1, "normalize")
    assert [one["op"] for one in document["actions"]] == ["edit", "edit"]


def test_the_target_of_the_configuration_counts(tmp_path: Path) -> None:
    """A name that fits an own dialect is right, so ids may be set to it."""
    name, document = sent(ID, "chatcmpl-9x")
    own = '[dialects.mine]\nextends = "ogx-2026-04-09"\n'
    (tmp_path / "recctl.toml").write_text(own + 'steps = [{step = "drop", path = "/model"}]\n')
    path = tmp_path / FOLDER / f"{hash_of_mine(document)}.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(canonical(document))

    normalize(tmp_path, "--apply")

    assert json.loads(path.read_bytes())["response"]["body"]["__data__"]["id"] == (
        f"rec-{path.name[:12]}"
    )
    assert name != path.name


def hash_of_mine(document: Document) -> str:
    steps = [{"step": "drop", "path": "/model"}]
    table = published().extended({"mine": {"extends": "ogx-2026-04-09", "steps": steps}})
    return hash_under(table.find("mine"), Recording("", document, 0))


@needs_posix
def test_names_of_files_act_on_no_terminal(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (folder / "\x1b[2J.json").write_text("{")

    ran = normalize(tmp_path)

    assert "\x1b" not in ran.stdout
    assert "\\x1b[2J.json: left as it is" in ran.stdout


# Real recordings


def real(below: str) -> list[Path]:
    """Real recordings below a folder. Skips the test where there are none."""
    named = os.environ.get("RECCTL_TEST_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / below).is_dir():
        pytest.skip(f"no real recordings: {folder / below} is absent")
    return sorted((folder / below).rglob("*.json"))


def test_real_recordings_are_normalized_as_their_owners_did_it() -> None:
    """One commit normalized old files in place: 30 of them are here, before and after."""
    for path in real("history/2025-10-03-normalize-ids/before"):
        after = Path(*("after" if part == "before" else part for part in path.parts))
        if after.exists():
            assert made_of(path.read_bytes(), path.name)[0] == after.read_bytes(), path.name


def test_of_real_recordings_only_renamed_ones_are_to_be_normalized() -> None:
    found = [
        normalized(path.name, path.read_bytes(), ALL_PARTS, published()) for path in real("corpus")
    ]

    assert {one.done.partition(" ")[0] for one in found} <= {"", "id"}
    assert {one.left for one in found} <= {
        None,
        "its ids are left: the file's name does not fit its request",
    }
