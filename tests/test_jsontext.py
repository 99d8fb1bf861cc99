"""Reading JSON text: what is unsound about it, and on which line a value stands."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.hashing import canonical
from recctl.jsontext import (
    Flaw,
    Parsed,
    Soundness,
    line_of,
    parse,
    parse_written,
    pointer_of,
    spans,
)
from recctl.shapes import MAX_DEPTH
from tests.strategies import TEXTS, Place, json_values, places

UNREADABLE = [
    pytest.param(
        b'{"lamp":\n "\xff"}',
        Flaw(Soundness.NOT_UTF8, "", 2, "byte 0xff at offset 11 is not UTF-8"),
        id="a byte that starts nothing",
    ),
    pytest.param(
        '"Häfen"'.encode("latin-1"),
        Flaw(Soundness.NOT_UTF8, "", 1, "byte 0xe4 at offset 2 is not UTF-8"),
        id="another encoding",
    ),
    pytest.param(
        b'\n\n"\xed\xa0\xbd"',
        Flaw(Soundness.NOT_UTF8, "", 3, "byte 0xed at offset 3 is not UTF-8"),
        id="half of a surrogate pair, in bytes",
    ),
    pytest.param(
        b'{"lamp": "on"',
        Flaw(Soundness.INVALID_JSON, "", 1, "the file ends in the middle"),
        id="cut off",
    ),
    pytest.param(
        b'{\n  "lamp": "o',
        Flaw(Soundness.INVALID_JSON, "", 2, "the file ends in the middle"),
        id="cut off within a text",
    ),
    pytest.param(
        b'{\n  "lamp": "on",\n\n',
        Flaw(Soundness.INVALID_JSON, "", 2, "the file ends in the middle"),
        id="cut off, with white space after it",
    ),
    pytest.param(
        b'{\r\n  "lamp": on\r\n}\r\n',
        Flaw(Soundness.INVALID_JSON, "", 2, "unexpected 'o', column 11"),
        id="a word that is none, with Windows line ends",
    ),
    pytest.param(
        b'{"lamp": "on"}\n{"lamp": "off"}\n',
        Flaw(Soundness.INVALID_JSON, "", 2, "unexpected '{', column 1"),
        id="two documents",
    ),
    pytest.param(b"", Flaw(Soundness.INVALID_JSON, "", 1, "the file is empty"), id="empty"),
    pytest.param(
        b" \r\n\t\n",
        Flaw(Soundness.INVALID_JSON, "", 1, "the file is empty"),
        id="white space only",
    ),
    pytest.param(
        b'{"watch": ' + b"7" * 4301 + b"}",
        Flaw(Soundness.INVALID_JSON, "", 1, "an integer has too many digits to be read"),
        id="an integer of 4,301 digits",
    ),
]

UNRESOLVED = "an unresolved merge: resolve the conflict, then validate again"

MERGES = {
    "two sides": '{\n<<<<<<< HEAD\n  "a": 1\n=======\n  "a": 2\n>>>>>>> theirs\n}\n',
    "two sides and their base": (
        '{\n<<<<<<< HEAD\n "a": 1\n||||||| base\n "a": 0\n=======\n "a": 2\n>>>>>>> theirs\n}\n'
    ),
    "Windows line ends": '{\r\n<<<<<<< HEAD\r\n "a": 1\r\n=======\r\n "a": 2\r\n>>>>>>> b\r\n}\r\n',
    "half resolved": '{\n=======\n  "a": 2\n>>>>>>> theirs\n}\n',
    "only the base's marker left": '{\n||||||| base\n  "a": 0\n}\n',
    "no labels": '{\n<<<<<<<\n  "a": 1\n=======\n  "a": 2\n>>>>>>>\n}\n',
}

DUPLICATES = [
    pytest.param(b'{\n"a": 1,\n"a": 2\n}', {"a": 2}, [("/a", 3)], id="twice"),
    pytest.param(b'{\n"a": 1,\n"a": 2,\n"a": 3\n}', {"a": 3}, [("/a", 4)], id="three times"),
    pytest.param(
        b'{"log": [\n{"a": 1},\n{"a": 1,\n"a": 2}]}',
        {"log": [{"a": 1}, {"a": 2}]},
        [("/log/1/a", 4)],
        id="nested",
    ),
    pytest.param(
        b'{"": 1,\n"": 2, "a/b": 1,\n"a/b": 2, "m~n": 1,\n"m~n": 2}',
        {"": 2, "a/b": 2, "m~n": 2},
        [("/", 2), ("/a~1b", 3), ("/m~0n", 4)],
        id="keys that pointers escape",
    ),
    pytest.param(
        b'{"fog": 1,\n"\\u0066og": 2}', {"fog": 2}, [("/fog", 2)], id="written in two ways"
    ),
]

NOT_NUMBERS = [
    pytest.param(b"NaN", "", 1, "NaN is no JSON number", id="NaN"),
    pytest.param(b'{"a":\n[0,\nInfinity]}', "/a/1", 3, "Infinity is no JSON number", id="Infinity"),
    pytest.param(b'[{"a":\n-Infinity}]', "/0/a", 2, "-Infinity is no JSON number", id="-Infinity"),
]


def nested(levels: int, innermost: bytes = b"") -> bytes:
    return b"[" * levels + innermost + b"]" * levels


def lines_taken(value: Any) -> int:
    """How many lines a value takes in an indented dump."""
    if not isinstance(value, (dict, list)) or not value:
        return 1
    below = value.values() if isinstance(value, dict) else value
    return 2 + sum(lines_taken(item) for item in below)


def dumped_lines(value: Any, pointer: str = "", line: int = 1) -> Iterator[tuple[str, int]]:
    """Each pointer of a value, and its line in an indented dump, found by counting alone."""
    yield pointer, line
    below: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        escaped = str.maketrans({"~": "~0", "/": "~1"})
        below = [(key.translate(escaped), item) for key, item in value.items()]
    elif isinstance(value, list):
        below = [(str(index), item) for index, item in enumerate(value)]
    line += 1
    for part, item in below:
        yield from dumped_lines(item, f"{pointer}/{part}", line)
        line += lines_taken(item)


# What is wrong with a text


def test_a_sound_text_gives_its_value_and_no_flaw() -> None:
    assert parse(b'{"lamp": ["on", 1, null]}\n') == Parsed(
        '{"lamp": ["on", 1, null]}\n', readable=True, value={"lamp": ["on", 1, None]}, flaws=()
    )


@pytest.mark.parametrize(("raw", "flaw"), UNREADABLE)
def test_an_unreadable_text_has_the_one_flaw_that_says_why(raw: bytes, flaw: Flaw) -> None:
    parsed = parse(raw)

    assert (parsed.readable, parsed.value, parsed.flaws) == (False, None, (flaw,))


@pytest.mark.parametrize("text", MERGES.values(), ids=MERGES)
def test_merge_markers_are_told_from_other_broken_texts(text: str) -> None:
    parsed = parse(text.encode())

    assert parsed.flaws == (Flaw(Soundness.MERGE_MARKERS, "", 2, UNRESOLVED),)
    assert not parsed.readable


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "rule": "=======",\n}',
        '{\n  "rule": 1\n  =======\n}',
        '{\n======\n  "rule": 1\n}',
        '{\n========\n  "rule": 1\n}',
    ],
    ids=["within a text", "indented", "too short", "too long"],
)
def test_what_only_looks_like_a_merge_marker_is_invalid_json(text: str) -> None:
    (flaw,) = parse(text.encode()).flaws

    assert flaw.soundness is Soundness.INVALID_JSON


def test_a_sound_text_may_quote_merge_markers() -> None:
    assert parse(b'{"advice": "<<<<<<< HEAD\\n======="}').flaws == ()


def test_a_byte_order_mark_does_not_hide_the_value() -> None:
    parsed = parse(b'\xef\xbb\xbf{"lamp": "on"}')

    assert parsed.value == {"lamp": "on"}
    assert [(flaw.soundness, flaw.line) for flaw in parsed.flaws] == [
        (Soundness.BYTE_ORDER_MARK, 1)
    ]


def test_a_byte_order_mark_does_not_hide_what_is_broken_after_it() -> None:
    parsed = parse(b'\xef\xbb\xbf{\n"lamp": }')

    assert not parsed.readable
    assert [(flaw.soundness, flaw.line) for flaw in parsed.flaws] == [
        (Soundness.BYTE_ORDER_MARK, 1),
        (Soundness.INVALID_JSON, 2),
    ]


def test_a_byte_order_mark_alone_is_an_empty_file() -> None:
    assert parse(b"\xef\xbb\xbf").flaws[-1].detail == "the file is empty"


@pytest.mark.parametrize(("raw", "value", "where"), DUPLICATES)
def test_of_a_duplicate_key_the_last_is_kept_and_shown(
    raw: bytes, value: Any, where: list[tuple[str, int]]
) -> None:
    parsed = parse(raw)

    assert parsed.value == value
    assert sorted((flaw.pointer, flaw.line) for flaw in parsed.flaws) == sorted(where)
    assert {flaw.soundness for flaw in parsed.flaws} == {Soundness.DUPLICATE_KEYS}


def test_a_duplicate_key_is_named_in_escapes() -> None:
    (flaw,) = parse('{"glühlampe\\n": 1, "glühlampe\\n": 2}'.encode()).flaws

    assert flaw.detail == r'key "gl\u00fchlampe\n" stands twice; readers keep the last'


def test_flaws_of_one_kind_come_in_the_order_of_the_text() -> None:
    parsed = parse(b'[\n{"a": 1, "a": NaN},\n{"a": 1, "a": NaN}\n]')

    assert [(flaw.soundness.value, flaw.line) for flaw in parsed.flaws] == [
        ("duplicate-keys", 2),
        ("duplicate-keys", 3),
        ("not-a-number", 2),
        ("not-a-number", 3),
    ]


@pytest.mark.parametrize(("raw", "pointer", "line", "detail"), NOT_NUMBERS)
def test_what_is_no_number_is_found(raw: bytes, pointer: str, line: int, detail: str) -> None:
    parsed = parse(raw)

    assert parsed.readable
    assert parsed.flaws == (Flaw(Soundness.NOT_A_NUMBER, pointer, line, detail),)


def test_a_number_too_large_for_a_float_is_not_called_infinity() -> None:
    """`1e999` is JSON, whatever Python makes of it."""
    assert [flaw.pointer for flaw in parse(b'{"a": 1e999, "b": NaN}').flaws] == ["/b"]


def test_the_words_for_no_number_are_harmless_within_a_text() -> None:
    assert parse(b'["NaN", "Infinity"]').flaws == ()


def test_integers_keep_all_their_digits() -> None:
    digits = "9" * 4300

    assert str(parse(digits.encode()).value) == digits


def test_integers_and_floats_are_told_apart() -> None:
    assert [type(number) for number in parse(b"[1, 1.0, 1e0]").value] == [int, float, float]


def test_a_lone_half_of_a_surrogate_pair_is_kept() -> None:
    assert parse(rb'"\ud83d"').value == "\ud83d"


@pytest.mark.parametrize("innermost", [b"", b"1", b'""'], ids=["nothing", "number", "text"])
def test_nesting_may_be_as_deep_as_the_limit(innermost: bytes) -> None:
    assert parse(nested(MAX_DEPTH, innermost)).readable


@pytest.mark.parametrize("innermost", [b"", b"1"], ids=["nothing", "number"])
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100_000])
def test_nesting_may_not_be_deeper_than_the_limit(levels: int, innermost: bytes) -> None:
    parsed = parse(nested(levels, innermost))

    assert not parsed.readable
    assert [flaw.detail for flaw in parsed.flaws] == ["nested deeper than 200 levels"]


def test_objects_count_as_levels_too() -> None:
    raw = b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)

    assert not parse(raw).readable


def test_brackets_never_closed_are_unreadable() -> None:
    assert not parse(b"[" * 100_000).readable


@pytest.mark.parametrize("item", [b"NaN", b'{"a":1,"a":2}'], ids=["no numbers", "duplicate keys"])
def test_time_grows_with_the_size_of_a_flawed_text_not_with_its_square(item: bytes) -> None:
    """An embedding of NaN has thousands of them; 3,000 once took three seconds."""
    started = time.process_time()

    parse(b"[" + b",".join([item] * 3_000) + b"]")

    assert time.process_time() - started < 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.text('{}[]":,0tNa\\u d8\n', max_size=25).map(str.encode))
def test_no_bytes_make_parsing_raise(raw: bytes) -> None:
    parsed = parse(raw)

    assert parsed.readable or parsed.flaws


# From text to value and back


@settings(max_examples=150, deadline=None)
@given(json_values(TEXTS, finite=True))
def test_what_was_written_is_read_without_flaw(value: Any) -> None:
    parsed = parse(canonical(value))

    assert (parsed.value, parsed.flaws) == (value, ())


@settings(max_examples=150, deadline=None)
@given(json_values(finite=True))
def test_what_was_read_is_written_with_the_same_bytes(value: Any) -> None:
    raw = canonical(value)

    assert canonical(parse(raw).value) == raw


# Pointers and lines


def test_a_pointer_escapes_tildes_and_slashes() -> None:
    assert pointer_of(["a/b", "m~n", "~1", 0, ""]) == "/a~1b/m~0n/~01/0/"


def test_the_pointer_of_the_whole_document_is_empty() -> None:
    assert pointer_of([]) == ""


KEEPER = """
{
  "keeper": "Ada", "watch":
    [1,
     {"a/b": 2,
      "m~n": 3, "~1": 4,
      "0": [
      ], "": 5
     }]
}"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 2),
        ("/keeper", 3),
        ("/watch", 4),
        ("/watch/0", 4),
        ("/watch/1", 5),
        ("/watch/1/a~1b", 5),
        ("/watch/1/m~0n", 6),
        ("/watch/1/~01", 6),
        ("/watch/1/0", 7),
        ("/watch/1/", 8),
    ],
)
def test_a_value_stands_on_the_line_it_starts_on(pointer: str, line: int) -> None:
    assert line_of(KEEPER, pointer) == line


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/mate", 2),
        ("/mate/name", 2),
        ("/keeper/name", 3),
        ("/watch/2", 4),
        ("/watch/-", 4),
        ("/watch/first", 4),
        ("/watch/1/0/0", 7),
        pytest.param("/watch/" + "9" * 5000, 4, id="an index of 5,000 digits"),
    ],
)
def test_a_pointer_that_leads_nowhere_gives_the_line_it_got_to(pointer: str, line: int) -> None:
    assert line_of(KEEPER, pointer) == line


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_count_the_same_with_windows_line_ends(end: str) -> None:
    text = end.join(["{", '"lamp":', '"on"}'])

    assert parse(text.encode()).line_of("/lamp") == 3


