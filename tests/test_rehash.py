"""Rehashing: what is renamed, what is left, and what never changes."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.cli import COMMANDS
from recctl.dialects import Dialect, Name, Standing, Table, identify, published
from recctl.errors import UsageError
from recctl.hashing import canonical
from recctl.jsontext import parse
from recctl.naming import OnConflict, Why, settle
from recctl.plan import Plan
from recctl.recording import Recording
from recctl.rehash import Examined, Options, Owners, examined
from tests.build import (
    OLLAMA,
    OPENAI,
    TEST,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    file_request,
    file_result,
    folder_of,
    http_answer,
    http_request,
    inference_request,
    model_list,
    models_request,
    tool_request,
    tool_result,
)
from tests.build import recording as recorded
from tests.cli import Ran, needs_posix, run_here, snapshot
from tests.plan.trees import apply as apply_plan
from tests.plan.trees import steps
from tests.repository import Made, Work, work_with
from tests.strategies import json_values, mutated

TABLE = published()
OLDEST, STALE_IN = "ogx-2025-07-29", "ogx-2026-03-18"
OTHER_TEST = "tests/integration/pier/test_boats.py::test_counts[a-b]"
SHARED = TABLE.shared_folder
OLD_FOLDER = "tests/integration/recordings/responses"

Tree = dict[str, bytes]


# Recordings


def lying(folder: str, made: tuple[str, Document]) -> Tree:
    return {f"{folder}/{made[0]}": canonical(made[1])}


def stale(score: str = "0.1", answer: str = "No.", test_id: str | None = TEST) -> Tree:
    """A recording whose request the newest dialect cannot tell from one with another score."""
    request = chat_request(f"Fog? score: {score}")
    made = recorded(request, chat_answer(answer), test_id=test_id, dialect=STALE_IN)
    return lying(folder_of(test_id), made)


def right(answer: str = "No.", test_id: str | None = TEST) -> Tree:
    """The recording that the newest dialect finds for such a request."""
    made = recorded(chat_request("Fog? score: 0.5"), chat_answer(answer), test_id=test_id)
    return lying(folder_of(test_id), made)


def unreachable(asked: str = "Fog?") -> Tree:
    """A recording whose request was edited."""
    name, document = recorded(chat_request(asked), chat_answer("No."))
    document["request"]["body"]["model"] = "another"
    return lying(folder_of(TEST), (name, document))


def old(request: Document, response: Document, folder: str = OLD_FOLDER) -> Tree:
    """A recording from before test ids were kept, with the ids that the provider sent."""
    name, document = recorded(request, response, test_id=None, dialect=OLDEST)
    return lying(folder, (name, {"request": document["request"], "response": response}))


def old_chat(asked: str = "Fog?") -> Tree:
    return old(chat_request(asked), chat_answer("No."))


def path_of(tree: Tree) -> str:
    (path,) = tree
    return path


# What comes of a tree


def found(tree: Tree, options: Options) -> dict[str, Examined]:
    """What comes of each file."""
    made = {}
    for path, raw in tree.items():
        folder = path.rpartition("/")[0]
        made[path] = examined(folder, Path(path), raw, options)
    return made


def planned(
    tree: Tree,
    options: Options | None = None,
    policy: OnConflict = OnConflict.REPORT,
    ages: Mapping[str, int] | None = None,
) -> Plan:
    """The plan for a tree that is nowhere on the disk."""
    options = options or Options(TABLE)

    def known(paths: Collection[str]) -> Mapping[str, int]:
        return {path: (ages or {}).get(path, 0) for path in paths}

    claims = [one for made in found(tree, options).values() for one in made.claims]
    settled = settle(claims, policy, options.table, tree.get, known)
    return engine.of("rehash", Path("/nowhere"), settled.actions, settled.conflicts)


def rehashed(
    tree: Tree, options: Options | None = None, policy: OnConflict = OnConflict.REPORT
) -> Tree:
    return engine.simulate(tree, planned(tree, options, policy))


def aimed(name: str) -> Options:
    return Options(TABLE.aimed_at(name))


def standing(path: str, raw: bytes, table: Table = TABLE) -> Standing:
    value = parse(raw).value
    return identify(Recording(Path(path).name, value, len(raw)), table).standing


def why(tree: Tree, options: Options | None = None) -> Why | None:
    """Why the one file of a tree is left."""
    (made,) = found(tree, options or Options(TABLE)).values()
    assert not (made.left and made.claims)
    return Why(made.left.why) if made.left else None


# What is renamed


def test_a_stale_recording_gets_the_name_of_the_newest_dialect() -> None:
    (before,), (after,) = stale().items(), rehashed(stale()).items()

    assert after[0] == path_of(right())
    assert standing(*after) is Standing.REACHABLE
    old_id, new_id = (f"rec-{Path(path).stem[:12]}".encode() for path, _ in (before, after))
    assert after[1] == before[1].replace(old_id, new_id)


def test_the_reason_names_the_dialects_that_fit() -> None:
    (action,) = planned(stale()).actions

    assert action.review.reason == "stale: fits ogx-2025-10-04 … ogx-2026-03-18 only"
    assert action.review.group == TEST


def test_any_dialect_may_be_the_target() -> None:
    before = right() | stale("0.123456789")
    for dialect in TABLE.dialects[1:]:
        after = rehashed(before, aimed(dialect.name))

        table = TABLE.aimed_at(dialect.name)
        assert {standing(path, raw, table) for path, raw in after.items()} == {Standing.REACHABLE}


def test_short_names_lie_by_themselves() -> None:
    after = rehashed(right(), aimed(OLDEST))

    name = Path(path_of(right())).name
    assert path_of(after).startswith(f"{folder_of(TEST)}/responses/")
    assert len(Path(path_of(after)).stem) == 12
    assert Path(path_of(rehashed(after))).name == name
    assert rehashed(after) == right()


def test_a_short_name_alone_is_reason_enough() -> None:
    request = inference_request(OLLAMA, "/api/tags", {})
    (action,) = planned(old(request, model_list(["a"]))).actions

    assert action.review.reason == "stale: a short name"


@pytest.mark.parametrize(
    "tree",
    [
        stale(),
        unreachable(),
        old_chat(),
        lying("a/recordings", recorded(models_request(), model_list(["a"]))),
    ],
    ids=["stale", "unreachable", "old", "models"],
)
def test_a_team_may_have_a_dialect_of_its_own(tree: Tree) -> None:
    lines = owners(f"{Path(path_of(old_chat())).stem}\t{TEST}")
    own = {"extends": TABLE.target.name, "steps": [{"step": "drop", "path": "/model"}]}
    table = TABLE.extended({"mine": own}).aimed_at("mine")

    after = rehashed(tree, Options(table, include_unreachable=True, owners=lines))

    assert standing(*next(iter(after.items())), table) is Standing.REACHABLE


def owners(text: str) -> Owners:
    return Owners.parse(text.encode(), "owners.txt", Path.cwd())


# What is left


def test_a_recording_that_is_right_makes_no_claim() -> None:
    assert found(right(), Options(TABLE)) == {path_of(right()): Examined()}


def test_what_is_wrong_with_one_that_is_right_does_not_matter() -> None:
    path, raw = next(iter(right().items()))

    assert found({path: raw[:-2] + b', "request": {}}'}, Options(TABLE))[path].left
    doubled = raw.replace(b'"is_streaming": false', b'"is_streaming": true, "is_streaming": false')
    assert found({path: doubled}, Options(TABLE)) == {path: Examined()}


def test_an_unreachable_one_is_left_unless_it_is_asked_for() -> None:
    tree = unreachable()

    assert why(tree) is Why.UNREACHABLE
    (action,) = planned(tree, Options(TABLE, include_unreachable=True)).actions
    assert action.review.reason == "unreachable: no dialect gives its name"
    after = rehashed(tree, Options(TABLE, include_unreachable=True))
    assert standing(*next(iter(after.items()))) is Standing.REACHABLE


def test_a_retired_kind_is_left() -> None:
    made = recorded(file_request("f-1"), file_result(["fog"]))

    assert why(lying("recordings", made)) is Why.RETIRED
    assert why(lying("recordings", made), Options(TABLE, include_unreachable=True)) is Why.RETIRED


def test_a_name_that_is_none_is_left() -> None:
    assert why({"recordings/copy.json": right()[path_of(right())]}) is Why.UNNAMED


def test_a_request_without_a_hash_is_left() -> None:
    path, raw = next(iter(right().items()))
    document = json.loads(raw)
    del document["request"]["url"]
    tree = {path: canonical(document)}

    assert why(tree) is Why.UNREACHABLE
    assert why(tree, Options(TABLE, include_unreachable=True)) is Why.UNHASHABLE


@pytest.mark.parametrize(
    "flaw",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw[:-3],
        lambda raw: b"\xff" + raw,
        lambda raw: b"<<<<<<< ours\n" + raw,
        lambda raw: raw.replace(b'"headers"', b'"url": "/a", "headers"', 1),
        lambda raw: raw.replace(b'"headers": {}', b'"headers": NaN', 1),
        lambda _: b"[" * 100_000,
        lambda _: b"{}",
        lambda _: b"",
    ],
)
def test_a_flawed_file_is_left(flaw: Any) -> None:
    path, raw = next(iter(stale().items()))

    assert why({path: flaw(raw)}) is Why.UNREADABLE


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(TABLE.dialects))
def test_whatever_is_in_a_file_no_other_error_comes_of_it(
    data: st.DataObject, dialect: Dialect
) -> None:
    (path, raw) = data.draw(st.sampled_from([*stale().items(), *old_chat().items()]))
    document = data.draw(mutated(json.loads(raw), json_values(max_leaves=4)))
    lines = owners(f"{path}\t{TEST}")

    options = Options(TABLE.aimed_at(dialect.name), include_unreachable=True, owners=lines)

    planned({path: json.dumps(document).encode("ascii")}, options)


# Recordings without a test id


def test_a_recording_that_never_had_a_test_id_is_left_where_one_is_hashed() -> None:
    assert why(old_chat()) is Why.WITHOUT_TEST_ID
    assert why(old_chat(), aimed(OLDEST)) is None


def test_a_null_is_no_missing_test_id() -> None:
    assert path_of(rehashed(stale(test_id=None))) == path_of(right(test_id=None))


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (inference_request(OLLAMA, "/api/tags", {}), model_list(["a"])),
        (inference_request(OLLAMA, "/v1/models", {}), model_list(["a", "b"])),
        (tool_request("look", {"at": "sea"}), tool_result("Fog.")),
    ],
    ids=["tags", "models", "tool"],
)
def test_what_serves_all_tests_goes_to_where_all_tests_look(
    request_: Document, response: Document
) -> None:
    name, document = recorded(request_, response, test_id=None, dialect=OLDEST)
    del document["test_id"]
    document["request"].pop("test_id", None)
    before = lying(OLD_FOLDER, (name, document))

    (after,) = rehashed(before).items()

    assert after[0].startswith(f"{SHARED}/")
    assert standing(*after) is Standing.REACHABLE
    assert rehashed(dict([after])) == dict([after])


def test_outside_of_a_tree_of_tests_it_only_leaves_the_old_folder() -> None:
    request = inference_request(OLLAMA, "/v1/models", {})
    tree = old(request, model_list(["a"]), "copies/recordings/responses")

    assert path_of(rehashed(tree)).startswith("copies/recordings/models-")


def test_with_an_owner_it_gets_its_test_id_and_folder() -> None:
    tree = old_chat()
    line = f"{Path(path_of(tree)).stem}\t{OTHER_TEST}"

    (after,) = rehashed(tree, Options(TABLE, owners=owners(line))).items()

    document = json.loads(after[1])
    assert after[1] == canonical({"test_id": OTHER_TEST, **json.loads(tree[path_of(tree)])})
    assert after[0].startswith(f"{folder_of(OTHER_TEST)}/")
    assert standing(*after) is Standing.REACHABLE
    name, _ = recorded(document["request"], document["response"], test_id=OTHER_TEST)
    assert Path(after[0]).name == name


def test_several_owners_get_a_copy_each() -> None:
    tree = old_chat()
    key = Path(path_of(tree)).stem
    lines = owners(f"{key}\t{TEST}\n{key}\t{OTHER_TEST}\n{key}\t{TEST}\n")

    after = rehashed(tree, Options(TABLE, owners=lines))

    assert sorted(json.loads(raw)["test_id"] for raw in after.values()) == [TEST, OTHER_TEST]
    assert {standing(*one) for one in after.items()} == {Standing.REACHABLE}


def test_an_owner_has_no_say_where_the_recording_names_its_test() -> None:
    tree = stale()
    lines = owners(f"{path_of(tree)}\t{OTHER_TEST}")

    assert rehashed(tree, Options(TABLE, owners=lines)) == rehashed(tree)
    assert found(tree, Options(TABLE, owners=lines))[path_of(tree)].used == frozenset()


@pytest.mark.parametrize("kind", ["path", "absolute", "hash", "name", "longer hash"])
def test_an_owner_is_named_by_path_or_hash(kind: str) -> None:
    path = path_of(old_chat())
    stem = Path(path).stem
    keys = {
        "path": f"./{path}",
        "absolute": str(Path.cwd() / path),
        "hash": stem,
        "name": Path(path).name,
        "longer hash": stem + "f" * 52,
    }

    assert owners(f"{keys[kind]}\t{TEST}").of(Path(path), Name(stem)) == ((1, TEST),)


def test_owners_of_others_are_not_taken() -> None:
    alike = "1" * 12 + "0" * 52
    lines = owners(f"{'0' * 12}\t{TEST}\nelse/where.json\t{TEST}\n{alike}\t{TEST}")

    assert lines.of(Path(path_of(old_chat())), Name("1" * 64)) == ()
    assert lines.of(Path(path_of(old_chat())), Name("1" * 12)) == ((3, TEST),)


def test_the_owner_of_a_recording_that_is_right_is_no_mistake() -> None:
    tree = old_chat()
    lines = owners(f"{path_of(tree)}\t{TEST}")

    assert found(tree, replace(aimed(OLDEST), owners=lines)) == {
        path_of(tree): Examined(used=frozenset({1}))
    }


def test_empty_lines_and_remarks_say_nothing() -> None:
    text = f"# owners\n\n  \n{'0' * 12}\t{TEST}\r\n"

    assert owners(text).lines == ((4, "0" * 12, TEST),)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"abc", "owners.txt:1: no path or hash, tab and test id"),
        (b"\n" + b"0" * 12 + b" a.py::b", "owners.txt:2: no path or hash, tab and test id"),
        (b"\ta.py::b", "owners.txt:1: no path or hash, tab and test id"),
        (b"x.json\t", "owners.txt:1: no path or hash, tab and test id"),
        (b"x.json\tnot a test", "owners.txt:1: 'not a test' is no test id"),
        (b"x.json\t/etc/a.py::b", "owners.txt:1: '/etc/a.py::b' is no test id"),
        (b"x.json\t../a.py::b", "owners.txt:1: '../a.py::b' is no test id"),
        (b"x.json\ta.py::b\x1b[31m", "is no test id"),
        (b"\xff", "owners.txt: not UTF-8 at byte 0"),
    ],
)
def test_a_broken_file_of_owners_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises(UsageError) as error:
        Owners.parse(raw, "owners.txt", Path.cwd())
    assert told in str(error.value)
    assert "\x1b" not in str(error.value)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_file_of_owners_ends_in_another_error(raw: bytes) -> None:
    with suppress(UsageError):
        Owners.parse(raw, "owners.txt", Path.cwd())


# What holds for all corpora and dialects

QUESTIONS = st.sampled_from(
    [
        "Fog?",
        "Fog at 12.3456789?",
        "Fog at 12.34568?",
        "Fog? score: 0.1",
        "Fog? score: 0.2",
        "Fog? score: __NORMALIZED__",
        "score: 1.23456, attributes: {'a': 1} document_id: 0a1b2c3d-0000-1111-2222-333344445555",
        "<|0a1b2c3d-0000-1111-2222-333344445555|>",
    ]
)
BASES = st.sampled_from([OPENAI, "https://bedrock-runtime.sea-1.example.org/v1"])
PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.7, 0.123456, 0.1234561, 1]),
        "extra_body": st.sampled_from([{"project_id": "a"}, {"project_id": "b", "x": 1.0}]),
    },
)
TEST_IDS = st.sampled_from([TEST, OTHER_TEST, None])
DIALECTS = st.sampled_from([one.name for one in TABLE.dialects])
ANSWERS = st.sampled_from(["No.", "Yes."])


@st.composite
def recordings(draw: st.DrawFn) -> Tree:
    """A recording of any kind, named by any dialect, sound or not, where it lies."""
    test_id, dialect, answer = draw(TEST_IDS), draw(DIALECTS), draw(ANSWERS)
    shape = draw(
        st.sampled_from(["chat", "chat", "chat", "stream", "old", "models", "http", "tool"])
    )
    if shape in ("chat", "stream", "old"):
        request = chat_request(
            draw(QUESTIONS), base=draw(BASES), stream=shape == "stream", **draw(PARAMETERS)
        )
        response = chat_stream([answer]) if shape == "stream" else chat_answer(answer)
        if shape == "old":
            return old(request, response)
    elif shape == "models":
        request, response = models_request(), model_list([answer])
    elif shape == "http":
        request = http_request("http://localhost/v1/messages", {"text": draw(QUESTIONS)})
        response = http_answer({"text": answer})
    else:
        request, response = tool_request("look", {"at": draw(QUESTIONS)}), tool_result(answer)
    name, document = recorded(request, response, test_id=test_id, dialect=dialect)
    document = draw(oddities(document))
    parts = Name.parse(name)
    is_short = parts is not None and len(parts.digits) == 12
    return lying(folder_of(test_id) + "/responses" * is_short, (name, document))


@st.composite
def oddities(draw: st.DrawFn, document: Document) -> Document:
    """The document, now and then edited after it was recorded."""
    odd = draw(st.sampled_from(["", "", "", "", "request", "id", "raw id", "times"]))
    text = json.dumps(document)
    if odd == "request":
        document["request"]["url"] = document["request"].get("url", "") + "/edited"
    elif odd == "id" and '"id": "rec-' in text:
        document = json.loads(text.replace('"id": "rec-', '"id": "rec-5eaf'))
    elif odd == "raw id" and '"id": "rec-' in text:
        document = json.loads(text.replace('"id": "rec-', '"id": "chatcmpl-'))
    elif odd == "times":
        document = json.loads(text.replace('"created": 0', '"created": 1759368459'))
    return document


@st.composite
def corpora(draw: st.DrawFn) -> Tree:
    """Some of those, and some that the newest dialects cannot tell from each other."""
    tree: Tree = {}
    for one in draw(st.lists(recordings(), max_size=4)):
        tree |= one
    alike = st.builds(stale, st.sampled_from(["0.1", "0.2", "0.3"]), ANSWERS)
    for one in draw(st.lists(alike | st.builds(right, ANSWERS), min_size=1, max_size=5)):
        tree |= one
    if draw(st.booleans()):
        tree |= {f"{folder_of(TEST)}/copy.json": b"{}", f"{folder_of(TEST)}/{'0' * 64}.json": b"["}
    return tree


STEPS = st.lists(
    st.sampled_from(
        [
            {"step": "round", "digits": 3},
            {"step": "drop", "path": "/temperature"},
            {"step": "drop", "path": "/stream", "host": "openai"},
            {"step": "substitute", "pattern": r"\d+", "with": "N"},
            {"step": "substitute", "pattern": "Fog", "with": "Mist"},
            {"step": "share", "path": "/v1/chat/completions"},
        ]
    ),
    max_size=3,
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """The published dialects and one more, aimed at any of them, mostly at the newest."""
    own = {"extends": draw(DIALECTS), "steps": draw(STEPS)}
    table = TABLE.extended({"mine": own})
    any_of_them = st.sampled_from([one.name for one in table.dialects])
    return table.aimed_at(draw(st.just(TABLE.target.name) | any_of_them))


def typed_ids(document: Document) -> Iterator[Document]:
    """The data of typed values that have an id, but models."""
    body = document["response"]["body"]
    for one in body if isinstance(body, list) else [body]:
        data = one.get("__data__") if isinstance(one, dict) else None
        if isinstance(data, dict) and "id" in data and data.get("object") != "model":
            yield data


def with_ids_back(raw: bytes, new: str, original: str) -> bytes:
    """A renamed recording's bytes with its ids as they were; it must be canonical."""
    document = json.loads(raw)
    for data in typed_ids(document):
        if data["id"] == f"rec-{new}":
            data["id"] = f"rec-{original}"
    return canonical(document)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), tables(), st.booleans(), st.sampled_from(OnConflict), st.randoms())
