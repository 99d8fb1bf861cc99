"""New names: what follows them, where the files go, and who gets a contested one."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.dialects import Name, identify, name_under, published
from recctl.dialects.names import model_digest
from recctl.errors import UnreadableError, UsageError
from recctl.hashing import canonical
from recctl.jsontext import parse
from recctl.naming import (
    Claim,
    OnConflict,
    Settled,
    advice_on_conflicts,
    ages_below,
    claim,
    contents_below,
    folder_for,
    home,
    lacks_test_id,
    name_for,
    settle,
    shared_home,
    with_test_id,
)
from recctl.plan import Plan, RefusedError, Review, Splice, State
from recctl.plan.actions import spliced, target
from recctl.recording import Recording
from recctl.splices import by_text
from tests.build import (
    OLLAMA,
    TEST,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    completion_request,
    http_answer,
    http_request,
    inference_request,
    model_list,
    models_request,
    tool_request,
    tool_result,
)
from tests.build import recording as recorded
from tests.cli import needs_posix
from tests.repository import BIRTH, Made, work_with
from tests.strategies import json_values

TABLE = published()
OLDEST, SECOND = "ogx-2025-07-29", "ogx-2025-10-04"
OLD, NEW = Name("5" * 64), Name("e" * 64)
FOLDER = "tests/integration/chat/recordings"
SCORED = "score: 0.75"
"""What the newest dialect leaves out and the older ones hash."""


def read(name: str, raw: bytes) -> Recording:
    """The recording in a file's bytes, which must be without flaw."""
    parsed = parse(raw)
    assert not parsed.flaws
    return Recording(name, parsed.value, len(raw))


def with_ids(document: Document, old: str, new: str) -> Document:
    """The document with other ids in its typed answers, found in another way than by claims."""
    body = document["response"]["body"]
    for typed in body if isinstance(body, list) else [body]:
        if isinstance(typed, dict) and typed.get("__data__", {}).get("id") == old:
            typed["__data__"]["id"] = new
    return document


# What one recording claims


def claimed(raw: bytes, old: Name = OLD, new: Name = NEW) -> tuple[Claim, bytes]:
    """The claim of a recording to a new name, and the bytes that it then has."""
    path = f"{FOLDER}/{old}"
    made = claim(path, raw, read(str(old), raw), new, FOLDER, reason="renamed")
    return made, spliced(path, raw, made.edits)


def answered(*ids: str, content: str = "No.") -> Document:
    """A recording of a stream whose chunks have these ids."""
    _, document = recorded(chat_request("Any fog?"), chat_stream([content]))
    chunks = document["response"]["body"]
    for number, chunk in enumerate(chunks):
        chunk["__data__"]["id"] = ids[number % len(ids)]
    return document


def test_a_claim_says_what_the_file_is_and_what_it_will_be() -> None:
    raw = canonical(answered(f"rec-{OLD.short_hash}"))

    made, content = claimed(raw)

    assert (made.path, made.to) == (f"{FOLDER}/{OLD}", f"{FOLDER}/{NEW}")
    assert (made.before, made.after) == (State.of(raw), State.of(content))
    assert made.review == Review("renamed", TEST, OLD.short_hash, NEW.short_hash)


def test_a_claim_in_the_root_has_no_folder() -> None:
    raw = canonical(answered("x"))

    assert claim(str(OLD), raw, read(str(OLD), raw), NEW, "", reason="").to == str(NEW)


def test_the_ids_of_the_old_name_become_those_of_the_new_one() -> None:
    document = answered(f"rec-{OLD.short_hash}")

    made, content = claimed(canonical(document))

    assert content == canonical(answered(f"rec-{NEW.short_hash}"))
    assert all(len(one.old) == len(one.new) for one in made.edits)
    assert made.foreign_ids == 0


def test_ids_of_a_third_hash_stay_and_are_counted() -> None:
    document = answered(f"rec-{OLD.short_hash}", "rec-5eaf00d5eaf0")

    made, content = claimed(canonical(document))

    assert content == canonical(answered(f"rec-{NEW.short_hash}", "rec-5eaf00d5eaf0"))
    assert made.foreign_ids == len(document["response"]["body"]) // 2


def test_ids_that_are_already_those_of_the_new_name_stay() -> None:
    raw = canonical(answered(f"rec-{NEW.short_hash}"))

    made, content = claimed(raw)

    assert (content, made.foreign_ids) == (raw, 0)


def test_ids_of_a_provider_stay() -> None:
    raw = canonical(answered("chatcmpl-1"))

    assert claimed(raw)[1] == raw


