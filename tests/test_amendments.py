"""Amendments: how they are asked for, what they make of a document, and of its bytes."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recctl.amendments import (
    AMENDMENTS,
    Amended,
    Amendment,
    Delete,
    RenameTest,
    Replace,
    Set,
    amended,
    told,
)
from recctl.difference import ABSENT, Difference, is_same
from recctl.errors import UsageError
from recctl.hashing import canonical
from recctl.jsontext import parse, pointer_of
from recctl.plan.actions import spliced
from recctl.splices import extent, splices_for
from tests.build import Document
from tests.strategies import json_values, places, shuffled

TOOLS = [{"name": "get_tide", "depth": 1}, {"name": "get_wind", "depth": 2}]


def asked(*arguments: str) -> list[Amendment]:
    """Amendments from options and their arguments, in turn."""
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return [AMENDMENTS[option].parse(given) for option, given in pairs]


def document(**body: Any) -> Document:
    return {
        "test_id": "tests/pier/test_tide.py::test_one[low]",
        "request": {"url": "http://pier:80/v1", "body": body},
        "response": {"body": {"__type__": "old.tide.Table", "__data__": {"id": "rec-0"}}},
    }


def body_after(body: Document, *arguments: str) -> Any:
    return made_of(body, *arguments).document["request"]["body"]


def made_of(body: Document, *arguments: str) -> Amended:
    return amended(document(**body), asked(*arguments))


def bytes_after(text: str, *arguments: str) -> str:
    """A text with edits in it; they must make what was meant."""
    raw = text.encode()
    parsed = parse(raw)
    made = amended(parsed.value, asked(*arguments))
    result = spliced("", raw, splices_for(parsed.text, made.differences))
    assert is_same(json.loads(result), made.document)
    return result.decode()


# How edits are asked for


@pytest.mark.parametrize(
    ("option", "argument", "message"),
    [
        ("--set", "/body/seed", "is not PATH=JSON"),
        ("--set", "=7", "is not PATH=JSON"),
        ("--set", "body/seed=7", "a PATH begins with /"),
        ("--set", "/=7", "a part of the PATH is empty"),
        ("--set", "/body//seed=7", "a part of the PATH is empty"),
        ("--set", "/body/=7", "a part of the PATH is empty"),
        ("--set", "/body/a~2b=7", "~ is written ~0"),
        ("--set", "/body/a~=7", "~ is written ~0"),
        ("--set", "/test_id=7", "--rename-test"),
        ("--set", "/body/model=fog-1", """--set '/body/model="fog-1"'"""),
        ("--set", "/body/model=", "no JSON after the =: the file is empty"),
        ("--set", "/body/seed=NaN", "NaN is no JSON number"),
        ("--set", "/body/seed=1e999", "a number is too large"),
        ("--set", '/body/x={"a": 1, "a": 2}', "stands twice"),
        ("--set", "/body/x=\udcff", "not UTF-8"),
        ("--set", "/a" * 201 + "=1", "more than 200 parts"),
        ("--delete", "body", "a PATH begins with /"),
        ("--delete", "", "a PATH begins with /"),
        ("--delete", "/test_id", "--rename-test"),
        ("--delete", "/\udcff", "not UTF-8"),
        ("--replace", "/body=fog=mist", "is not PATH:OLD=NEW"),
        ("--replace", "/body:fog", "is not PATH:OLD=NEW"),
        ("--replace", "/body:=mist", "is not PATH:OLD=NEW"),
        ("--replace", "/body:fog=fog", "OLD and NEW are the same"),
        ("--rename-test", "tests/a.py", "is not OLD=NEW"),
        ("--rename-test", "=tests/a.py", "is not OLD=NEW"),
        ("--rename-test", "tests/a.py=tests/a.py", "are the same"),
        ("--rename-test", "tests/a.py=", "no path below the root"),
        ("--rename-test", "tests/a.py=/etc/a.py", "no path below the root"),
        ("--rename-test", "tests/a.py=../a.py", "no path below the root"),
        ("--rename-test", "tests/a.py=tests/../../a.py", "no path below the root"),
        ("--rename-test", "./tests/a.py=tests/b.py", "no path below the root"),
        ("--rename-test", "tests/a.py::=tests/b.py::", "no path below the root"),
        ("--rename-test", "tests/a.py=tests/b", "the other a folder"),
        ("--rename-test", "tests/a=tests/b.py", "the other a folder"),
        ("--rename-test", "tests/a.py::test_x=tests/b", "the other a folder"),
        ("--rename-test", "tests/a=tests/b::test_x", "the other a folder"),
        ("--rename-test", "t.py::test_x[1]=t.py::test_y", "parameters are kept: leave out '[1]'"),
        ("--rename-test", "t.py::test_x=t.py::test_y[1]", "parameters are kept: leave out '[1]'"),
        ("--rename-type", "old", "is not OLD=NEW"),
        ("--rename-type", "old.=new", "'old.' is no dotted name"),
        ("--rename-type", "old=new..module", "'new..module' is no dotted name"),
        ("--rename-type", "old=new module", "'new module' is no dotted name"),
        ("--rename-type", "old=old", "are the same"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    option: str, argument: str, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        asked(option, argument)

    assert message in str(refused.value)
    assert str(refused.value).startswith(option)
    assert "\n" not in str(refused.value)


def test_a_backslash_makes_a_mark_plain() -> None:
    before = {"a:b=c": "x=1:2", "d\\e": "x\\y"}

    made = body_after(
        before,
        "--replace",
        r"/body/a\:b=c:x\=1:2=z\=\:",
        "--set",
        r'/body/d\\e="\\"',
    )

    assert made == {"a:b=c": "z=:", "d\\e": "\\"}


def test_a_backslash_before_another_character_is_one() -> None:
    assert body_after({"path": r"C:\tide"}, "--replace", r"/body:C:\tide=D:\wind") == {
        "path": r"D:\wind"
    }


# What they make of a document


@pytest.mark.parametrize(
    ("before", "arguments", "after"),
    [
        ({"a": 1}, ["--set", "/body/b=[2]"], {"a": 1, "b": [2]}),
        ({"a": 1}, ["--set", "/body/a=null"], {"a": None}),
        ({"a": 1}, ["--set", "/body/a=1.0"], {"a": 1.0}),
        ({"a": 1}, ["--set", "/body/a=true"], {"a": True}),
        ({"a": 1}, ["--set", "/body/b/c=2"], {"a": 1}),
        ({"a": 1}, ["--set", "/body/a/c=2"], {"a": 1}),
        ({"a": [1, 2]}, ["--set", "/body/a/1=3"], {"a": [1, 3]}),
        ({"a": [1, 2]}, ["--set", "/body/a/2=3"], {"a": [1, 2]}),
        ({"a": [1, 2]}, ["--set", "/body/a/-=3"], {"a": [1, 2]}),
        ({"a": [1, 2]}, ["--set", "/body/a/01=3"], {"a": [1, 2]}),
        ({"a": [1, 2]}, ["--set", "/body/a/*=3"], {"a": [3, 3]}),
        ({"a": {"x": 1, "y": 2}}, ["--set", "/body/a/*=3"], {"a": {"x": 3, "y": 3}}),
        ({"a": {"0": 1}}, ["--set", "/body/a/0=3"], {"a": {"0": 3}}),
        ({"a/b": {"~": 1}}, ["--set", "/body/a~1b/~0=2"], {"a/b": {"~": 2}}),
        (
            {"tools": [{}, {"n": 1}, 5]},
            ["--set", "/body/tools/*/n=2"],
            {"tools": [{"n": 2}, {"n": 2}, 5]},
        ),
        ({"a": 1, "b": 2}, ["--delete", "/body/a"], {"b": 2}),
        ({"a": 1, "b": 2}, ["--delete", "/body/*"], {}),
        ({"a": [1, 2, 3]}, ["--delete", "/body/a/1"], {"a": [1, 3]}),
        ({"a": [1, 2, 3]}, ["--delete", "/body/a/*"], {"a": []}),
        ({"a": [1, 2, 3]}, ["--delete", "/body/a/9"], {"a": [1, 2, 3]}),
        ({"a": [[1], [2]]}, ["--delete", "/body/*/*/0"], {"a": [[], []]}),
        ({"a": "fog, fog"}, ["--replace", "/body/a:fog=mist"], {"a": "mist, mist"}),
        ({"a": ["fog"], "fog": 1}, ["--replace", "/body:fog=mist"], {"a": ["mist"], "fog": 1}),
        ({"a": "fog", "b": "fog"}, ["--replace", "/body/b:fog="], {"a": "fog", "b": ""}),
        ({"a": 1, "b": True}, ["--replace", "/body:1=2"], {"a": 1, "b": True}),
    ],
    ids=str,
)
def test_an_edit_does_this(before: Document, arguments: list[str], after: Document) -> None:
    made = body_after(before, *arguments)

    assert json.dumps(made) == json.dumps(after)


def test_edits_are_made_one_after_the_other() -> None:
    first, second = ["--set", '/body/a="fog"'], ["--replace", "/body:fog=mist"]

    assert body_after({"a": "x"}, *first, *second) == {"a": "mist"}
    assert body_after({"a": "x"}, *second, *first) == {"a": "fog"}


def test_items_after_a_deleted_one_move_up_for_the_next_edit() -> None:
    made = body_after(
        {"a": ["x", "y", "z"]}, "--delete", "/body/a/0", "--set", '/body/a/0="Y"', "--delete",
        "/body/a/1",
    )  # fmt: skip

    assert made == {"a": ["Y"]}


def test_what_was_set_can_be_edited_further() -> None:
    made = body_after(
        {"a": [1, 2, 3], "b": {}},
        *("--set", "/body/a=[4, 5, 6, 7]", "--delete", "/body/a/0", "--set", "/body/b/c=[8, 9]"),
        *("--delete", "/body/b/c/1", "--set", '/body/b/*/0="x"'),
    )

    assert made == {"a": [5, 6, 7], "b": {"c": ["x"]}}


def test_a_value_that_is_the_same_already_makes_no_difference() -> None:
    made = made_of({"a": {"x": 1, "y": [0.5]}}, "--set", '/body/a={"y": [0.5], "x": 1}')

    assert (made.differences, made.matched) == ((), frozenset({0}))


def test_what_ends_as_it_began_makes_no_difference() -> None:
    made = made_of({"a": "fog"}, "--set", "/body/a=1", "--set", '/body/a="fog"')

    assert made.differences == ()


def test_the_old_document_stays_as_it_is() -> None:
    old = document(tools=TOOLS)
    before = json.dumps(old)

    amended(old, asked("--set", "/body/tools/*/depth=9", "--delete", "/body/tools/0"))

    assert json.dumps(old) == before


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--set", "/body/new=1"], True),
        (["--set", "/nowhere/new=1"], False),
        (["--set", "/body/tools/7=1"], False),
        (["--delete", "/body/tools/0/depth"], True),
        (["--delete", "/body/depth"], False),
        (["--replace", "/body/tools/*/name:get=ask"], True),
        (["--replace", "/body/tools/*/name:fog=mist"], False),
        (["--replace", "/body/depth:get=ask"], False),
        (["--rename-test", "tests/pier=tests/quay"], True),
        (["--rename-test", "tests/pi=tests/quay"], False),
        (["--rename-type", "old=new"], True),
        (["--rename-type", "ol=new"], False),
    ],
    ids=str,
)
def test_it_is_known_which_edits_find_anything(arguments: list[str], found: bool) -> None:
    assert bool(made_of({"tools": TOOLS}, *arguments).matched) is found


def test_a_star_passes_over_the_test_id_of_a_request() -> None:
    old = document()
    old["request"]["test_id"] = old["test_id"]

    for arguments in (["--set", "/*=1"], ["--delete", "/*"], ["--replace", "/*:tests=x"]):
        made = amended(old, asked(*arguments))
        assert made.document["request"]["test_id"] == old["test_id"]


@pytest.mark.parametrize("odd", [None, [], "fog", 7, {"body": None}])
def test_a_request_of_another_shape_has_no_such_places(odd: Any) -> None:
    made = amended(
        {"test_id": 7, "request": odd, "response": None},
        asked(
            *("--set", "/body/x/y=1", "--delete", "/body/x", "--replace", "/body:a=b"),
            *("--rename-test", "a.py=b.py", "--rename-type", "a=b"),
        ),
    )

    assert (made.differences, made.matched) == ((), frozenset())


# Tests


@pytest.mark.parametrize(
    ("before", "argument", "after"),
    [
        ("a/t.py::test_x[p]", "a/t.py=b/u.py", "b/u.py::test_x[p]"),
        ("a/t.py::test_x[p]", "a=b/c", "b/c/t.py::test_x[p]"),
        ("a/t.py::test_x[a/t.py::=]", "a/t.py=b/u.py", "b/u.py::test_x[a/t.py::=]"),
        ("a/t.py::TestA::test_x", "a/t.py::TestA=a/t.py::TestB", "a/t.py::TestB::test_x"),
        ("a/t.py::TestA::test_x", "a/t.py::TestA=b/u.py", "b/u.py::test_x"),
        ("a/t.py::test_x", "a/t.py=b/u.py::TestA", "b/u.py::TestA::test_x"),
        ("a/t.py::test_x[1]", "a/t.py::test_x=a/t.py::test_y", "a/t.py::test_y[1]"),
        ("a/t.py::TestA::test_x", "a/t.py::TestA::test_x=a/t.py::test_y", "a/t.py::test_y"),
        ("a/t.yaml::check", "a/t.yaml=b/t.yaml", "b/t.yaml::check"),
        ("a/t.py", "a/t.py=b/u.py", "b/u.py"),
        ("a=b/t.py::test_x", r"a\=b=c", "c/t.py::test_x"),
        ("a/t.py::test_xy", "a/t.py::test_x=a/t.py::test_y", None),
        ("a/t.py::TestAB::test_x", "a/t.py::TestA=a/t.py::TestB", None),
        ("ab/t.py::test_x", "a=b", None),
        ("c/a/t.py::test_x", "a=b", None),
        ("a/t.py.py::test_x", "a/t.py=b/u.py", None),
        ("a/t.py::test_x", "a/t.py::test_x=b/u.py", None),
        ("a/t.py/u.py::test_x", "a/t.py=b/v.py", None),
    ],
)
def test_a_test_is_renamed_by_its_first_whole_parts(
    before: str, argument: str, after: str | None
) -> None:
    rename = RenameTest.parse(argument)

    assert rename.renamed(before) == after


def test_the_test_id_of_a_request_is_renamed_too() -> None:
    old = {"test_id": "a.py::t", "request": {"test_id": "a.py::t"}, "response": {}}

    made = amended(old, asked("--rename-test", "a.py=b.py"))

    new = "b.py::t"
    assert made.document == {"test_id": new, "request": {"test_id": new}, "response": {}}
    assert told(made.differences) == []


def test_a_recording_of_no_test_is_not_meant() -> None:
    made = amended({"test_id": None, "request": {}}, asked("--rename-test", "a.py=b.py"))

    assert (made.differences, made.matched) == ((), frozenset())


# Types


@pytest.mark.parametrize(
    ("before", "argument", "after"),
    [
        ("old.tide.Table", "old.tide=new", "new.Table"),
        ("old.tide.Table", "old=new.sea", "new.sea.tide.Table"),
        ("old.tide.Table", "old.tide.Table=old.tide.Chart", "old.tide.Chart"),
        ("older.tide.Table", "old=new", "older.tide.Table"),
        ("very.old.Table", "old=new", "very.old.Table"),
    ],
)
def test_a_type_is_renamed_by_its_first_whole_parts(before: str, argument: str, after: str) -> None:
    typed = {"__type__": before, "__data__": {"inner": [{"__type__": before}]}}
    old = {"request": {"body": typed}, "response": {"body": [typed, {"__type__": 7}]}}

    made = amended(old, asked("--rename-type", argument))

    assert json.dumps(made.document) == json.dumps(old).replace(before, after)


# What is said of it


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "/body/seed=7"], ["/body/seed added: 7"]),
        (["--set", "/body/warm=0.5"], ["/body/warm 0.25 → 0.5"]),
        (["--set", '/body/asked="Käse"'], ['/body/asked "fog" → "Käse"']),
        (["--delete", "/body/asked"], ['/body/asked deleted: "fog"']),
        (["--delete", "/body/tools/0/depth"], ["/body/tools/0/depth deleted: 1"]),
        (["--replace", "/body/long:one=two"], ['/body/long "…aaaaaaaaaaaaonebbb…" → "…"']),
        (["--rename-test", "tests=t"], []),
        (["--rename-type", "old=new"], []),
    ],
    ids=str,
)
def test_what_differs_is_told_in_few_words(arguments: list[str], words: list[str]) -> None:
    made = made_of(
        {"warm": 0.25, "asked": "fog", "tools": TOOLS, "long": "a" * 99 + "one" + "b" * 99},
        *arguments,
    )

    if "/body/long" in str(words):
        words = [f'/body/long "…{"a" * 12}one{"b" * 12}…" → "…{"a" * 12}two{"b" * 12}…"']
    assert told(made.differences) == words


@settings(max_examples=200, deadline=None)
@given(json_values(), json_values())
def test_what_is_told_is_never_long(old: Any, new: Any) -> None:
    for one in told([Difference("/request/x", old, new)]):
        assert len(one) < 250


# What they make of bytes

SPELLED = {
    "as the recorder writes": canonical(document(a=1, tools=TOOLS, none={})).decode(),
    "with tabs": json.dumps(document(a=1, tools=TOOLS, none={}), indent="\t"),
    "as on Windows": json.dumps(document(a=1, tools=TOOLS, none={}), indent=4).replace(
        "\n", "\r\n"
    ),
    "on one line": json.dumps(document(a=1, tools=TOOLS, none={})),
    "dense": json.dumps(document(a=1, tools=TOOLS, none={}), separators=(",", ":")),
}

THERE_AND_BACK = [
    (["--set", "/body/new=true"], ["--delete", "/body/new"]),
    (["--set", '/body/new={"x": [1, {"y": []}]}'], ["--delete", "/body/new"]),
    (["--set", "/body/none/x=[1, 2]"], ["--delete", "/body/none/x"]),
    (["--set", "/body/a=2"], ["--set", "/body/a=1"]),
    (["--set", "/body/tools/*/new=null"], ["--delete", "/body/tools/*/new"]),
    (["--delete", "/body/none"], ["--set", "/body/none={}"]),
    (["--replace", "/body:get_=ask_"], ["--replace", "/body:ask_=get_"]),
    (["--rename-test", "tests/pier=t/quay"], ["--rename-test", "t/quay=tests/pier"]),
    (["--rename-type", "old.tide=new"], ["--rename-type", "new=old.tide"]),
]


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK, ids=str)
def test_an_edit_and_its_reverse_give_the_same_bytes(
    spelled: str, there: list[str], back: list[str]
) -> None:
    text = SPELLED[spelled]

    changed = bytes_after(text, *there)

    assert changed != text
    assert bytes_after(changed, *back) == text


@pytest.mark.parametrize("spelled", SPELLED)
def test_new_values_are_laid_out_as_the_file_is(spelled: str) -> None:
    text = SPELLED[spelled]
    arguments = ["--set", '/body/a={"x": [1, 2], "y": {}}', "--set", "/body/none/z=[3]"]
    arguments += ["--delete", "/body/tools/0", "--set", '/body/last="\\u00e4"']
    after = amended(json.loads(text), asked(*arguments)).document
    layouts: dict[str, dict[str, Any]] = {
        "as the recorder writes": {"indent": 2},
        "with tabs": {"indent": "\t"},
        "as on Windows": {"indent": 4},
        "on one line": {},
        "dense": {"separators": (",", ":")},
    }
    wanted = json.dumps(after, **layouts[spelled])
    if spelled == "as on Windows":
        wanted = wanted.replace("\n", "\r\n")

    assert bytes_after(text, *arguments).rstrip("\n") == wanted


def test_what_is_not_edited_keeps_its_spelling() -> None:
    text = """{"request" :{ "x":[ 1.50,"\\u0041\\/", -0 ,1E2 ], "a" : 1
      ,"b":"Käse" }, "response":  {  }}\n\n"""

    made = bytes_after(text, "--set", "/a=2", "--set", "/c=3", "--delete", "/x/1")

    assert (
        made
        == """{"request" :{ "x":[ 1.50, -0 ,1E2 ], "a" : 2
      ,"b":"Käse","c" :3 }, "response":  {  }}\n\n"""
    )


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (["--delete", "/a"], '{"b": 2, "c": 3}'),
        (["--delete", "/b"], '{"a": 1, "c": 3}'),
        (["--delete", "/c"], '{"a": 1, "b": 2}'),
        (["--delete", "/a", "--delete", "/b"], '{"c": 3}'),
        (["--delete", "/b", "--delete", "/c"], '{"a": 1}'),
        (["--delete", "/*"], "{}"),
        (["--delete", "/a", "--set", "/c=4", "--set", "/d=5"], '{"b": 2, "c": 4, "d": 5}'),
        (["--delete", "/c", "--set", "/b=4", "--set", "/d=5"], '{"a": 1, "b": 4, "d": 5}'),
        (["--delete", "/*", "--set", "/d=5", "--set", "/e=6"], '{"d": 5, "e": 6}'),
        (["--delete", "/a", "--set", "/a=4"], '{"a": 4, "b": 2, "c": 3}'),
    ],
    ids=str,
)
def test_members_come_and_go_with_their_commas(arguments: list[str], after: str) -> None:
    text = '{"request": {"a": 1, "b": 2, "c": 3}, "response": {}}'

    assert bytes_after(text, *arguments) == f'{{"request": {after}, "response": {{}}}}'


KEYS = st.sampled_from(["a", "b", "*", "0", "/", "~", "=", ":", "\\", "ä"])
VALUES = json_values(finite=True, keys=KEYS)


def argument_path(parts: Sequence[str | int]) -> str:
    """A path as it is written on the command line, with all that may need a backslash in it."""
    pointer = pointer_of(parts)
    return "".join(f"\\{one}" if one in ":=\\" else one for one in pointer)


@st.composite
def requests(draw: st.DrawFn) -> Document:
    """Requests with keys that are hard to write in a path."""
    request: Document = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    return {"test_id": None, "request": request, "response": {"body": draw(VALUES)}}


@st.composite
def amendments(draw: st.DrawFn, of: Document) -> list[Amendment]:
    """A few edits of places in the request of a document, or near them."""
    known = [place for place in places(of["request"]) if place]
    made: list[Amendment] = []
    for _ in range(draw(st.integers(1, 4))):
        parts = [
            draw(st.just("*")) if draw(st.integers(0, 9)) == 0 else part
            for part in draw(st.sampled_from(known))
        ]
        if draw(st.booleans()):
            parts = [*parts, draw(KEYS)]
        path = argument_path(parts)
        match draw(st.sampled_from(["--set", "--delete", "--replace"])):
            case "--set":
                value = json.dumps(draw(VALUES))
                made.append(Set.parse(f"{path}={value}"))
            case "--delete":
                made.append(Delete.parse(path))
            case _:
                made.append(Replace.parse(f"{path}:a=b"))
    return made


def reference(document: Document, asked: Sequence[Amendment]) -> Any:
    """The document with edits in it, found in another way: in place, on a copy."""
    made = json.loads(json.dumps(document))
    for one in asked:
        if isinstance(one, Set | Delete | Replace):
            _edit(made["request"], list(one.path.parts), one)
    return made


def _edit(holder: Any, parts: list[str], one: Set | Delete | Replace) -> None:
    first, *rest = parts
    if isinstance(holder, dict):
        keys: list[Any] = list(holder) if first == "*" else [first]
        if isinstance(one, Set) and not rest and first != "*":
            holder.setdefault(first, None)
        keys = [key for key in keys if key in holder]
    elif isinstance(holder, list):
        keys = list(range(len(holder))) if first == "*" else []
        if first.isdecimal() and str(int(first)) == first and int(first) < len(holder):
            keys = [int(first)]
    else:
        return
    for key in reversed(keys):
        if rest:
            _edit(holder[key], rest, one)
        elif isinstance(one, Set):
            holder[key] = json.loads(json.dumps(one.value))
        elif isinstance(one, Delete):
            del holder[key]
        else:
            holder[key] = _replaced(holder[key])


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("a", "b")
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    return value


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_edits_make_of_bytes_what_they_make_of_the_document(data: st.DataObject) -> None:
    old = data.draw(requests())
    asked = data.draw(amendments(old))
    layout: Any = data.draw(
        st.sampled_from([{"indent": 2}, {"indent": "\t"}, {}, {"separators": (",", ":")}])
    )
    text = json.dumps(old, **layout)

    made = amended(old, asked)
    after = spliced("", text.encode(), splices_for(text, made.differences))

    assert is_same(made.document, reference(old, asked))
    assert is_same(json.loads(after), made.document)
    assert json.dumps(json.loads(after), **layout) == after.decode()
    if not made.differences:
        assert is_same(made.document, old)


@settings(max_examples=200, deadline=None)
@given(requests(), st.data())
def test_a_member_added_and_deleted_leaves_the_same_bytes(
    old: Document, data: st.DataObject
) -> None:
    objects = [
        place for place in places(old["request"]) if isinstance(_value(old["request"], place), dict)
    ]
    place = data.draw(st.sampled_from(objects))
    assume("*" not in place)
    path = argument_path((*place, "new"))
    text = canonical(old).decode()

    added = bytes_after(text, "--set", f"{path}={json.dumps(data.draw(VALUES))}")

    assert canonical(json.loads(added)).decode() == added
    assert bytes_after(added, "--delete", path) == text


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"b"}, '"b" : {"x":1}'),
        ({"a"}, '"a":[1, 2]'),
        ({"a", "c"}, '"a":[1, 2] ,"b" : {"x":1},\n "c": 3'),
    ],
    ids=["one", "the first", "with what is between"],
)
def test_the_extent_of_members_is_from_the_first_to_the_last(keys: set[str], part: str) -> None:
    text = ' { "a":[1, 2] ,"b" : {"x":1},\n "c": 3, "d": 4 }'

    start, end = extent(text, keys)

    assert text[start:end] == part


def _value(value: Any, place: Sequence[str | int]) -> Any:
    for part in place:
        value = value[part]
    return value


@settings(max_examples=100, deadline=None)
@given(json_values(finite=True), st.randoms(use_true_random=False))
def test_order_of_keys_makes_no_difference_but_type_does(value: Any, random: Random) -> None:
    assert is_same(value, shuffled(value, random))
    assert not is_same([1, value], [1.0, value])
    assert not is_same([1, value], [True, value])


def test_no_value_is_not_null() -> None:
    made = amended(document(a=None), asked("--delete", "/body/a"))

    assert made.differences == (Difference("/request/body/a", None, ABSENT),)
