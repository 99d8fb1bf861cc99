"""Requests, tests and types changed on purpose: names follow, answers stay, nothing else moves."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recctl import schema
from recctl.amendments import AMENDMENTS, Amendment
from recctl.cli import COMMANDS
from recctl.corpus import find
from recctl.dialects import Name, Standing, identify, name_under, published
from recctl.hashing import canonical
from recctl.jsontext import parse
from recctl.migrate import Migration, Options, plan_migration
from recctl.naming import OnConflict, Why
from recctl.plan import Edit, Rename, execute, simulate, undoing
from recctl.recording import Recording
from tests.build import (
    TEST,
    Document,
    Recorded,
    assistant_call,
    chat_answer,
    chat_request,
    chat_stream,
    file_request,
    file_result,
    folder_of,
    function,
    generate_request,
    generate_stream,
    http_answer,
    http_request,
    model_list,
    models_request,
    tool_message,
    tool_request,
    tool_result,
    user,
    write,
)
from tests.build import recording as recorded
from tests.cli import Ran, needs_posix, run, run_here, snapshot

TABLE = published()
OLDEST, SECOND = "ogx-2025-07-29", "ogx-2025-10-04"
SHARED = folder_of(None)
SCORED = "score: 0.75 document_id: 0a1b2c3d-0000-4000-8000-00000000beef"
"""What the newest dialect normalizes and the older ones do not."""
WRONG = "0f" * 32 + ".json"
"""A recording's name that no request has."""

IS_KNOWN = "migrate" in COMMANDS

Tree = dict[str, bytes]


@pytest.fixture(autouse=True)
def known_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("migrate", "undo", "apply"):
        monkeypatch.setitem(COMMANDS, name, COMMANDS.get(name, "Change files."))


def asked(*arguments: str) -> tuple[Amendment, ...]:
    """Amendments from options and their arguments, in turn."""
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return tuple(AMENDMENTS[option].parse(given) for option, given in pairs)


def placed(*recordings: Recorded, folder: str | None = None) -> Tree:
    """Recordings by path, each where its test looks, unless a folder is given."""
    return {
        f"{folder or folder_of(document['test_id'])}/{name}": canonical(document)
        for name, document in recordings
    }