def test_the_names_of_models_stay() -> None:
    models = model_list([f"rec-{OLD.short_hash}"])
    raw = canonical(recorded(models_request(), models)[1])

    assert claimed(raw)[1] == raw


@pytest.mark.parametrize("place", ["request", "answer", "key"])
def test_what_reads_like_an_id_and_is_none_stays(place: str) -> None:
    old = f"rec-{OLD.short_hash}"
    document = answered(old, content=old if place == "answer" else "No.")
    if place == "request":
        document["request"]["body"]["user"] = old
    if place == "key":
        document[old] = True
    wanted = with_ids(json.loads(json.dumps(document)), old, f"rec-{NEW.short_hash}")

    assert claimed(canonical(document))[1] == canonical(wanted)


def test_ids_follow_however_they_are_spelled() -> None:
    old = f"rec-{OLD.short_hash}"
    document = answered(old, content=old)  # as often as text as there are ids spelled otherwise
    raw = canonical(document).replace(b'"id": "rec-', b'"id": "\\u0072ec-', 1)

    made = json.loads(claimed(raw)[1])

    assert made == with_ids(document, old, f"rec-{NEW.short_hash}")


WORDS = ["a", "a.b", "rec-1", "a b", '"a', "a/b", "\u00f6"]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS), max_size=3),
    st.sets(st.integers(0, 7)),
    st.sets(st.integers(0, 7)),
    st.booleans(),
)
def test_strings_are_found_as_text_only_where_that_is_right(
    items: list[str],
    others: dict[str, str],
    meant: set[int],
    escaped: set[int],
    is_ascii: bool,
) -> None:
    spelled = [json.dumps(word, ensure_ascii=is_ascii) for word in items]
    for place in escaped & set(range(len(items))):
        spelled[place] = '"' + "".join(f"\\u{ord(one):04x}" for one in items[place]) + '"'
    raw = f"[[{','.join(spelled)}],{json.dumps(others)}]".encode()
    meant &= set(range(len(items)))

    found = by_text(raw, [(items[place], f"{items[place]}.new") for place in sorted(meant)])

    if found is not None:
        wanted = [f"{one}.new" if at in meant else one for at, one in enumerate(items)]
        assert json.loads(spliced("", raw, found)) == [wanted, others]


def test_all_strings_of_one_spelling_are_found_as_text() -> None:
    raw = b'{"a": ["mist", "fog", "mist"], "b": "fog-1 \\u00e9"}'

    found = by_text(raw, [("mist", "dew"), ("mist", "dew")])

    assert found == (Splice(7, b'"mist"', b'"dew"'), Splice(22, b'"mist"', b'"dew"'))


@pytest.mark.parametrize(
    "strings",
    [[("fog", "dew")], [("fog", "dew"), ("fog", "mist")], [("fog", 1), ("fog", 1)], [(1, "fog")]],
    ids=["another one of it", "two new ones", "no new string", "no old string"],
)
def test_strings_are_not_found_as_text_where_it_tells_too_little(strings: Any) -> None:
    assert by_text(b'{"a": "fog", "b": "fog"}', strings) is None


def test_ids_follow_beside_other_edits_as_without_them() -> None:
    raw = canonical(answered(f"rec-{OLD.short_hash}"))
    at = raw.index(b'"body"')
    edit = Splice(at, b'"body"', b'"b2"')
    made = read(str(OLD), raw)

    beside = claim("x.json", raw, made, NEW, "", reason="", edits=[edit])

    alone = claim("x.json", raw, made, NEW, "", reason="")
    assert alone.edits
    assert [one for one in beside.edits if one != edit] == list(alone.edits)


def test_edits_that_are_decided_already_are_made_too() -> None:
    old = f"rec-{OLD.short_hash}"
    raw = canonical(answered(old))
    edit = Splice(raw.index(b"Any fog?"), b"Any fog?", b"Any mist or fog?")
    path = f"{FOLDER}/{OLD}"

    made = claim(path, raw, read(str(OLD), raw), NEW, FOLDER, reason="", edits=[edit])

    wanted = raw.replace(b"Any fog?", b"Any mist or fog?").replace(
        old.encode(), f"rec-{NEW.short_hash}".encode()
    )
    assert spliced(path, raw, made.edits) == wanted


def test_edits_that_do_not_fit_are_refused() -> None:
    raw = canonical(answered("x"))

    with pytest.raises(RefusedError, match="does not fit"):
        claim("x", raw, read(str(OLD), raw), NEW, "", reason="", edits=[Splice(0, b"[", b"{")])