def test_line_breaks_within_a_text_are_escapes_and_count_for_nothing() -> None:
    assert line_of('["one\\ntwo",\n3]', "/1") == 2


@settings(max_examples=100, deadline=None)
@given(json_values(finite=True))
def test_every_pointer_of_a_written_document_has_the_line_found_by_counting(value: Any) -> None:
    text = canonical(value).decode()

    expected = dict(dumped_lines(value))

    assert {pointer: line_of(text, pointer) for pointer in expected} == expected
    assert text.count("\n") == lines_taken(value)


def test_the_pointers_of_a_document_are_those_made_of_its_parts() -> None:
    value = json.loads(KEEPER)

    assert pointer_of(["watch", 1, "a/b"]) in dict(dumped_lines(value))


# Spans


def test_a_span_is_where_a_value_starts_and_ends() -> None:
    text = ' {"lamp" : [ "on" , -1.5e3 ] } '

    assert spans(text, ["", "/lamp", "/lamp/0", "/lamp/1"]) == {
        "": (1, 30),
        "/lamp": (11, 28),
        "/lamp/0": (13, 17),
        "/lamp/1": (20, 26),
    }


def test_spans_count_characters_not_bytes() -> None:
    assert spans('{"Häfen": 1}', ["/Häfen"]) == {"/Häfen": (10, 11)}