def test_whatever_the_corpus_and_the_dialect(
    tree: Tree, table: Table, include_unreachable: bool, policy: OnConflict, random: Random
) -> None:
    options = Options(table, include_unreachable)
    plan = planned(tree, options, policy)
    after = engine.simulate(tree, plan)
    held = {
        path
        for path, raw in tree.items()
        if raw[:1] == b"{" and len(raw) > 2 and standing(path, raw, table) is Standing.REACHABLE
    }

    # the order of the files does not matter
    shuffled = list(tree.items())
    random.shuffle(shuffled)
    assert planned(dict(shuffled), options, policy) == plan
    # a recording that is right is never touched
    assert {path: after.get(path) for path in held} == {path: tree[path] for path in held}
    for action in plan.actions:
        assert isinstance(action, engine.Rename | engine.Remove)
        if isinstance(action, engine.Rename):
            # the hash of its request is its name
            assert standing(action.to, after[action.to], table) is Standing.REACHABLE
            # nothing has changed in it but the ids that its old name gave
            short = action.review.new, action.review.old
            assert with_ids_back(after[action.to], *short) == tree[action.path]
            assert len(after[action.to]) == len(tree[action.path])
    # what is left or in conflict stays as it is
    stay = {path for path, made in found(tree, options).items() if made.left}
    stay |= {claim for one in plan.conflicts for claim in one.claims}
    assert {path: after.get(path) for path in stay} == {path: tree[path] for path in stay}
    # a second time nothing more is done
    again = planned(after, options, policy)
    assert again.actions == ()
    assert {one.path for one in again.conflicts} == {one.path for one in plan.conflicts}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), DIALECTS, DIALECTS)