IDS = st.sampled_from(
    [f"rec-{OLD.short_hash}", f"rec-{NEW.short_hash}", "rec-5eaf00d5eaf0", "chatcmpl-1", None, 7]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"id": IDS, "text": IDS}, optional={"object": st.just("model")}),
        max_size=5,
    ),
    json_values(max_leaves=4, finite=True),
    st.sampled_from([None, 2, "\t"]),
)
def test_nothing_changes_but_the_ids_of_the_old_name(
    data: list[Document], other: Any, indent: int | str | None
) -> None:
    body = [{"__type__": "lamp.Light", "__data__": one} for one in data] + [other]
    document = {"request": {"body": other}, "response": {"body": body, "is_streaming": True}}
    raw = json.dumps(document, indent=indent).encode("ascii")

    made, content = claimed(raw)

    after = json.loads(content)
    changed = [
        one for one in data if one["id"] == f"rec-{OLD.short_hash}" and one.get("object") != "model"
    ]
    for one in changed:
        one["id"] = f"rec-{NEW.short_hash}"
    assert content == json.dumps(document, indent=indent).encode("ascii")
    assert json.dumps(after) == json.dumps(document)
    assert len(made.edits) == len(changed)


# Names


def test_the_digest_of_a_model_list_follows() -> None:
    name, document = recorded(models_request(), model_list(["a", "b"]), dialect=OLDEST)
    parts = Name.parse(name)
    assert parts
    older = replace(parts, digest=model_digest(["a", "b"], "sha1"))

    assert name_for(Recording(str(older), document, 0), TABLE) == name_under(
        TABLE.target, Recording(name, document, 0)
    )


def test_a_digest_of_other_models_stays_so_that_it_can_be_seen() -> None:
    name, document = recorded(models_request(), model_list(["a", "b"]), dialect=OLDEST)
    parts = Name.parse(name)
    assert parts
    edited = replace(parts, digest="0123abcd")

    made = name_for(Recording(str(edited), document, 0), TABLE)

    assert made.digits == name_under(TABLE.target, Recording(name, document, 0)).digits
    assert made.digest == "0123abcd"


def test_a_model_list_without_a_digest_gets_one() -> None:
    name, document = recorded(models_request(), model_list(["a"]), dialect=OLDEST)
    short = str(Name.parse(name)).split("-")[1] + ".json"

    assert name_for(Recording(short, document, 0), TABLE).digest == Name.parse(name).digest  # type: ignore[union-attr]


# Test ids


def old(request: Document, response: Document, dialect: str = OLDEST) -> tuple[str, Document]:
    """A recording from before test ids were kept."""
    name, document = recorded(request, response, test_id=None, dialect=dialect)
    del document["test_id"]
    del document["id_normalization_mapping"]
    document["request"].pop("test_id", None)
    return name, document


def lacks(made: tuple[str, Document], target: str = TABLE.target.name) -> bool:
    table = TABLE.aimed_at(target)
    recording = Recording(*made, 0)
    return lacks_test_id(recording, identify(recording, table), table)


def test_a_recording_from_before_test_ids_lacks_one() -> None:
    assert lacks(old(chat_request("Fog?"), chat_answer("No.")))


def test_it_lacks_none_for_a_dialect_that_hashes_none() -> None:
    assert not lacks(old(chat_request("Fog?"), chat_answer("No.")), OLDEST)


def test_it_lacks_none_at_an_endpoint_that_serves_all_tests() -> None:
    tags = inference_request(OLLAMA, "/api/tags", {})

    assert not lacks(old(tags, model_list(["a"])))


def test_it_lacks_none_where_the_kind_hashes_none() -> None:
    assert not lacks(old(tool_request("look", {"at": "sea"}), tool_result("Fog.")))


def test_a_null_in_the_file_is_known() -> None:
    made = recorded(chat_request("Fog?"), chat_answer("No."), test_id=None, dialect=OLDEST)

    assert not lacks(made)


def test_an_absent_one_that_was_hashed_is_known() -> None:
    assert not lacks(old(chat_request("Fog?", top_p=0.123456789), chat_answer("No."), SECOND))


def test_a_test_id_is_written_as_the_recorder_does() -> None:
    name, document = old(completion_request("Once"), chat_answer("No."))
    raw = canonical(document)

    edits, made = with_test_id(raw, Recording(name, document, 0), TEST)

    assert spliced("x", raw, edits) == canonical({"test_id": TEST, **document})
    assert made.test_id == TEST