@pytest.mark.parametrize(
    "pointer",
    ["/mate", "/keeper/name", "/watch/2", "/watch/-", "/watch/01", "/watch/first", "keeper"],
)
def test_a_pointer_that_leads_nowhere_has_no_span(pointer: str) -> None:
    assert spans(KEEPER, [pointer, "/watch/0"]) == {"/watch/0": (36, 37)}


def test_no_pointers_have_no_spans() -> None:
    assert spans(KEEPER, []) == {}


def test_of_a_key_that_stands_twice_the_last_has_the_span() -> None:
    text = '{"a": {"b": 1, "c": 2}, "a": {"b": 3}}'

    assert spans(text, ["/a", "/a/b", "/a/c"]) == {"/a": (29, 37), "/a/b": (35, 36)}


def test_what_stood_below_a_key_is_gone_with_it() -> None:
    assert spans('{"a": {"b": {"c": 1}}, "a": 2}', ["/a", "/a/b", "/a/b/c"]) == {"/a": (28, 29)}


@settings(max_examples=150, deadline=None)
@given(json_values(finite=True), st.sampled_from([None, 2, "\t"]))
def test_every_pointer_of_a_document_has_the_span_of_its_value(value: Any, indent: Any) -> None:
    text = json.dumps(value, indent=indent)
    pointers = [pointer_of(place) for place in places(value)]

    found = spans(text, pointers)

    assert {pointer: json.loads(text[start:end]) for pointer, (start, end) in found.items()} == {
        pointer_of(place): at(value, place) for place in places(value)
    }
    assert all(text[start:end].strip() == text[start:end] for start, end in found.values())