def test_by_way_of_another_dialect_it_comes_to_the_same(
    tree: Tree, first: str, second: str
) -> None:
    """Where no two recordings claim one name on either way.

    Otherwise one is removed, or neither is renamed, although the second dialect tells them apart.
    """
    ways = [planned(tree, aimed(first)), planned(tree, aimed(second))]
    between = engine.simulate(tree, ways[0])
    ways.append(planned(between, aimed(second)))
    if any(way.conflicts or way.summary["removals"] for way in ways):
        return

    assert engine.simulate(between, ways[2]) == engine.simulate(tree, ways[1])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=corpora(), name=DIALECTS, policy=st.sampled_from(OnConflict))
def test_apply_then_undo_is_the_identity(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree, name: str, policy: OnConflict
) -> None:
    root = tmp_path_factory.mktemp("corpus")
    for path, raw in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(raw)
    plan = replace(planned(tree, aimed(name), policy), root=root)
    if plan.is_empty:
        return
    with steps():
        apply_plan(plan)
        assert files_below(root) == engine.simulate(tree, plan)
        apply_plan(engine.undoing(root))
    assert files_below(root) == tree


def files_below(root: Path) -> Tree:
    """All files but those that recctl keeps for itself, and git."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".recctl", ".git"} & set(path.relative_to(root).parts)
    }


# The command


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rehash", "undo", "apply"):
        monkeypatch.setitem(COMMANDS, name, COMMANDS.get(name, "Change files."))


def in_git(top: Path, *trees: Tree) -> Work:
    """A repository in which each tree was added by a commit of its own."""
    return work_with(top, [Made(tree) for tree in trees])


def on_disk(top: Path, tree: Tree) -> Path:
    for path, raw in tree.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(raw)
    return top


def rehash(root: Path, *arguments: str) -> Ran:
    return run_here("rehash", *arguments, cwd=root)


def test_without_apply_nothing_changes(tmp_path: Path) -> None:
    tree = stale() | right() | unreachable() | {"tests/recordings/copy.json": b"{}"}
    before = snapshot(on_disk(tmp_path, tree))

    ran = rehash(tmp_path)

    assert ran.code == 0
    assert snapshot(tmp_path) == before


def test_the_plan_is_grouped_by_test_with_short_hashes_and_reasons(tmp_path: Path) -> None:
    tree = stale() | stale("0.2", test_id=OTHER_TEST)

    ran = rehash(on_disk(tmp_path, tree))

    shorts = [Path(path).name[:12] for path in tree]
    news = [Path(path_of(right(test_id=one))).name[:12] for one in (TEST, OTHER_TEST)]
    reason = "stale: fits ogx-2025-10-04 … ogx-2026-03-18 only"
    assert ran.lines == [
        TEST,
        f"  rename {shorts[0]} → {news[0]}  {reason}",
        OTHER_TEST,
        f"  rename {shorts[1]} → {news[1]}  {reason}",
    ]
    assert ran.errors == ["recctl: rehash: 2 renames; nothing is changed without --apply"]


def test_what_is_left_is_listed_and_counted_with_what_to_do(tmp_path: Path) -> None:
    ran = rehash(on_disk(tmp_path, unreachable() | old_chat()))

    assert ran.lines == [
        f"1 unreachable, left as it is: {path_of(unreachable())}",
        f"1 without the test id that the dialect hashes, left as it is: {path_of(old_chat())}",
    ]
    assert ran.errors == [
        "recctl: rehash: nothing to do",
        "recctl: 1 unreachable, left as it is, as the request may not be the one that was answered;"
        " taken along with: --include-unreachable",
        "recctl: 1 without the test id that the dialect hashes, left as it is; name the tests"
        " in a file: --test-ids FILE",
    ]


def test_of_many_that_are_left_a_few_are_named(tmp_path: Path) -> None:
    tree = {path: raw for number in range(9) for path, raw in unreachable(f"{number}?").items()}

    ran = rehash(on_disk(tmp_path, tree))

    assert ran.lines[0].startswith("9 unreachable, left as they are: ")
    assert ran.lines[0].endswith(" and 6 more")
    assert ran.lines[0].count(".json") == 3


def test_json_has_a_note_for_every_file_that_is_left(tmp_path: Path) -> None:
    tree = {path: raw for number in range(9) for path, raw in unreachable(f"{number}?").items()}

    ran = rehash(on_disk(tmp_path, tree | stale()), "--format", "json")

    assert sorted(ran.json["notes"]) == sorted(
        f"{path}: left as it is: unreachable" for path in tree
    )
    assert [one["op"] for one in ran.json["actions"]] == ["rename"]
    assert "recctl: 9 unreachable, " in ran.stderr


def test_markdown_is_for_a_pull_request(tmp_path: Path) -> None:
    ran = rehash(on_disk(tmp_path, stale()), "--format", "markdown")

    assert ran.stdout.startswith("### recctl rehash: 1 rename\n")


def test_apply_then_undo_leaves_git_clean(tmp_path: Path) -> None:
    tree = stale() | stale("0.2") | unreachable() | old_chat()
    work = in_git(tmp_path, tree)

    ran = rehash(tmp_path, "--apply")

    assert ran.code == 0, ran.stderr
    assert path_of(right()) in work.tree()
    assert run_here("undo", "--apply", cwd=tmp_path).code == 0
    assert work.git("status", "--porcelain") == ""
    assert files_below(tmp_path) == tree


def test_after_it_nothing_is_stale_and_as_much_unreachable_as_before(tmp_path: Path) -> None:
    tree = right("No.") | stale("0.1", "Yes.") | stale("0.3", test_id=OTHER_TEST) | unreachable()
    on_disk(tmp_path, tree)

    assert rehash(tmp_path, "--apply", "--on-conflict", "newest").code == 0

    ran = run_here("validate", "--format", "json", cwd=tmp_path)
    assert [one["name"] for one in ran.json["findings"]] == ["unreachable"]
    assert rehash(tmp_path, "--check").code == 0


def test_check_says_by_its_code_whether_there_is_anything_to_do(tmp_path: Path) -> None:
    assert rehash(on_disk(tmp_path, right()), "--check").code == 0
    assert rehash(on_disk(tmp_path, stale()), "--check").code == 1


@pytest.mark.parametrize("option", [(), ("--check",), ("--apply",)])
def test_a_conflict_ends_in_1_and_names_what_decides_it(
    tmp_path: Path, option: tuple[str, ...]
) -> None:
    ran = rehash(on_disk(tmp_path, stale("0.1", "No.") | stale("0.2", "Yes.")), *option)

    assert ran.code == 1
    assert ran.lines[0] == "conflicts, left as they are"
    assert ran.errors[-1] == (
        "recctl: 1 contested name, all claims to which are left;"
        " decide with: --on-conflict newest|oldest|existing"
    )


@pytest.mark.parametrize(("policy", "answer"), [("newest", "Yes."), ("oldest", "No.")])
def test_the_commit_that_added_a_recording_tells_its_age(
    tmp_path: Path, policy: str, answer: str
) -> None:
    first, second = stale("0.1", "No."), stale("0.2", "Yes.")
    in_git(tmp_path, first, second)
    os.utime(tmp_path / path_of(first))  # as after a clone, the files' own times say nothing

    assert rehash(tmp_path, "--apply", "--on-conflict", policy).code == 0

    assert answer_in(tmp_path) == answer


def answer_in(root: Path) -> str:
    body = json.loads((root / path_of(right())).read_bytes())["response"]["body"]
    return str(body["__data__"]["choices"][0]["message"]["content"])


def test_without_git_the_last_change_tells_it(tmp_path: Path) -> None:
    first, second = stale("0.1", "No."), stale("0.2", "Yes.")
    on_disk(tmp_path, first | second)
    os.utime(tmp_path / path_of(first), (9, 9))
    os.utime(tmp_path / path_of(second), (5, 5))

    assert rehash(tmp_path, "--apply", "--on-conflict", "newest").code == 0

    assert answer_in(tmp_path) == "No."


def test_a_recording_that_is_not_among_the_paths_keeps_its_name(tmp_path: Path) -> None:
    on_disk(tmp_path, right("Yes.") | stale("0.1", "No."))

    ran = rehash(tmp_path, path_of(stale("0.1")))

    assert [line.strip() for line in ran.lines[1:]] == [
        path_of(right()),
        TEST,
        "2 different answers; claimed by",
        *sorted([path_of(right()), path_of(stale("0.1"))]),
    ]


def test_one_name_in_two_folders_is_no_conflict(tmp_path: Path) -> None:
    (path, raw), *_ = stale(test_id=None).items()
    tree = {path: raw, f"tests/integration/sea/recordings/{Path(path).name}": raw}

    ran = rehash(on_disk(tmp_path, tree), "--apply")

    assert ran.code == 0
    assert {Path(path).name for path in files_below(tmp_path)} == {
        Path(path_of(right(test_id=None))).name
    }
    assert len(files_below(tmp_path)) == 2


def test_the_configured_target_counts_unless_another_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path, stale() | {"recctl.toml": f'target = "{STALE_IN}"'.encode()})

    assert "nothing to do" in rehash(tmp_path).stderr
    assert "1 rename" in rehash(tmp_path, "--to", TABLE.target.name).stderr


def test_an_unknown_dialect_is_a_usage_error(tmp_path: Path) -> None:
    ran = rehash(on_disk(tmp_path, stale()), "--to", "ogx-2026-04-08")

    assert ran.code == 2
    assert "did you mean ogx-2026-04-09?" in ran.stderr


def test_a_missing_path_ends_it(tmp_path: Path) -> None:
    before = snapshot(on_disk(tmp_path, stale()))

    ran = rehash(tmp_path, "tests", "nowhere", "--apply")

    assert ran.code == 2
    assert ran.errors == ["recctl: nowhere: no such file or folder"]
    assert snapshot(tmp_path) == before


def test_unreadable_files_are_left(tmp_path: Path) -> None:
    on_disk(tmp_path, stale() | {"tests/integration/chat/recordings/bad.json": b"\xff"})

    ran = rehash(tmp_path, "--apply")

    assert ran.code == 0
    assert "1 unreadable, left as it is; see: recctl validate" in ran.stderr
    assert "bad.json (line 1: byte 0xff at offset 0 is not UTF-8)" in ran.stdout


@needs_posix
def test_links_are_left(tmp_path: Path) -> None:
    on_disk(tmp_path, stale())
    link = tmp_path / "tests/integration/chat/recordings" / ("a" * 64 + ".json")
    link.symlink_to(tmp_path / path_of(stale()))

    ran = rehash(tmp_path, "--apply")

    assert ran.code == 0
    assert "1 behind a link, left as it is; name what the link leads to" in ran.stderr
    assert link.is_symlink()


@needs_posix
def test_a_link_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    on_disk(tmp_path, stale())
    (tmp_path / path_of(right())).symlink_to("nowhere")
    before = snapshot(tmp_path)

    ran = rehash(tmp_path, path_of(stale()), "--apply")

    assert "taken by what is no recording: a link" in ran.stdout
    assert ran.errors[-1] == "recctl: 1 contested name, all claims to which are left"
    assert snapshot(tmp_path) == before


def test_uncommitted_changes_are_not_run_over(tmp_path: Path) -> None:
    work = in_git(tmp_path, stale())
    work.write(path_of(stale()), stale()[path_of(stale())].replace(b"No.", b"Nay"))

    assert rehash(tmp_path, "--apply").code == 2
    assert rehash(tmp_path, "--apply", "--allow-dirty").code == 0


def test_ids_of_a_third_hash_are_told(tmp_path: Path) -> None:
    (path, raw), *_ = stale().items()
    tree = {path: raw.replace(b'"id": "rec-', b'"id": "rec-5eaf')}

    ran = rehash(on_disk(tmp_path, tree), "--apply")

    assert "recctl: 1 with ids of another hash; set them with: recctl normalize --only ids" in (
        ran.errors
    )


def test_the_tests_of_old_recordings_come_from_a_file(tmp_path: Path) -> None:
    work = in_git(tmp_path, old_chat())
    (tmp_path / "owners.txt").write_text(f"{Path(path_of(old_chat())).stem}\t{OTHER_TEST}\n")

    ran = rehash(tmp_path, "--test-ids", "owners.txt", "--apply")

    assert ran.code == 0, ran.stderr
    (moved,) = (path for path in work.tree() if path.endswith(".json") and ".recctl" not in path)
    assert moved.startswith(f"{folder_of(OTHER_TEST)}/")
    assert run_here("validate", "--select", "I3", moved, cwd=tmp_path).code == 0
    assert run_here("undo", "--apply", cwd=tmp_path).code == 0
    assert work.git("status", "--porcelain") == "?? owners.txt"


def test_a_line_that_names_no_recording_is_told(tmp_path: Path) -> None:
    on_disk(tmp_path, old_chat())
    lines = [f"{Path(path_of(old_chat())).stem}\t{TEST}", *[f"{n:012}\t{TEST}" for n in (1, 2)]]
    (tmp_path / "owners.txt").write_text("\n".join(lines))

    ran = rehash(tmp_path, "--test-ids", "owners.txt")

    assert ran.errors[-1] == (
        "recctl: owners.txt:2 and 1 more: no recording here that lacks a test"
    )


def test_a_file_of_tests_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    ran = rehash(on_disk(tmp_path, old_chat()), "--test-ids", "owners.txt")

    assert ran.code == 2
    assert ran.errors == ["recctl: owners.txt: no such file or directory"]


def test_a_plan_may_be_written_and_applied_later(tmp_path: Path) -> None:
    on_disk(tmp_path, stale() | stale("0.2") | unreachable())

    assert rehash(tmp_path, "--plan-out", "plan.json").code == 0
    assert run_here("apply", "plan.json", cwd=tmp_path).code == 0

    assert path_of(right()) in files_below(tmp_path)
    notes = json.loads((tmp_path / "plan.json").read_bytes())["notes"]
    assert notes == [f"{path_of(unreachable())}: left as it is: unreachable"]


@needs_posix
def test_a_folder_named_twice_by_way_of_a_link_is_one(tmp_path: Path) -> None:
    on_disk(tmp_path, stale())
    (tmp_path / "linked").symlink_to("tests")

    ran = rehash(tmp_path, "tests", "linked", "--apply")

    assert ran.code == 0, ran.stderr
    assert list(files_below(tmp_path)) == [path_of(right())]


# Real recordings


def real(below: str) -> Tree:
    """Real recordings below a folder. Skips the test where there are none."""
    named = os.environ.get("RECCTL_TEST_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / below).is_dir():
        pytest.skip(f"no real recordings: {folder / below} is absent")
    paths = sorted((folder / below).rglob("*.json"))
    return {path.relative_to(folder / below).as_posix(): path.read_bytes() for path in paths}


def standings(tree: Tree) -> dict[str, Standing]:
    return {path: standing(path, raw) for path, raw in tree.items()}


def test_of_real_recordings_none_is_stale_afterwards_and_no_more_unreachable() -> None:
    tree = real("corpus")
    before = standings(tree)

    after = standings(rehashed(tree, policy=OnConflict.NEWEST))

    assert Standing.STALE in before.values()
    assert Standing.STALE not in after.values()
    kept = {path for path, one in before.items() if one is not Standing.STALE}
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}


@pytest.mark.parametrize("dialect", [one.name for one in TABLE.dialects])
def test_real_old_recordings_get_their_names_if_their_tests_are_known(dialect: str) -> None:
    tree = real("legacy")
    shorts = {Path(path).stem.split("-")[-1] for path in tree if "responses" in path}
    lines = owners("\n".join(f"{one}\t{TEST[:-1]}[{one}]" for one in sorted(shorts)))
    options = replace(aimed(dialect), owners=lines)

    after = rehashed(tree, options, OnConflict.OLDEST)

    found = {standing(path, raw, options.table) for path, raw in after.items()}
    assert found == {Standing.REACHABLE}