def test_a_request_of_its_own_kind_has_the_test_id_twice() -> None:
    _, document = recorded(http_request("http://a/b", {}), http_answer({}), test_id=None)
    del document["test_id"]
    request = document["request"]
    bare = {**document, "request": {key: request[key] for key in ("url", "method", "payload")}}
    raw = canonical(bare)

    edits, made = with_test_id(raw, Recording("x", bare, 0), TEST)

    written = {"test_id": TEST, **bare, "request": {"test_id": TEST, **bare["request"]}}
    assert spliced("x", raw, edits) == canonical(written)
    assert made.document == written


def test_a_null_gives_way_to_the_test_id() -> None:
    _, document = recorded(http_request("http://a/b", {}), http_answer({}), test_id=None)
    raw = canonical(document)

    edits, made = with_test_id(raw, Recording("x", document, 0), TEST)

    content = spliced("x", raw, edits)
    assert content == canonical(made.document)
    assert content == canonical(document).replace(
        b'"test_id": null', f'"test_id": "{TEST}"'.encode()
    )


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([None, 2, "\t"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(
        [
            chat_request("N\u00f6 \ud83d?"),
            tool_request("look", {"\u00e9": 1}),
            http_request("/a", {}),
        ]
    ),
    st.text(min_size=1),
)
def test_a_test_id_changes_nothing_else(
    indent: int | str | None, known: bool, ascii_only: bool, request: Document, test_id: str
) -> None:
    document: Document = {"request": request, "response": {"body": "\u00e9"}}
    if known:
        document = {**document, "test_id": None}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    raw = text.encode("utf-8", "replace")  # a lone half of a pair cannot be written as it is
    before = json.loads(raw)

    edits, made = with_test_id(raw, Recording("x", before, 0), test_id)

    content = spliced("x", raw, edits)
    after = json.loads(content)
    assert after == made.document
    assert next(iter(after)) == ("request" if known else "test_id")
    after.pop("test_id"), after["request"].pop("test_id", None)
    before.pop("test_id", None)
    assert json.dumps(after) == json.dumps(before)


# Where a recording goes


@pytest.mark.parametrize(
    ("path", "digits", "folder"),
    [
        ("tests/a/recordings/x.json", 64, "tests/a/recordings"),
        ("tests/a/recordings/responses/x.json", 64, "tests/a/recordings"),
        ("tests/a/recordings/sea/responses/x.json", 64, "tests/a/recordings/sea"),
        ("tests/a/recordings/x.json", 12, "tests/a/recordings/responses"),
        ("tests/a/recordings/responses/x.json", 12, "tests/a/recordings/responses"),
        ("responses/x.json", 64, "responses"),
        ("flat/x.json", 12, "flat"),
        ("x.json", 12, ""),
        ("x.json", 64, ""),
    ],
)
def test_a_recording_stays_in_its_folder_but_short_names_lie_by_themselves(
    path: str, digits: int, folder: str
) -> None:
    assert folder_for(path, Name("a" * digits), TABLE) == folder


NEW_TEST = "tests/pier/test_boats.py::test_counts"


@pytest.mark.parametrize(
    ("path", "formerly", "folder"),
    [
        # beside the former test
        ("tests/sea/recordings/x.json", "tests/sea/test_a.py::b", "tests/pier/recordings"),
        ("sub/tests/sea/recordings/x.json", "tests/sea/t.py::b", "sub/tests/pier/recordings"),
        ("sub/sea/recordings/x.json", "sea/t.py::b", "sub/tests/pier/recordings"),
        ("sub/recordings/x.json", "t.py::b", "sub/tests/pier/recordings"),
        ("tests/sea/recordings/responses/x.json", "tests/sea/t.py::b", "tests/pier/recordings"),
        # in the shared folder
        ("a/tests/integration/common/recordings/x.json", None, "a/tests/pier/recordings"),
        ("a/tests/integration/common/recordings/x.json", "q/t.py::b", "a/tests/pier/recordings"),
        # elsewhere in the tree of tests
        ("a/tests/sea/recordings/x.json", "tests/fog/test_a.py::b", "a/tests/pier/recordings"),
        ("a/tests/sea/recordings/responses/x.json", None, "a/tests/pier/recordings"),
        ("tests/x/tests/pier/recordings/x.json", None, "tests/x/tests/pier/recordings"),
        # where nothing tells
        ("elsewhere/x.json", None, "tests/pier/recordings"),
        ("x.json", "fog/t.py::b", "tests/pier/recordings"),
    ],
)
def test_a_recording_goes_to_the_folder_of_its_test(
    path: str, formerly: str | None, folder: str
) -> None:
    assert home(path, NEW_TEST, TABLE, formerly) == folder


@pytest.mark.parametrize("test_id", ["/etc/test_x.py::t", "../test_x.py::t", "a/../../x.py::t"])
def test_no_test_id_leads_out_of_the_tree(test_id: str) -> None:
    with pytest.raises(UsageError, match="leads out of the tree"):
        home("tests/a/recordings/x.json", test_id, TABLE)


PARTS = st.lists(st.sampled_from(["tests", "a", "b", "recordings", "responses"]), max_size=4)
TEST_IDS = PARTS.map(lambda parts: "/".join([*parts, "test_x.py"]) + "::test_y")


@given(PARTS, TEST_IDS, TEST_IDS)
def test_to_another_test_and_back_is_where_it_was(
    above: list[str], first: str, second: str
) -> None:
    start = "/".join([*above, *first.split("/")[:-1], "recordings"])

    there = home(f"{start}/x.json", second, TABLE, first)

    assert home(f"{there}/x.json", first, TABLE, second) == start


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (
            "a/tests/integration/recordings/responses/x.json",
            "a/tests/integration/common/recordings",
        ),
        ("tests/x.json", "tests/integration/common/recordings"),
        ("elsewhere/recordings/responses/x.json", None),
        ("x.json", None),
    ],
)
def test_the_shared_folder_is_told_from_where_a_recording_lies(
    path: str, folder: str | None
) -> None:
    assert shared_home(path, TABLE) == folder