def at(value: Any, place: Place) -> Any:
    """The value at a place of a document."""
    for part in place:
        value = value[part]
    return value


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        pytest.param(
            json.dumps([{"id": "x" * 900, "created": 7}] * 1_000),
            [f"/{index}/created" for index in range(1_000)],
            id="one in each of many objects",
        ),
        pytest.param(
            "[" * 150 + "[" + "0," * 300_000 + "0]" + "]" * 150,
            ["/0" * 150 + f"/{index}" for index in range(0, 300_000, 300)],
            id="many in one deep list",
        ),
        pytest.param(
            "{" + '"a": {"b": [0]},' * 40_000 + '"a": 1}',
            ["/a/b/0", *(f"/a/{index}" for index in range(1_000))],
            id="a key that stands 40,000 times",
        ),
        pytest.param("[0]", ["/" * 1_000_000], id="a pointer of a million parts"),
    ],
)
def test_no_character_is_read_twice_for_spans(
    text: str, pointers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading once for each pointer would take minutes."""
    decoder = CountingDecoder()
    monkeypatch.setattr("recctl.jsontext._DECODER", decoder)

    spans(text, pointers)

    assert decoder.read <= len(text)


class CountingDecoder(json.JSONDecoder):
    """Counts the characters of all that it decodes."""

    read = 0

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        value, end = super().raw_decode(s, idx)
        self.read += end - idx
        return value, end


# What stands as recorders write it


def same(one: Parsed, other: Parsed) -> bool:
    """Equal, with 1 and 1.0 apart and NaN the same as NaN."""
    parts = [
        (each.text, each.readable, repr(each.value), repr(each.flaws)) for each in (one, other)
    ]
    return parts[0] == parts[1]


@given(json_values())
def test_a_canonical_text_is_read_the_same_by_the_short_way(value: Any) -> None:
    raw = canonical(value)

    assert same(parse_written(raw), parse(raw))


@given(json_values(finite=True))
def test_what_is_known_to_be_canonical_is_so(value: Any) -> None:
    for raw in (canonical(value), json.dumps(value, indent=2).encode() + b"\n"):
        if parse_written(raw).known_canonical:
            assert canonical(parse(raw).value) == raw


@given(json_values(), st.data())
def test_a_text_that_was_edited_is_read_the_same(value: Any, data: st.DataObject) -> None:
    raw = canonical(value)
    at = data.draw(st.integers(0, len(raw)))
    patch = data.draw(
        st.sampled_from(
            [b"", b" ", b"\n", b"0", b".0", b"e5", b'"', b",", b"\\u0041", b"\xff", b"-"]
        )
        | st.binary(max_size=3)
    )
    edited = raw[:at] + patch + raw[at + data.draw(st.integers(0, 2)) :]

    found = parse_written(edited)

    assert same(found, parse(edited))
    if found.known_canonical:
        assert canonical(found.value) == edited


@pytest.mark.parametrize(
    "text",
    [
        *("1e-05", "0.00001", "1e-5", "1e16", "1e+16", "1E5", "-0", "-0.0", "1.0", "1.10", "01"),
        *("18446744073709551616", "123456789012345678901234567890", "1e400", "NaN", "0.1e1"),
    ],
)
def test_a_number_is_canonical_only_as_python_writes_it(text: str) -> None:
    raw = f"[\n  {text}\n]\n".encode()
    found = parse_written(raw)

    assert same(found, parse(raw))
    assert not found.known_canonical or canonical(found.value) == raw


@pytest.mark.parametrize("text", ["é", "😀", "\x7f", "\x80", "\u2028", "\ud800", "/"])
def test_a_character_is_canonical_only_as_python_escapes_it(text: str) -> None:
    for raw in (canonical([text]), json.dumps([text], indent=2).encode() + b"\n"):
        assert same(parse_written(raw), parse(raw))
    raw = json.dumps([text], indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    assert not parse_written(raw).known_canonical or text.isascii()


@pytest.mark.parametrize("depth", [199, 200, 201, 250, 5_000])
def test_what_is_too_deep_is_so_by_the_short_way(depth: int) -> None:
    value: Any = 1
    for _ in range(min(depth, 400)):
        value = [value]
    raw = canonical(value) if depth < 400 else b"[" * depth + b"]" * depth

    assert same(parse_written(raw), parse(raw))


def test_a_key_that_stands_twice_is_seen_by_the_short_way() -> None:
    raw = b'{\n  "a": 1,\n  "a": 1\n}\n'

    assert [flaw.soundness for flaw in parse_written(raw).flaws] == [Soundness.DUPLICATE_KEYS]