def grown(root: Path, tree: Mapping[str, bytes]) -> Path:
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def contents(root: Path) -> Tree:
    """The contents of all files but those that recctl keeps for itself."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".recctl" not in path.relative_to(root).parts
    }


def planned(root: Path, *arguments: str, **options: Any) -> Migration:
    """What a migration plans for all below a folder."""
    to = options.pop("to", TABLE.target.name)
    include = options.pop("include_unreachable", False)
    return plan_migration(
        find([str(root)]).entries,
        root.resolve(),
        Options(asked(*arguments), TABLE.aimed_at(to), include),
        **options,
    )


def migrated(tree: Tree, *arguments: str, **options: Any) -> Tree:
    """The tree that a migration makes of another one."""
    with TemporaryDirectory() as folder:
        return simulate(tree, planned(grown(Path(folder), tree), *arguments, **options).plan)


def only(tree: Mapping[str, bytes]) -> tuple[str, Document]:
    """The path and the document of the one file there is."""
    ((path, raw),) = tree.items()
    document: Document = json.loads(raw)
    return path, document


def read(path: str, raw: bytes) -> Recording:
    return Recording(Path(path).name, parse(raw).value, len(raw))


def standing(path: str, raw: bytes) -> Standing:
    return identify(read(path, raw), TABLE).standing


def chat(question: str = "Any fog?", **parameters: Any) -> Recorded:
    return recorded(chat_request(question, **parameters), chat_answer("No."))


def stale(question: str = SCORED, **options: Any) -> Recorded:
    return recorded(chat_request(question), chat_answer("No."), dialect=SECOND, **options)


def unreachable(**options: Any) -> Recorded:
    return WRONG, recorded(chat_request("Any fog?"), chat_answer("No."), **options)[1]


# What really happened


def test_a_parameter_that_clients_now_send_is_added_and_the_name_is_what_they_ask_for() -> None:
    old = recorded(chat_request("Any fog?", tools=[]), chat_stream(["N", "o."]))
    new = recorded(
        chat_request("Any fog?", tools=[], parallel_tool_calls=True), chat_stream(["N", "o."])
    )

    made = migrated(placed(old), "--set", "/body/parallel_tool_calls=true")

    path, document = only(made)
    assert Path(path).name == new[0]
    assert document == new[1]
    assert list(document["request"]["body"])[-1] == "parallel_tool_calls"


def test_a_renamed_test_file_gets_the_names_that_recording_again_would_give() -> None:
    moved = "tests/integration/shore/test_light.py"
    tests = [f"{TEST}[{model}]" for model in ("gpt-4o", "llama")]
    old = [recorded(chat_request("Any fog?"), chat_answer("No."), test_id=one) for one in tests]
    new = [
        recorded(
            chat_request("Any fog?"), chat_answer("No."), test_id=f"{moved}::{one.split('::')[1]}"
        )
        for one in tests
    ]

    made = migrated(placed(*old), "--rename-test", f"{TEST.split('::')[0]}={moved}")

    assert made == placed(*new)


def test_a_tool_is_renamed_where_it_is_declared_and_where_it_was_called() -> None:
    def request(tool: str) -> Document:
        messages = [user("Any fog?"), assistant_call("call_1", tool, "{}"), tool_message("1", "no")]
        return chat_request(messages, tools=[function(tool, f"Ask {tool}.", where="at sea")])

    answer = chat_answer("Said get_fog: no.")

    made = migrated(
        placed(recorded(request("get_fog"), answer)),
        *("--replace", "/body/tools/*/function:get_fog=look_out"),
        *("--replace", "/body/messages/*/tool_calls:get_fog=look_out"),
    )

    assert made == placed(recorded(request("look_out"), answer))


def test_a_package_is_renamed_and_every_name_stays() -> None:
    typed = tool_result("no fog")
    typed["body"] = {"__type__": "harbour_api.tools.Result", "__data__": {"content": "no fog"}}
    old = placed(recorded(tool_request("look", {"at": "sea"}), typed), chat())

    made = migrated(old, "--rename-type", "harbour_api=shore_api")

    assert made == {
        path: raw.replace(b"harbour_api.tools", b"shore_api.tools") for path, raw in old.items()
    }
    assert made != old


def test_a_bulk_edit_reaches_urls_bodies_and_tests_and_leaves_all_findable() -> None:
    recordings = [chat("fog over fog-1"), chat("No fog", model="fog-1"), chat("wind")]
    http = recorded(http_request("https://fog.example/v1", {"ask": ["fog"]}), http_answer({}))

    made = migrated(
        placed(*recordings, http),
        *("--replace", "/body:fog=mist", "--replace", "/payload:fog=mist"),
        *("--replace", "/url:fog=mist", "--replace", "/model:fog=mist"),
        *("--rename-test", f"{TEST}={TEST}_mist"),
    )

    assert len(made) == 4
    assert all(standing(path, raw) is Standing.REACHABLE for path, raw in made.items())
    assert not any(
        b"fog" in json.dumps(json.loads(raw)["request"]).encode() for raw in made.values()
    )


# One file


def test_ids_in_the_answer_follow_the_name_and_nothing_else_in_it_changes() -> None:
    old = recorded(chat_request("Any fog?"), chat_stream(["N", "o."]))

    path, document = only(migrated(placed(old), "--set", "/body/seed=7"))

    short = Path(path).name[:12]
    assert short != old[0][:12]
    before = json.dumps(old[1]["response"])
    assert json.dumps(document["response"]) == before.replace(old[0][:12], short)


@pytest.mark.parametrize(
    ("made", "arguments"),
    [
        (recorded(http_request("https://a.example", {"a": 1}), http_answer({})), "/payload/a=2"),
        (recorded(tool_request("look", {"at": "sea"}), tool_result("")), '/kwargs/at="land"'),
        (recorded(generate_request("fog"), generate_stream(["a"])), '/body/prompt="mist"'),
        (recorded(models_request(), model_list(["a", "b"])), "/body/limit=2"),
    ],
    ids=["http", "tool", "ollama", "models"],
)
def test_every_kind_gets_the_name_of_its_new_request(made: Recorded, arguments: str) -> None:
    ((path, raw),) = migrated(placed(made), "--set", arguments).items()

    assert Path(path).name != made[0]
    assert standing(path, raw) is Standing.REACHABLE
    name, old = Name.parse(Path(path).name), Name.parse(made[0])
    assert name
    assert old
    assert name.digest == old.digest


def test_what_is_not_hashed_changes_without_a_new_name() -> None:
    old = chat()

    made = migrated(placed(old), "--set", '/headers/x-fog="thick"')

    assert list(made) == list(placed(old))
    assert only(made)[1]["request"]["headers"] == {"x-fog": "thick"}


def test_a_list_of_models_for_all_tests_is_moved_without_a_new_name() -> None:
    old = recorded(
        {**models_request("http://host"), "url": "http://host/v1/models"}, model_list(["a"])
    )

    made = migrated(placed(old), "--rename-test", "tests/integration/chat=tests/shore")

    assert list(made) == [f"tests/shore/recordings/{old[0]}"]


def test_a_recording_of_a_renamed_test_comes_out_of_the_folder_for_all_tests() -> None:
    rename = ["--rename-test", "tests/integration/chat=tests/integration/shore"]

    ((path, _),) = migrated(placed(chat(), folder=f"top/{SHARED}"), *rename).items()

    assert path.rpartition("/")[0] == "top/tests/integration/shore/recordings"


def test_a_recording_that_lies_astray_stays_there_while_its_test_stays_in_its_folder() -> None:
    rename = ["--rename-test", f"{TEST}={TEST}_b"]

    ((path, _),) = migrated(placed(chat(), folder="astray/recordings"), *rename).items()

    assert path.rpartition("/")[0] == "astray/recordings"


def test_a_canonical_file_stays_canonical() -> None:
    raw = next(iter(migrated(placed(chat()), "--set", '/body/x={"y": [1, {"z": "ä"}]}').values()))

    assert raw == canonical(json.loads(raw))


def test_a_file_that_is_spelled_otherwise_keeps_its_spelling() -> None:
    name, document = chat()
    raw = json.dumps(document, separators=(",", ":")).encode()

    ((path, made),) = migrated({f"recordings/{name}": raw}, "--set", "/body/seed=7").items()

    assert made == raw.replace(b',"stream":false}', b',"stream":false,"seed":7}').replace(
        name[:12].encode(), Path(path).name[:12].encode()
    )


def test_a_stale_recording_gets_the_name_of_the_target_too(tmp_path: Path) -> None:
    found = planned(grown(tmp_path, placed(stale())), "--set", "/body/seed=7")

    (action,) = found.plan.actions
    assert isinstance(action, Rename)
    assert action.review.reason.endswith("; was stale")
    assert found.standings[Standing.STALE] == 1
    made = simulate(placed(stale()), found.plan)
    assert all(standing(path, raw) is Standing.REACHABLE for path, raw in made.items())


def test_another_dialect_can_be_asked_for() -> None:
    ((path, raw),) = migrated(placed(chat(SCORED)), "--set", "/body/seed=7", to=SECOND).items()

    assert str(name_under(TABLE.find(SECOND), read(path, raw))) == Path(path).name
    assert standing(path, raw) is Standing.STALE


def test_a_short_name_goes_to_the_folder_for_short_names_and_back() -> None:
    tool = recorded(tool_request("look", {"at": "sea"}), tool_result("fog"))

    short = migrated(placed(tool), "--set", '/kwargs/at="land"', to=OLDEST)
    full = migrated(short, "--set", '/kwargs/at="sea"')

    assert len(Path(only(short)[0]).stem) == 12
    assert Path(only(short)[0]).parent.name == "responses"
    assert full == placed(tool)


def test_a_type_is_renamed_whatever_the_name_is_worth() -> None:
    old = placed(chat(), stale(), unreachable(), ("notes.json", chat("Wind?")[1]))

    made = migrated(old, "--rename-type", "openai.types=shore.types")

    assert made == {
        path: raw.replace(b'"openai.types.', b'"shore.types.') for path, raw in old.items()
    }


# What is left


def left(root: Path, tree: Tree, *arguments: str, **options: Any) -> list[tuple[str, str]]:
    """Why files are left, and in detail, by a migration that can do nothing else."""
    found = planned(grown(root, tree), *arguments, **options)
    assert not found.is_complete
    assert found.plan.is_empty
    return [(one.why, one.detail) for one in found.left]


def test_a_recording_whose_name_does_not_fit_before_is_left(tmp_path: Path) -> None:
    assert left(tmp_path, placed(unreachable()), "--set", "/body/seed=7") == [(Why.UNREACHABLE, "")]


def test_it_is_taken_along_where_that_is_asked_for() -> None:
    ((path, raw),) = migrated(
        placed(unreachable()), "--set", "/body/seed=7", include_unreachable=True
    ).items()

    assert standing(path, raw) is Standing.REACHABLE


def test_a_recording_that_the_edits_do_not_touch_is_not_even_judged(tmp_path: Path) -> None:
    tree = placed(unreachable(), chat("wind"))

    found = planned(grown(tmp_path, tree), "--replace", "/body:wind=storm")

    assert (found.is_complete, found.left, len(found.plan.actions)) == (True, (), 1)


def test_a_recording_from_before_test_ids_is_left_where_the_dialect_hashes_one(
    tmp_path: Path,
) -> None:
    name, document = recorded(chat_request("fog"), chat_answer("No."), dialect=OLDEST)
    del document["test_id"]
    tree = placed((name, {"test_id": None, **document}), folder="tests/recordings/responses")
    tree = {path: canonical(document) for path in tree}

    assert left(tmp_path, tree, "--set", "/body/seed=7") == [(Why.WITHOUT_TEST_ID, "")]


def test_a_list_of_models_from_before_test_ids_goes_to_where_all_tests_look() -> None:
    name, document = recorded(
        {**models_request("http://host"), "url": "http://host/v1/models"},
        model_list(["a"]),
        dialect=OLDEST,
    )
    del document["test_id"]
    old = {f"tests/integration/recordings/responses/{name}": canonical(document)}

    ((path, raw),) = migrated(old, "--set", "/body/limit=1").items()

    assert path.rpartition("/")[0] == SHARED
    assert standing(path, raw) is Standing.REACHABLE


@pytest.mark.parametrize(
    ("tree", "arguments", "why"),
    [
        (placed(recorded(file_request("f-1"), file_result("a"))), ["/api=1"], Why.RETIRED),
        (placed(("notes.json", chat()[1])), ["/body/seed=7"], Why.UNNAMED),
        (placed(chat()), ["/method=7"], Why.UNHASHABLE),
        (placed(chat()), ["/url=null"], Why.UNHASHABLE),
        ({f"recordings/{WRONG}": b"{"}, ["/body/seed=7"], Why.UNREADABLE),
        ({f"recordings/{WRONG}": b"[]"}, ["/body/seed=7"], Why.UNREADABLE),
        ({f"recordings/{WRONG}": b"\xff"}, ["/body/seed=7"], Why.UNREADABLE),
        (
            {f"recordings/{WRONG}": b'{"request": {"a": 1, "a": 2}, "response": {}}'},
            ["/a=3"],
            Why.FLAWED,
        ),
        (placed(chat()), ["/body/x=" + "[" * 190 + "]" * 190, "/body/y=1"], None),
        (
            placed(chat(deep={"a": {"b": {}}})),
            ["/body/deep/a/b/c=" + "[" * 199 + "]" * 199],
            Why.UNWRITABLE,
        ),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_changed_is_left_with_a_reason(
    tree: Tree, arguments: list[str], why: Why | None, tmp_path: Path
) -> None:
    given = [word for one in arguments for word in ("--set", one)]
    found = planned(grown(tmp_path, tree), *given)

    assert [one.why for one in found.left] == ([] if why is None else [why])
    assert found.plan.is_empty is (why is not None)


def test_a_flawed_file_that_no_edit_touches_is_not_told(tmp_path: Path) -> None:
    tree = {f"recordings/{WRONG}": b'{"request": {"a": 1, "a": 2}, "response": {}}'}

    found = planned(grown(tmp_path, tree | placed(chat())), "--set", "/body/seed=7")

    assert (found.left, found.is_complete) == ((), True)


@needs_posix
def test_a_link_is_left_and_what_it_leads_to_is_changed(tmp_path: Path) -> None:
    grown(tmp_path, placed(chat()))
    path = next(iter(placed(chat())))
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / Path(path).name).symlink_to(tmp_path / path)

    found = planned(tmp_path, "--set", "/body/seed=7")

    assert [one.why for one in found.left] == [Why.LINK]
    assert [one.path for one in found.plan.actions] == [path]


@pytest.mark.parametrize(
    "file", ["tests/a/../../../x.py", "/tests/a/x.py", "tests/a/.git/x.py", "tests/a/\0/x.py"]
)
def test_a_recorded_test_id_leads_no_file_out_of_the_tree(file: str, tmp_path: Path) -> None:
    name, document = recorded(chat_request("fog"), chat_answer("No."), test_id=f"{file}::test_x")
    tree = {f"tests/a/recordings/{name}": canonical(document)}
    old, new = ("tests/a", "tests/b") if file.startswith("tests") else ("/tests/a", "b")

    if file.startswith("/"):
        assert not planned(grown(tmp_path, tree), "--rename-test", "tests=b").plan.actions
    else:
        ((why, _),) = left(tmp_path, tree, "--rename-test", f"{old}={new}")
        assert why is Why.OUTSIDE


# Names that several want


def test_two_requests_that_become_one_leave_one_where_the_answers_are_the_same() -> None:
    made = migrated(placed(chat(seed=1), chat(seed=2)), "--delete", "/body/seed")

    assert made == placed(chat())


def test_two_requests_that_become_one_are_left_where_the_answers_differ(tmp_path: Path) -> None:
    one = recorded(chat_request("Any fog?", seed=1), chat_answer("Yes."))
    tree = placed(one, chat(seed=2))

    found = planned(grown(tmp_path, tree), "--delete", "/body/seed")

    (conflict,) = found.plan.conflicts
    assert conflict.path == next(iter(placed(chat())))
    assert conflict.claims == tuple(sorted(tree))
    assert (found.is_complete, found.plan.actions) == (False, ())


def test_the_new_recording_of_a_changed_request_stays_and_the_old_one_goes() -> None:
    new = recorded(chat_request("Any fog?", seed=1), chat_answer("Yes."))
    tree = placed(chat(), new)

    made = migrated(tree, "--set", "/body/seed=1", on_conflict=OnConflict.NEWEST, ages=lambda _: {})

    assert made == placed(new)


def test_a_file_that_is_not_selected_is_in_the_way_but_stays(tmp_path: Path) -> None:
    new = recorded(chat_request("Any fog?", seed=1), chat_answer("Yes."))
    tree = placed(chat(), new)

    def accepts(recording: Recording) -> bool:
        return "seed" not in recording.sent

    found = planned(grown(tmp_path, tree), "--set", "/body/seed=1", accepts=accepts)

    assert found.selected == 1
    assert len(found.plan.conflicts) == 1


@pytest.mark.parametrize(
    ("replacements", "after"),
    [
        (["south=east", "north=south"], ["south", "east"]),
        (["north=x", "south=north", "x=south"], ["south", "north"]),
    ],
    ids=["in a row", "in a circle"],
)
def test_a_name_may_be_taken_over_from_one_that_leaves_it(
    replacements: list[str], after: list[str]
) -> None:
    def tree(questions: list[str]) -> Tree:
        answers = ["a", "b"]
        return placed(
            *(
                recorded(chat_request(question), chat_answer(answer))
                for question, answer in zip(questions, answers, strict=True)
            )
        )

    given = [word for one in replacements for word in ("--replace", f"/body:{one}")]

    assert migrated(tree(["north", "south"]), *given) == tree(after)


def test_an_edit_under_its_own_name_is_what_a_rival_is_compared_with() -> None:
    """Types are renamed in both, so that their answers are the same before and after."""
    here = recorded(chat_request("fog", seed=1), chat_answer("No."))
    rival = recorded(chat_request("fog"), chat_answer("No."))

    made = migrated(placed(here, rival), "--set", "/body/seed=1", "--rename-type", "openai=shore")

    assert made == {
        path: raw.replace(b'"openai.types', b'"shore.types') for path, raw in placed(here).items()
    }


# Properties

WORDS = st.sampled_from(["fog", "wind", "score: 0.5", "tide 1.234567", ""])
PARTS = ["shore", "pier", "chat"]
TESTS = st.builds(
    lambda folder, file, name, parameters: (
        f"tests/{folder}/test_{file}.py::{name}{parameters and f'[{parameters}]'}"
    ),
    *(st.sampled_from(PARTS), st.sampled_from(PARTS)),
    *(st.sampled_from(["test_a", "TestA::test_a", "test_b"]), st.sampled_from(["", "x-1", "[::]"])),
)


@st.composite
def recordings(draw: st.DrawFn) -> Recorded:
    """Recordings of all kinds that have a hash, of any dialect, for tests and for none."""
    test_id = draw(st.none() | TESTS)
    text = draw(WORDS)
    more: dict[str, Any] = {"seed": draw(st.integers(0, 3))} if draw(st.booleans()) else {}
    request, response = draw(
        st.sampled_from(
            [
                (chat_request(text, **more), chat_answer(text)),
                (chat_request([user(text), user("fog")]), chat_stream([text, "."])),
                (http_request("https://a.example/v1", {"ask": text, **more}), http_answer({})),
                (tool_request("look", {"at": text, **more}), tool_result(text)),
                (generate_request(text), generate_stream([text])),
                (models_request(), model_list(["a", text])),
            ]
        )
    )
    dialect = draw(st.sampled_from(TABLE.dialects[1:])).name
    return recorded(request, response, test_id=test_id, dialect=dialect)


TREES = st.lists(recordings(), min_size=1, max_size=4).map(lambda made: placed(*made))

EDITS = st.lists(
    st.sampled_from(
        [
            ("--set", "/body/parallel=true"),
            ("--set", "/body/messages/*/name=null"),
            ("--set", '/payload/ask="wind"'),
            ("--set", '/kwargs/at={"x": 1}'),
            ("--delete", "/body/seed"),
            ("--delete", "/body/messages/1"),
            ("--replace", "/body:fog=mist"),
            ("--replace", "/url:a.example=b.example"),
            ("--rename-test", "tests/shore=tests/far/away"),
            ("--rename-test", "tests/pier/test_pier.py::TestA=tests/test_x.py::TestB"),
            ("--rename-type", "openai.types=shore"),
        ]
    ),
    min_size=1,
    max_size=3,
    unique=True,
).map(lambda pairs: [word for pair in pairs for word in pair])


def all_of(tree: Tree, arguments: Sequence[str], **options: Any) -> tuple[Migration, Tree]:
    """A migration that settles all conflicts, and what it makes."""
    with TemporaryDirectory() as folder:
        root = grown(Path(folder), tree)
        ages = {path: place for place, path in enumerate(sorted(tree))}
        found = planned(
            root, *arguments, on_conflict=OnConflict.OLDEST, ages=lambda _: ages, **options
        )
        return found, simulate(tree, found.plan)


@settings(max_examples=150, deadline=None)
@given(TREES, EDITS)
def test_every_file_that_gets_a_new_request_has_the_name_of_it(
    tree: Tree, arguments: list[str]
) -> None:
    found, made = all_of(tree, arguments)

    for action in found.plan.actions:
        if isinstance(action, Rename):
            assert standing(action.to, made[action.to]) is Standing.REACHABLE
        elif isinstance(action, Edit):
            before, after = (json.loads(one[action.path]) for one in (tree, made))
            is_same = before["request"] == after["request"]
            assert is_same or standing(action.path, made[action.path]) is Standing.REACHABLE


@settings(max_examples=150, deadline=None)
@given(TREES, EDITS)
def test_no_answer_changes_but_for_ids_and_types(tree: Tree, arguments: list[str]) -> None:
    found, made = all_of(tree, arguments)

    for action in found.plan.actions:
        if isinstance(action, Rename):
            old, new = (name[:12] for name in map(_digits, (action.path, action.to)))
            before = json.dumps(json.loads(tree[action.path])["response"])
            before = before.replace(f'"rec-{old}"', f'"rec-{new}"')
            if "--rename-type" in arguments:
                before = before.replace('"__type__": "openai.types.', '"__type__": "shore.')
            assert json.dumps(json.loads(made[action.to])["response"]) == before


def _digits(path: str) -> str:
    name = Name.parse(Path(path).name)
    assert name
    return name.digits


@settings(max_examples=100, deadline=None)
@given(TREES, EDITS)
def test_nothing_outside_the_selection_is_touched(tree: Tree, arguments: list[str]) -> None:
    def accepts(recording: Recording) -> bool:
        return recording.is_streaming

    found, made = all_of(tree, arguments, accepts=accepts)

    others = {path: raw for path, raw in tree.items() if not read(path, raw).is_streaming}
    assert others.items() <= made.items()
    assert found.selected == len(tree) - len(others)


@settings(max_examples=100, deadline=None)
@given(TREES, EDITS)
def test_a_migration_made_twice_finds_nothing_to_do(tree: Tree, arguments: list[str]) -> None:
    _, once = all_of(tree, arguments)
    again, _ = all_of(once, arguments)

    # Of a list that lost an item, the same place may hold another.
    assert again.plan.is_empty or "/body/messages/1" in arguments


@settings(max_examples=20, deadline=None)
@given(TREES, EDITS)
def test_what_is_carried_out_is_what_was_planned_and_can_be_taken_back(
    tree: Tree, arguments: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        root = grown(Path(folder).resolve(), tree)
        ages = dict.fromkeys(tree, 0)
        found = planned(root, *arguments, on_conflict=OnConflict.OLDEST, ages=lambda _: ages)
        assume(not found.plan.is_empty)

        execute(found.plan)
        assert contents(root) == simulate(tree, found.plan)

        execute(undoing(root))
        assert contents(root) == tree


THERE_AND_BACK = [
    (["--set", "/body/fresh=[1]"], ["--delete", "/body/fresh"]),
    (["--replace", "/body:fog=zephyr"], ["--replace", "/body:zephyr=fog"]),
    (
        ["--rename-test", "tests/shore=tests/far/off"],
        ["--rename-test", "tests/far/off=tests/shore"],
    ),
    (
        ["--rename-test", "tests/pier/test_pier.py=x/test_y.py"],
        ["--rename-test", "x/test_y.py=tests/pier/test_pier.py"],
    ),
    (["--rename-type", "openai.types=shore"], ["--rename-type", "shore=openai.types"]),
]


@settings(max_examples=150, deadline=None)
@given(TREES, st.sampled_from(THERE_AND_BACK))
def test_an_edit_and_its_reverse_give_the_same_bytes_and_names(
    tree: Tree, arguments: tuple[list[str], list[str]]
) -> None:
    there, back = arguments
    # A stale one comes back under today's name, and may be lost to one that has it.
    fresh = {path: raw for path, raw in tree.items() if standing(path, raw) is Standing.REACHABLE}

    assume(fresh)

    _, changed = all_of(fresh, there)

    assert all_of(changed, back)[1] == fresh


# The command


def migrate(root: Path, *arguments: str, **options: Any) -> Ran:
    return run_here("migrate", *arguments, cwd=root, **options)


def test_without_apply_the_plan_is_printed_and_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())
    before = snapshot(tmp_path)

    ran = migrate(tmp_path, "--set", "/body/seed=7")

    assert snapshot(tmp_path) == before
    assert ran.code == 0
    new = chat(seed=7)[0]
    # The parameter goes to the end of the body, which makes no difference to the hash.
    assert ran.lines == [
        TEST,
        f"  rename {chat()[0][:12]} → {new[:12]}  /body/seed added: 7",
        "1 with another request: their stored answers were given to the old ones",
    ]
    assert ran.errors == ["recctl: migrate: 1 rename; nothing is changed without --apply"]


def test_what_is_applied_can_be_undone(tmp_path: Path) -> None:
    tree = placed(chat(), stale(), chat("wind"))
    grown(tmp_path, tree)
    rename = ["--rename-test", "tests/integration/chat=tests/shore"]

    done = migrate(tmp_path, *rename, "--set", "/body/seed=7", "--apply")

    assert done.code == 0
    changed = contents(tmp_path)
    assert {path.rpartition("/")[0] for path in changed} == {"tests/shore/recordings"}
    assert all(standing(path, raw) is Standing.REACHABLE for path, raw in changed.items())
    assert run_here("undo", "--apply", cwd=tmp_path).code == 0
    assert contents(tmp_path) == tree


def test_a_plan_that_was_written_does_the_same(tmp_path: Path) -> None:
    grown(tmp_path, placed(chat(), chat("wind")))
    work = tmp_path / "tests"
    plan_file = tmp_path / "plan.json"

    planned = migrate(work, "--set", '/body/x={"y": "ä"}', "--plan-out", str(plan_file))
    assert planned.code == 0
    assert run_here("apply", plan_file, cwd=work).code == 0

    assert all(standing(path, raw) is Standing.REACHABLE for path, raw in contents(work).items())


def test_the_plan_as_json_fits_its_schema_and_has_before_and_after(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())

    plan = migrate(tmp_path, "--replace", "/body:fog=mist", "--format", "json").json

    assert schema.explain("plan", plan) is None
    (action,) = plan["actions"]
    edits = {(one["old"], one["new"]) for one in action["edits"]}
    assert ('"Any fog?"', '"Any mist?"') in edits


def test_edits_are_made_in_the_order_of_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())
    forward = ["--set", '/body/model="fog"', "--replace=/body/model:fog=mist"]
    backward = ["--replace=/body/model:4o=5", "--set", '/body/x="4o"', "--replace", "/body/x:4=6"]

    first = migrate(tmp_path, ".", *forward, "--apply")
    second = migrate(tmp_path, *backward, ".", "--apply", "--allow-dirty")

    assert (first.code, second.code) == (0, 1)
    (document,) = map(json.loads, contents(tmp_path).values())
    assert document["request"]["body"]["model"] == "mist"
    assert document["request"]["body"]["x"] == "6o"


def test_a_process_of_its_own_knows_the_order_too(tmp_path: Path) -> None:
    if not IS_KNOWN:
        pytest.skip("the command is not among those of the program")
    write(tmp_path, "recordings", chat())

    ran = run("migrate", "--delete", "/body/a", "--set", "/body/a=1", cwd=tmp_path)

    assert "/body/a added: 1" in ran.stdout


def test_a_file_with_the_name_of_the_command_does_not_confuse_it(tmp_path: Path) -> None:
    (tmp_path / "migrate").mkdir()
    write(tmp_path / "migrate", "recordings", chat())

    ran = migrate(tmp_path, "migrate", "--delete", "/body/a", "--set", "/body/a=1")

    assert "/body/a added: 1" in ran.stdout


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([], 3),
        (["--model", "fog*"], 1),
        (["--test", "test_other"], 1),
        (["--where", "request.body.stream=true"], 1),
        (["--where", "request.body.stream=false", "--test", "test_answers"], 1),
        (["--kind", "inference", "--provider", "openai", "--endpoint", "/v1/chat/*"], 3),
    ],
    ids=str,
)
def test_only_what_passes_all_filters_is_changed(
    filters: list[str], count: int, tmp_path: Path
) -> None:
    streamed = recorded(chat_request("Any fog?", stream=True), chat_stream(["No."]))
    other = recorded(chat_request("x"), chat_answer("y"), test_id="tests/test_other.py::test_x")
    grown(tmp_path, placed(chat(model="fog-1"), streamed, other))

    ran = migrate(tmp_path, "--set", "/body/seed=7", *filters, "--format", "json")

    assert ran.json["summary"]["renames"] == count


def test_nothing_that_passes_is_said_and_ends_in_1(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())

    ran = migrate(tmp_path, "--set", "/body/seed=7", "--model", "unheard-of")

    assert (ran.code, ran.stdout) == (1, "")
    assert ran.errors[-1] == "recctl: nothing found among 1 recording"


def test_what_is_so_already_is_nothing_to_do(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat(seed=7))

    ran = migrate(tmp_path, "--set", "/body/seed=7", "--check")

    assert (ran.code, ran.stdout) == (0, "")
    assert ran.errors == ["recctl: migrate: nothing to do"]


def test_check_ends_in_1_where_there_is_something_to_do(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())

    assert migrate(tmp_path, "--set", "/body/seed=7", "--check").code == 1


def test_an_edit_that_finds_nothing_is_named_and_ends_in_1(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat())
    long = "x" * 500

    ran = migrate(
        tmp_path,
        *("--set", "/body/seed=7", "--rename-test", "tests/a=tests/b"),
        *("--replace", f"/body:{long}=y"),
    )

    assert ran.code == 1
    assert ran.errors[1:] == [
        "recctl: --rename-test tests/a=tests/b: matches nothing in 1 recording",
        f"recctl: --replace /body:{'x' * 113}…: matches nothing in 1 recording",
    ]


def test_what_is_left_is_told_with_what_to_do_about_it(tmp_path: Path) -> None:
    grown(tmp_path, placed(chat("wind"), unreachable()))

    ran = migrate(tmp_path, "--set", "/body/seed=7")

    assert ran.code == 1
    assert ran.lines[-1].startswith("1 unreachable, left as it is: ")
    assert ran.errors[-1].endswith("taken along with: --include-unreachable")
    taken = migrate(tmp_path, "--set", "/body/seed=7", "--include-unreachable")
    assert taken.code == 0
    assert "1 had names that did not fit their requests, and get others" in taken.lines
    assert taken.errors[-1].endswith("set them with: recctl normalize --only ids")


def test_contested_names_are_told_with_what_to_do_about_it(tmp_path: Path) -> None:
    one = recorded(chat_request("Any fog?", seed=1), chat_answer("Yes."))
    grown(tmp_path, placed(one, chat(seed=2)))

    ran = migrate(tmp_path, "--delete", "/body/seed")

    assert ran.code == 1
    assert ran.errors[-1].endswith("decide with: --on-conflict newest|oldest|existing")
    decided = migrate(tmp_path, "--delete", "/body/seed", "--on-conflict", "newest", "--apply")
    assert decided.code == 0
    assert len(contents(tmp_path)) == 1


def test_as_json_every_file_that_is_left_has_a_line(tmp_path: Path) -> None:
    tests = [f"tests/test_{number}.py::test_x" for number in range(9)]
    grown(tmp_path, {k: v for one in tests for k, v in placed(unreachable(test_id=one)).items()})
    for number in range(9):
        grown(tmp_path, placed(unreachable(), folder=f"t{number}/recordings"))

    plan = migrate(tmp_path, "--set", "/body/seed=7", "--format", "json").json

    assert len(plan["notes"]) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to change: give --set, --delete, --replace, --rename-test, --rename-type"),
        (["--set", "body=1"], "a PATH begins with /"),
        (["--set", "/body/model=fog"], "a text stands in quotes"),
        (["--rename-test", "tests/a=../b"], "no path below the root"),
        (["--set", "/a=1", "--to", "ogx-2026"], "no dialect 'ogx-2026'"),
        (["--set", "/a=1", "--where", "x"], "is not KEY=GLOB"),
        (["--set", "/a=1", "--apply", "--check"], "take one"),
        (["--set", "/a=1", "nowhere"], "nowhere: no such file or folder"),
        (["--delete"], "requires an argument"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    write(tmp_path, "recordings", chat())
    before = snapshot(tmp_path)

    ran = migrate(tmp_path, *arguments)

    assert (ran.code, ran.stdout) == (2, "")
    assert message in ran.stderr
    assert len(ran.errors) == 1
    assert snapshot(tmp_path) == before


def test_a_rename_into_a_guarded_folder_is_left(tmp_path: Path) -> None:
    grown(tmp_path, placed(chat()))

    ran = migrate(tmp_path, "--rename-test", "tests/integration=.git/hooks")

    assert ran.code == 1
    assert "nothing in .git or .recctl is changed by a plan" in ran.stdout


def test_hostile_values_are_printed_harmless(tmp_path: Path) -> None:
    write(tmp_path, "recordings", chat("\x1b[2J\u202efog\n"))

    ran = migrate(tmp_path, "--replace", "/body:fog=mist\x1b[31m")

    assert ran.code == 0
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "\u202e" not in ran.stdout


def test_the_help_tells_paths_order_and_what_is_left(tmp_path: Path) -> None:
    text = " ".join(migrate(tmp_path, "--help").stdout.split())

    assert "in the order in which they are given" in text
    assert "--include-unreachable" in text


# Real recordings

CORPUS = Path(os.environ.get("RECCTL_TEST_CORPUS", Path(__file__).parents[2] / "shared" / "data"))
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"no real recordings in {CORPUS}; set RECCTL_TEST_CORPUS"
)


def real(path: str) -> Tree:
    root = CORPUS / path
    return {
        entry.path.relative_to(root).as_posix(): entry.path.read_bytes()
        for entry in find([str(root)]).entries
    }


@needs_corpus
def test_a_real_rename_of_a_package_is_reproduced_byte_for_byte() -> None:
    history = "history/2025-11-13-api-package-rename"
    rename = ["--rename-type", "llama_stack.apis.tools.tools=llama_stack_api.tools"]

    assert migrated(real(f"{history}/before"), *rename) == real(f"{history}/after")


@needs_corpus
def test_a_real_new_default_gives_the_names_that_were_recorded_again() -> None:
    history = "history/2025-10-10-stream-options"
    added = ["--set", '/body/stream_options={"include_usage": true}']

    made = migrated(real(f"{history}/before"), *added, to="ogx-2025-10-09")

    assert len(made) == 4
    assert made.keys() <= real(f"{history}/after").keys()