# Who gets it

Tree = dict[str, bytes]
STALE_IN = "ogx-2026-03-18"


def stale(score: str, answer: str = "No.", asked: str = "Fog?") -> Tree:
    """A recording whose request the target cannot tell from one with another score."""
    return lying(
        recorded(chat_request(f"{asked} score: {score}"), chat_answer(answer), dialect=STALE_IN)
    )


def right(answer: str = "No.", asked: str = "Fog?") -> Tree:
    """The recording that the target finds for such a request."""
    return lying(recorded(chat_request(f"{asked} score: 0.5"), chat_answer(answer)))


def lying(made: tuple[str, Document]) -> Tree:
    return {f"{FOLDER}/{made[0]}": canonical(made[1])}


def path_of(tree: Tree) -> str:
    (path,) = tree
    return path


CONTESTED = path_of(right())


def claims_in(tree: Tree) -> list[Claim]:
    """The claims of all recordings of a tree whose name is not right."""
    found = []
    for path, raw in tree.items():
        recording = read(path.rpartition("/")[2], raw)
        name = name_for(recording, TABLE)
        if str(name) != recording.file_name:
            found.append(claim(path, raw, recording, name, FOLDER, reason="stale"))
    return found


def no_ages(paths: Collection[str]) -> Mapping[str, int]:
    raise AssertionError(f"the age of {paths} does not matter")


def settled(
    tree: Tree,
    policy: OnConflict = OnConflict.REPORT,
    ages: Mapping[str, int] | None = None,
    claims: list[Claim] | None = None,
) -> tuple[Tree, Settled]:
    """The tree that comes of it, and what was decided."""
    known = (lambda paths: {path: ages[path] for path in paths}) if ages is not None else no_ages
    made = settle(claims_in(tree) if claims is None else claims, policy, TABLE, tree.get, known)
    return engine.simulate(tree, plan_of(made)), made


def plan_of(made: Settled) -> Plan:
    return engine.of("rehash", Path("/nowhere"), made.actions, made.conflicts)


def answer_at(tree: Tree, path: str = CONTESTED) -> str:
    body = json.loads(tree[path])["response"]["body"]
    return str(body["__data__"]["choices"][0]["message"]["content"])


def test_a_claim_that_nobody_contests_is_met() -> None:
    after, made = settled(stale("0.1"))

    assert list(after) == [CONTESTED]
    assert made.conflicts == ()


def test_what_has_its_new_name_already_is_only_edited() -> None:
    tree = right()
    edited = replace(
        claim(CONTESTED, tree[CONTESTED], read("x", tree[CONTESTED]), NEW, "", reason=""),
        to=CONTESTED,
        edits=(Splice(0, b"{", b" {"),),
        after=State.of(b" " + tree[CONTESTED]),
    )

    after, made = settled(tree, claims=[edited])

    assert after == {CONTESTED: b" " + tree[CONTESTED]}
    assert [type(one) for one in made.actions] == [engine.Edit]


def test_nothing_is_done_with_what_stays_as_it_is() -> None:
    tree = right()
    state = State.of(tree[CONTESTED])
    same = Claim(CONTESTED, CONTESTED, state, state, Review())

    assert settled(tree, claims=[same])[1] == Settled((), ())


@pytest.mark.parametrize("policy", OnConflict)
def test_of_equal_answers_one_is_kept(policy: OnConflict) -> None:
    tree = stale("0.1") | stale("0.2") | stale("0.3")

    after, made = settled(tree, policy, dict.fromkeys(tree, 7))

    assert list(after) == [CONTESTED]
    assert made.conflicts == ()
    assert min(tree) in {one.path for one in made.actions if isinstance(one, engine.Rename)}


def test_answers_are_equal_whatever_a_recorder_evens_out() -> None:
    first, second = stale("0.1"), stale("0.2")
    raw = second[path_of(second)].replace(b'"created": 0', b'"created": 1759368459')
    second = {path_of(second): raw.replace(b'"id": "rec-', b'"id": "chatcmpl-')}

    after, made = settled(first | second)

    assert list(after) == [CONTESTED]
    assert made.conflicts == ()


def test_an_order_of_keys_makes_no_difference() -> None:
    first, second = stale("0.1"), stale("0.2")
    document = json.loads(second[path_of(second)])
    document["response"] = dict(reversed(document["response"].items()))
    second = {path_of(second): canonical(document)}

    assert list(settled(first | second)[0]) == [CONTESTED]


@pytest.mark.parametrize(
    "difference",
    [
        {"response": {"body": None, "is_streaming": False}},
        {"id_normalization_mapping": {"call_1": "call_x"}},
    ],
    ids=str,
)
def test_answers_are_different_if_anything_else_is(difference: Document) -> None:
    first, second = stale("0.1"), stale("0.2")
    other = {path_of(second): canonical({**json.loads(second[path_of(second)]), **difference})}

    assert settled(first | other)[0] == first | other


def test_different_answers_are_a_conflict_in_which_nothing_is_done() -> None:
    tree = stale("0.1", "No.") | stale("0.2", "Yes.") | stale("0.3", "No.")

    after, made = settled(tree)

    assert after == tree
    (conflict,) = made.conflicts
    assert conflict.path == CONTESTED
    assert conflict.claims == tuple(sorted(tree))
    assert (conflict.reason, conflict.group) == ("2 different answers", TEST)
    assert "decide with: --on-conflict" in advice_on_conflicts([conflict])[0]


@pytest.mark.parametrize(
    ("policy", "kept"), [(OnConflict.NEWEST, "Perhaps."), (OnConflict.OLDEST, "Yes.")]
)
def test_age_decides_if_asked_to(policy: OnConflict, kept: str) -> None:
    trees = [stale("0.1", "No."), stale("0.2", "Yes."), stale("0.3", "Perhaps.")]
    tree = trees[0] | trees[1] | trees[2]
    ages = dict(zip(map(path_of, trees), [20, 10, 30], strict=True))

    after, made = settled(tree, policy, ages)

    assert list(after) == [CONTESTED]
    assert answer_at(after) == kept
    assert made.conflicts == ()


@pytest.mark.parametrize("policy", [OnConflict.NEWEST, OnConflict.OLDEST])
def test_of_one_age_the_first_by_its_path_is_kept(policy: OnConflict) -> None:
    tree = stale("0.1", "No.") | stale("0.2", "Yes.")

    after, made = settled(tree, policy, dict.fromkeys(tree, 7))

    assert answer_at(after) == answer_at(tree, min(tree))
    (gone,) = (one for one in made.actions if isinstance(one, engine.Remove))
    assert gone.review.reason.endswith(": equally old, first by its path")


def test_a_removal_says_who_got_the_name_and_why() -> None:
    first, second = stale("0.1", "No."), stale("0.2", "Yes.")
    ages = {path_of(first): 1, path_of(second): 2}

    _, made = settled(first | second, OnConflict.NEWEST, ages)

    (gone,) = (one for one in made.actions if isinstance(one, engine.Remove))
    loser, winner = (Name.parse(path_of(one).rpartition("/")[2]) for one in (first, second))
    name = Name.parse(CONTESTED.rpartition("/")[2])
    assert loser
    assert winner
    assert name
    assert gone.review == Review(
        f"{name.short_hash} goes to {winner.short_hash}: newer", TEST, loser.short_hash
    )


@pytest.mark.parametrize("policy", OnConflict)
def test_one_that_is_right_already_stays_and_equal_ones_go(policy: OnConflict) -> None:
    tree = right() | stale("0.1") | stale("0.2")

    after, made = settled(tree, policy)

    assert after == right()
    assert len(made.actions) == 2


@pytest.mark.parametrize(
    "policy", [OnConflict.NEWEST, OnConflict.OLDEST, OnConflict.EXISTING], ids=str
)
def test_one_that_is_right_already_stays_whatever_the_age(policy: OnConflict) -> None:
    tree = right("Yes.") | stale("0.1", "No.")

    after, made = settled(tree, policy)

    assert after == right("Yes.")
    (gone,) = made.actions
    assert gone.review.reason.endswith(" has the name it needs")


def test_one_that_is_right_is_part_of_a_conflict() -> None:
    tree = right("Yes.") | stale("0.1", "No.")

    after, made = settled(tree)

    assert after == tree
    assert made.conflicts[0].claims == tuple(sorted(tree))


def test_without_a_holder_existing_decides_nothing() -> None:
    tree = stale("0.1", "No.") | stale("0.2", "Yes.")

    after, made = settled(tree, OnConflict.EXISTING)

    assert after == tree
    assert len(made.conflicts) == 1


@pytest.mark.parametrize("policy", OnConflict)
@pytest.mark.parametrize(
    "held",
    [b"no recording", b"{}", canonical(recorded(chat_request("?"), chat_answer("!"))[1])],
    ids=["no JSON", "no recording", "another request"],
)
def test_what_lies_in_the_way_is_left_with_all_who_want_its_place(
    policy: OnConflict, held: bytes
) -> None:
    tree = stale("0.1") | stale("0.2", "Yes.")

    claims = claims_in(tree)
    after, made = settled(tree | {CONTESTED: held}, policy, claims=claims)

    assert after == tree | {CONTESTED: held}
    assert made.conflicts[0].reason.startswith("taken by ")
    assert "decide with" not in advice_on_conflicts(made.conflicts)[0]


def test_what_cannot_be_read_is_in_the_way() -> None:
    tree = stale("0.1")

    def contents(path: str) -> bytes | None:
        if path == CONTESTED:
            raise UnreadableError("a link")
        return tree.get(path)

    made = settle(claims_in(tree), OnConflict.NEWEST, TABLE, contents, no_ages)

    assert made.actions == ()
    assert made.conflicts[0].reason == "taken by what is no recording: a link"


def moving(path: str, to: str, content: bytes) -> Claim:
    """A claim by itself, whatever the names say."""
    state = State.of(content)
    return Claim(f"{FOLDER}/{path}", f"{FOLDER}/{to}", state, state, Review(group=path))


def numbered(*answers: str) -> tuple[list[str], Tree]:
    """Files with these answers, and their short names."""
    names = [f"{number:064x}.json" for number in range(len(answers))]
    _, document = recorded(chat_request("Fog?"), chat_answer("No."))
    body = [canonical({**document, "response": {"body": answer}}) for answer in answers]
    return names, {f"{FOLDER}/{name}": raw for name, raw in zip(names, body, strict=True)}


def test_names_may_be_passed_on_and_exchanged() -> None:
    names, tree = numbered("a", "b", "c")
    ring = [*names[1:], names[0]]
    claims = [
        moving(name, to, raw)
        for (name, to), raw in zip(zip(names, ring), tree.values())  # noqa: B905
    ]

    after, made = settled(tree, claims=claims)

    assert made.conflicts == ()
    assert [after[f"{FOLDER}/{to}"] for to in ring] == list(tree.values())


def test_who_wants_the_name_of_one_that_stays_stays_too() -> None:
    names, tree = numbered("a", "b", "c", "d")
    raws = list(tree.values())
    fourth, third, wanted = names[3], names[2], f"{9:064x}.json"
    claims = [
        moving(names[0], wanted, raws[0]),
        moving(names[1], wanted, raws[1]),  # these two contest a name,
        moving(third, names[1], raws[2]),  # so this one's is not free,
        moving(fourth, third, raws[3]),  # nor this one's
    ]

    after, made = settled(tree, claims=claims)

    assert after == tree
    assert [one.path for one in made.conflicts] == [
        f"{FOLDER}/{one}" for one in sorted([wanted, names[1], third])
    ]


def test_several_claims_of_one_recording_are_copies_of_it() -> None:
    names, tree = numbered("a")
    raw = tree[f"{FOLDER}/{names[0]}"]
    first, second = f"{8:064x}.json", f"{9:064x}.json"

    after, made = settled(tree, claims=[moving(names[0], one, raw) for one in (second, first)])

    assert after == {f"{FOLDER}/{first}": raw, f"{FOLDER}/{second}": raw}
    assert [type(one) for one in made.actions] == [engine.Write, engine.Rename]


def test_a_copy_waits_for_the_others_of_its_recording() -> None:
    names, tree = numbered("a", "b")
    raws = list(tree.values())
    first, second = f"{8:064x}.json", f"{9:064x}.json"
    claims = [
        moving(names[0], first, raws[0]),
        moving(names[0], second, raws[0]),
        moving(names[1], second, raws[1]),
    ]

    after, made = settled(tree, claims=claims)

    assert after == tree
    assert len(made.conflicts) == 2


def test_a_file_that_changes_meanwhile_is_noticed() -> None:
    tree = stale("0.1") | stale("0.2")
    claims = claims_in(tree)

    for changed in ({**tree, min(tree): b"{}"}, {max(tree): tree[max(tree)]}):
        with pytest.raises(RefusedError, match="changed while the plan was made"):
            settled(changed, claims=claims)


def test_actions_are_sorted_by_test_and_what_is_alike_lies_together() -> None:
    tree: Tree = {}
    for number, test_id in enumerate(["b.py::t", "a.py::t", None, "b.py::t"]):
        request = chat_request(f"Fog {number}? score: 0.1")
        tree |= lying(recorded(request, chat_answer("No."), test_id=test_id, dialect=STALE_IN))

    groups = [one.review.group for one in settled(tree)[1].actions]

    assert groups == ["a.py::t", "b.py::t", "b.py::t", None]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Recordings of few requests in few wordings, most of them stale, with few answers."""
    tree: Tree = {}
    for _ in range(draw(st.integers(1, 7))):
        answer, asked = draw(st.sampled_from(["No.", "Yes."])), draw(st.sampled_from(["Fog?", "?"]))
        score = draw(st.sampled_from([None, "0.1", "0.2", "0.3"]))
        tree |= right(answer, asked) if score is None else stale(score, answer, asked)
    return tree


@settings(max_examples=100, deadline=None)
@given(trees(), st.sampled_from(OnConflict), st.randoms(use_true_random=False), st.data())
def test_whatever_is_claimed(
    tree: Tree, policy: OnConflict, random: Any, data: st.DataObject
) -> None:
    ages = {path: data.draw(st.integers(0, 3)) for path in tree}
    claims = claims_in(tree)
    after, made = settled(tree, policy, ages, claims)

    # the order of the claims does not matter
    random.shuffle(claims)
    assert settled(tree, policy, ages, claims)[1] == made
    # every claim is met, lost or in conflict
    concerned = {one.path for one in made.actions}
    contested = {claim for one in made.conflicts for claim in one.claims}
    assert {one.path for one in claims} <= concerned | contested
    assert not concerned & contested
    # what is right stays
    held = tree.keys() - {one.path for one in claims}
    assert {path: after[path] for path in held} == {path: tree[path] for path in held}
    # nothing is lost but to one who has the name
    for one in made.actions:
        if isinstance(one, engine.Remove):
            (to,) = (claim.to for claim in claims if claim.path == one.path)
            assert to in after
        else:
            assert target(one) in after
    # who is in conflict stays as it is, and all others have their name
    assert {path: after[path] for path in contested} == {path: tree[path] for path in contested}
    assert {one.path for one in claims_in(after)} <= contested
    # a second time nothing more is done
    assert settled(after, policy, ages)[1].actions == ()


# The files


def test_contents_are_read_from_below_a_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.json").write_bytes(b"fog")

    contents = contents_below(tmp_path)

    assert contents("a/x.json") == b"fog"
    assert contents("a/y.json") is None


@needs_posix
def test_neither_links_nor_what_is_no_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.json")

    for name in ("folder.json", "link.json", "pipe.json"):
        with pytest.raises(UnreadableError):
            contents_below(tmp_path)(name)


def test_a_recording_is_as_old_as_the_commit_that_added_it(tmp_path: Path) -> None:
    work_with(tmp_path, [Made({"a": b"1"}), Made({"b": b"2"}), Made({"a": b"3"})])
    (tmp_path / "c").write_bytes(b"")
    os.utime(tmp_path / "c", (5, 5))

    assert ages_below(tmp_path)(["a", "b", "c"]) == {"a": BIRTH, "b": BIRTH + 86400, "c": 5}


def test_without_git_it_is_as_old_as_its_last_change(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    os.utime(tmp_path / "a", (7, 7))

    assert ages_below(tmp_path)(["a"]) == {"a": 7}


def test_a_file_that_goes_meanwhile_has_no_age(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="plan again"):
        ages_below(tmp_path)(["a"])
