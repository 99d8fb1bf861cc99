"""The rules: the table, and what each says of small good and bad recordings."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.corpus import Entry, find
from recctl.diagnostics import Severity
from recctl.dialects import hash_under, name_under, published
from recctl.errors import UsageError
from recctl.hashing import canonical
from recctl.recording import Recording
from recctl.rules import BEYOND_RULES, CORPUS_RULES, FILE_RULES, LEFTOVER_RULES, TABLE
from recctl.rules.selection import find as find_rule
from recctl.validate import validate
from tests.build import (
    TEST,
    Document,
    Recorded,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    completion_request,
    embedding_request,
    embeddings,
    exception,
    file_request,
    file_result,
    folder_of,
    generate_request,
    generate_stream,
    http_answer,
    http_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_call_stream,
    tool_request,
    tool_result,
    write,
)
from tests.examine import examine
from tests.strategies import json_values, mutated

NEWEST = published().target
BESIDE = folder_of(TEST)
SHARED = folder_of(None)
OTHER_HASH = "feedbeac00" + "ab" * 27

FOG = recording(chat_request("Is there fog?"), chat_answer("None."))
FOG_STREAM = recording(chat_request("Fog?", stream=True), chat_stream(["No", "ne."]))
SCORED = chat_request("The log says score: 0.875")
MODELS = recording(models_request(), model_list(["fog-1b", "beacon-7b"]), test_id=None)

Said = list[tuple[str, str, str]]
"""Of each finding: the rule's name, the pointer, the message."""


def said_of(path: Path) -> Said:
    return [(one.name, one.pointer, one.message) for one in examine(Entry(path))]


def said_by(rule: str, path: Path) -> list[tuple[str, str]]:
    return [(pointer, message) for name, pointer, message in said_of(path) if name == rule]


def written(root: Path, document: Document, name: str, folder: str = BESIDE) -> Path:
    return write(root, folder, (name, document))


def raw_file(root: Path, raw: bytes, name: str = f"{OTHER_HASH}.json") -> Path:
    path = root / name
    path.write_bytes(raw)
    return path


def with_request(document: Document, **changes: Any) -> Document:
    return {**document, "request": {**document["request"], **changes}}


def asking(document: Document, question: str) -> Document:
    """The document with another question asked, and the same answer."""
    body = chat_request(question)["body"]
    return with_request(document, body=body)


def answered_with_id(document: Document, *ids: str) -> Document:
    """The document with other ids in its answer: one, or one for each of the first chunks."""
    copy: Document = json.loads(json.dumps(document))
    body = copy["response"]["body"]
    chunks = body if isinstance(body, list) else [body]
    for chunk, one in zip(chunks, ids, strict=False):
        chunk["__data__"]["id"] = one
    return copy


def needed(document: Document) -> str:
    """The name that the newest dialect gives to a document."""
    return str(name_under(NEWEST, Recording("", document, 0)))


def hashed(document: Document) -> str:
    return hash_under(NEWEST, Recording("", document, 0))[:12]


# The table


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.name)
def test_a_rule_is_well_made(rule: Any) -> None:
    assert re.fullmatch(r"[JSIWHU][1-9]\d\d", rule.code)
    assert rule.severity in Severity
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.title.endswith(".")
    assert "\nWhat to do: " in rule.doc


def test_codes_and_names_are_unique() -> None:
    words = [word for rule in TABLE for word in (rule.code.lower(), rule.name)]

    assert len(set(words)) == len(words) == 2 * len(TABLE)


def test_the_table_is_in_the_order_of_codes_within_each_letter() -> None:
    for letter in "JSIWHU":
        codes = [rule.code for rule in TABLE if rule.code.startswith(letter)]
        assert codes == sorted(codes)


def test_the_table_holds_every_rule() -> None:
    assert {*FILE_RULES, *BEYOND_RULES, *CORPUS_RULES, *LEFTOVER_RULES} == set(TABLE)


def test_every_rule_is_named_by_a_test() -> None:
    tests = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py")
    )

    assert [rule.name for rule in TABLE if f'"{rule.name}' not in tests] == []


@pytest.mark.parametrize("word", ["I303", "i303", "stale", "STALE"])
def test_a_rule_is_found_by_code_or_name_in_any_case(word: str) -> None:
    assert find_rule(TABLE, word).name == "stale"


def test_an_unknown_rule_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="no rule 'unreachible', did you mean unreachable"):
        find_rule(TABLE, "unreachible")


# What is right


GOOD: list[Recorded] = [
    FOG,
    FOG_STREAM,
    MODELS,
    recording(
        chat_request("When is the ebb?", stream=True),
        tool_call_stream("tide", ['{"port": ', '"Kiel"}'], call_id="call_1"),
    ),
    recording(completion_request("The lamp"), completion(" is lit.")),
    recording(embedding_request(["fog"]), embeddings([[0.25, -0.5]])),
    recording(generate_request("Fog?"), generate_stream(["No", "."])),
    recording(
        http_request("http://localhost:11434/v1/messages", {"model": "m", "stream": True}),
        messages_stream(["Calm", " sea."]),
    ),
    recording(
        http_request("https://tides.example/v1/rerank", {"query": "ebb"}),
        http_answer({"results": []}),
    ),
    recording(tool_request("search", {"query": "fog horn"}), tool_result("Loud.")),
    recording(chat_request("Fog?", temperature=9), exception("Too warm.")),
]


@pytest.mark.parametrize("recorded", GOOD)
def test_a_good_recording_gives_no_finding(tmp_path: Path, recorded: Recorded) -> None:
    assert said_of(write(tmp_path, folder_of(recorded[1]["test_id"]), recorded)) == []


# J: the text

TEXTS = [
    (b"\xff", "not-utf8", 1, "byte 0xff at offset 0 is not UTF-8"),
    (b"", "invalid-json", 1, "the file is empty"),
    (b"{\n<<<<<<< HEAD\n", "merge-markers", 2, "an unresolved merge: resolve the conflict,"),
    (b'{\n"a": 1,}', "invalid-json", 2, "unexpected ',', column 7"),
    (b"[" * 300 + b"]" * 300, "invalid-json", 1, "nested deeper than 200 levels"),
]


@pytest.mark.parametrize(("raw", "rule", "line", "message"), TEXTS)
def test_a_file_that_is_no_json_gets_one_finding(
    tmp_path: Path, raw: bytes, rule: str, line: int, message: str
) -> None:
    (finding,) = examine(Entry(raw_file(tmp_path, raw)))

    assert (finding.name, finding.pointer, finding.line) == (rule, "", line)
    assert finding.message.startswith(message)


def test_a_byte_order_mark_is_all_that_is_wrong_with_a_good_recording(tmp_path: Path) -> None:
    path = write(tmp_path, BESIDE, FOG)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert said_of(path) == [
        ("byte-order-mark", "", "the file starts with a byte order mark, which JSON readers refuse")
    ]


def test_a_duplicate_key_is_found_where_its_last_value_stands(tmp_path: Path) -> None:
    path = write(tmp_path, BESIDE, FOG)
    path.write_bytes(
        path.read_bytes().replace(b'"method": "POST",', b'"method": "GET",\n"method": "POST",')
    )

    (finding,) = examine(Entry(path))

    assert (finding.name, finding.pointer, finding.line) == ("duplicate-keys", "/request/method", 5)


def test_what_is_no_number_is_found_where_it_stands(tmp_path: Path) -> None:
    recorded = recording(embedding_request(["fog"]), embeddings([[0.25, float("nan")]]))

    assert said_of(write(tmp_path, BESIDE, recorded)) == [
        ("not-a-number", "/response/body/__data__/data/0/embedding/1", "NaN is no JSON number")
    ]


def test_a_file_that_is_gone_is_unreadable_and_has_no_line(tmp_path: Path) -> None:
    (finding,) = examine(Entry(tmp_path / f"{OTHER_HASH}.json"))

    assert (finding.name, finding.line) == ("unreadable", None)
    assert finding.message == "cannot be read: no such file or directory"


def test_an_obstacle_seen_before_opening_is_told(tmp_path: Path) -> None:
    entry = Entry(tmp_path / f"{OTHER_HASH}.json", obstacle="a folder: permission denied")

    (finding,) = examine(entry)

    assert finding.message == "cannot be read: a folder: permission denied"


# S: the structure


def test_an_unknown_key_violates_the_schema_where_it_stands(tmp_path: Path) -> None:
    name, document = FOG
    path = written(tmp_path, with_request(document, note="edited"), name)

    (finding,) = examine(Entry(path))

    assert (finding.name, finding.pointer, finding.line) == ("schema", "/request", 3)
    assert "note" in finding.message


def test_a_value_of_another_type_violates_the_schema(tmp_path: Path) -> None:
    name, document = FOG
    wrong = {**document, "response": {**document["response"], "is_streaming": "no"}}

    ((pointer, _),) = said_by("schema", written(tmp_path, wrong, name))

    assert pointer == "/response/is_streaming"


@pytest.mark.parametrize("raw", [b"[]", b"7", b'"fog"', b"null", b"{}", b'{"request": {}}'])
def test_what_is_named_like_a_recording_must_be_one(tmp_path: Path, raw: bytes) -> None:
    (finding,) = examine(Entry(raw_file(tmp_path, raw)))

    assert (finding.name, finding.pointer, finding.line) == ("schema", "", 1)


def test_what_neither_is_nor_is_named_a_recording_need_not_fit(tmp_path: Path) -> None:
    assert [name for name, _, _ in said_of(raw_file(tmp_path, b"{}", "notes.json"))] == ["bad-name"]


def test_a_halved_surrogate_pair_does_not_violate_the_schema(tmp_path: Path) -> None:
    recorded = recording(chat_request("Fog \ud83d?"), chat_answer("\ude00"))

    assert said_of(write(tmp_path, BESIDE, recorded)) == []


# I301: names


@pytest.mark.parametrize("raw", [b"not json", b"\xff"])
def test_a_file_of_another_name_that_cannot_be_parsed_is_named(tmp_path: Path, raw: bytes) -> None:
    path = raw_file(tmp_path, raw, "notes.json")

    assert said_by("bad-name", path) == [("", "not a recording's name")]


@pytest.mark.parametrize("raw", [b"{}", b"[1]"])
def test_a_file_of_another_name_that_holds_no_recording_is_named(
    tmp_path: Path, raw: bytes
) -> None:
    assert said_by("bad-name", raw_file(tmp_path, raw, "notes.json")) == [
        ("", "not a recording's name, and the file holds no recording")
    ]


@pytest.mark.parametrize(
    "name", ["fog.json", f"{OTHER_HASH[:63]}.json", f"{OTHER_HASH.upper()}.json"]
)
def test_a_recording_of_another_name_is_told_the_name_it_needs(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, FOG[1], name)

    assert said_of(path) == [
        ("bad-name", "", f"not a recording's name; ogx-2026-04-09 needs {FOG[0]}")
    ]


def test_a_recording_whose_hash_cannot_be_computed_is_told_no_name(tmp_path: Path) -> None:
    document = {"test_id": TEST, "request": {"body": {}}, "response": {"body": None}}

    assert said_by("bad-name", written(tmp_path, document, "fog.json")) == [
        ("", "not a recording's name")
    ]


def test_a_model_list_needs_the_digest_in_its_name(tmp_path: Path) -> None:
    name, document = MODELS
    digits = name.split("-")[1]

    assert said_of(written(tmp_path, document, f"{digits}.json", SHARED)) == [
        (
            "bad-name",
            "",
            f"the name of a model list lacks its digest; ogx-2026-04-09 needs {name}",
        )
    ]


def test_what_is_no_model_list_may_not_be_named_as_one(tmp_path: Path) -> None:
    name, document = FOG
    path = written(tmp_path, document, f"models-{name.removesuffix('.json')}-0a1b2c3d.json")

    assert said_of(path) == [
        ("bad-name", "", f"named as a model list, which it is not; ogx-2026-04-09 needs {name}")
    ]


def test_a_recording_that_has_the_name_it_needs_has_no_bad_name(tmp_path: Path) -> None:
    """A question for models that failed has no list, so there is no digest to give."""
    name, document = recording(models_request(), exception("No models."), test_id=None)

    assert name == needed(document)
    assert said_by("bad-name", written(tmp_path, document, name, SHARED)) == []


def test_short_names_of_model_lists_are_left_to_the_rule_on_stale_ones(tmp_path: Path) -> None:
    recorded = recording(
        models_request(), model_list(["fog-1b"]), test_id=None, dialect="ogx-2025-07-29"
    )

    assert [name for name, _, _ in said_of(write(tmp_path, SHARED, recorded))] == ["stale"]


# I302: unreachable


def test_of_an_edited_request_the_answer_sides_with_the_name(tmp_path: Path) -> None:
    name, document = FOG
    edited = asking(document, "Is there mist?")

    assert said_of(written(tmp_path, edited, name)) == [
        (
            "unreachable",
            "/request",
            f"the request now hashes to {hashed(edited)}; its answer has the name's id:"
            " the request or its test id was edited since",
        )
    ]


def test_of_a_renamed_file_the_answer_sides_with_the_request(tmp_path: Path) -> None:
    _, document = FOG

    assert said_by("unreachable", written(tmp_path, document, f"{OTHER_HASH}.json")) == [
        (
            "/request",
            f"the request now hashes to {hashed(document)}; its answer's id fits the request"
            " under ogx-2026-04-09: the file was renamed",
        )
    ]


def test_a_renamed_file_may_be_of_an_older_dialect(tmp_path: Path) -> None:
    _, document = recording(SCORED, chat_answer("Clear."), dialect="ogx-2026-01-21")

    ((_, message),) = said_by("unreachable", written(tmp_path, document, f"{OTHER_HASH}.json"))

    assert message.endswith("under ogx-2026-03-18: the file was renamed")


def test_an_answer_may_side_with_neither(tmp_path: Path) -> None:
    name, document = FOG
    mixed = answered_with_id(asking(document, "Is there mist?"), "rec-0a1b2c3d4e5f")

    ((_, message),) = said_by("unreachable", written(tmp_path, mixed, name))

    assert message == (
        f"the request now hashes to {hashed(mixed)}; its answer's id is of a third request,"
        " 0a1b2c3d4e5f: copied or recorded again in part"
    )


def test_the_third_request_is_never_the_one_in_the_name(tmp_path: Path) -> None:
    """Of chunks with several ids, one of them the name's, the other one is told."""
    name, document = FOG_STREAM
    mixed = answered_with_id(asking(document, "Is there mist?"), "rec-ffffffffffff")

    ((_, message),) = said_by("unreachable", written(tmp_path, mixed, name))

    assert "of a third request, ffffffffffff:" in message


@pytest.mark.parametrize(
    "recorded",
    [
        recording(chat_request("Is there fog?"), exception("No.")),
        recording(chat_request("Is there fog?"), embeddings([[0.5]])),
    ],
    ids=["exception", "embeddings"],
)
def test_an_answer_without_id_tells_nothing(tmp_path: Path, recorded: Recorded) -> None:
    name, document = recorded
    edited = asking(document, "Is there mist?")

    assert said_by("unreachable", written(tmp_path, edited, name)) == [
        (
            "/request",
            f"the request now hashes to {hashed(edited)};"
            " its answer has no id to tell what was edited",
        )
    ]


def test_a_test_id_that_was_put_in_later_is_told(tmp_path: Path) -> None:
    name, document = recording(chat_request("Is there fog?"), chat_answer("No."), test_id=None)
    owned = {**document, "test_id": TEST}

    assert said_of(written(tmp_path, owned, name)) == [
        (
            "unreachable",
            "/request",
            f"the request now hashes to {hashed(owned)};"
            " the name fits the same request with no test id: the test id was edited",
        )
    ]


def test_a_request_that_lacks_its_url_cannot_have_given_the_name(tmp_path: Path) -> None:
    name, document = FOG
    request = {key: value for key, value in document["request"].items() if key != "url"}

    path = written(tmp_path, {**document, "request": request}, name)

    assert said_by("unreachable", path) == [
        ("/request", "no dialect gives this name: the request has no url")
    ]


def test_a_request_of_no_known_kind_cannot_have_given_the_name(tmp_path: Path) -> None:
    name, document = FOG

    assert said_by("unreachable", written(tmp_path, {**document, "request": {}}, name)) == [
        ("/request", "no dialect gives this name: the request is of no known kind")
    ]


def test_what_is_unreachable_is_shown_at_the_request(tmp_path: Path) -> None:
    name, document = FOG
    path = written(tmp_path, asking(document, "Is there mist?"), name)

    assert [one.line for one in examine(Entry(path))] == [3]


# I303: stale


def test_a_stale_recording_is_told_what_fits_and_what_is_needed(tmp_path: Path) -> None:
    name, document = recording(SCORED, chat_answer("Clear."), dialect="ogx-2026-01-21")

    assert said_of(written(tmp_path, document, name)) == [
        (
            "stale",
            "/request",
            f"fits ogx-2025-10-04 … ogx-2026-03-18 only; ogx-2026-04-09 needs {needed(document)}",
        )
    ]


def test_a_recording_may_be_stale_by_its_short_name_alone(tmp_path: Path) -> None:
    name, document = recording(
        tool_request("search", {"query": "fog"}), tool_result("Loud."), dialect="ogx-2025-07-29"
    )

    assert said_of(written(tmp_path, document, name)) == [
        ("stale", "/request", f"a short name; ogx-2026-04-09 needs {needed(document)}")
    ]


# I304: retired


def test_a_retired_kind_is_neither_unreachable_nor_stale(tmp_path: Path) -> None:
    recorded = recording(file_request("logbook.pdf"), file_result(["Storm."]))

    assert said_of(write(tmp_path, BESIDE, recorded)) == [
        ("retired-kind", "/request", "kind file is not replayed since 2026-04-09")
    ]


# I305: ids in the answer


def test_a_wrong_id_in_a_single_answer_is_found(tmp_path: Path) -> None:
    name, document = FOG
    wrong = answered_with_id(document, "rec-0a1b2c3d4e5f")

    assert said_of(written(tmp_path, wrong, name)) == [
        (
            "response-id-mismatch",
            "/response/body/__data__/id",
            f"the answer's id is rec-0a1b2c3d4e5f, not rec-{name[:12]}",
        )
    ]


def test_wrong_ids_in_chunks_are_found_once_and_counted(tmp_path: Path) -> None:
    name, document = FOG_STREAM
    good = f"rec-{name[:12]}"
    wrong = answered_with_id(document, good, "rec-0a1b2c3d4e5f", "rec-ffffffffffff")

    assert said_by("response-id-mismatch", written(tmp_path, wrong, name)) == [
        (
            "/response/body/1/__data__/id",
            f"the answer's id is rec-0a1b2c3d4e5f, not {good}, in 2 chunks",
        )
    ]


@pytest.mark.parametrize("one", ["", "chatcmpl-77", "resp_1"])
def test_ids_that_the_recorder_did_not_write_are_only_volatile(tmp_path: Path, one: str) -> None:
    name, document = FOG

    found = said_of(written(tmp_path, answered_with_id(document, one), name))

    assert [rule for rule, *_ in found] == ["volatile-field"]


# I306: digests of model lists


def test_a_digest_of_other_models_is_found(tmp_path: Path) -> None:
    name, document = MODELS
    other = name[: -len("00000000.json")] + "00000000.json"

    assert said_of(written(tmp_path, document, other, SHARED)) == [
        (
            "model-digest-mismatch",
            "/response/body",
            "the name's digest 00000000 fits other models",
        )
    ]


# I307: folders


@pytest.mark.parametrize("folder", [BESIDE, SHARED, f"checkout/{BESIDE}"])
def test_a_recording_may_lie_beside_its_test_or_in_the_shared_folder(
    tmp_path: Path, folder: str
) -> None:
    assert said_of(write(tmp_path, folder, FOG)) == []


@pytest.mark.parametrize(
    "folder",
    [
        "tests/integration/tides/recordings",
        "tests/integration/chat/recordings/responses",
        "tests/integration/chat",
        "integration/chat/recordings",
        "recordings",
    ],
)
def test_a_recording_in_any_other_folder_is_misplaced(tmp_path: Path, folder: str) -> None:
    assert said_of(write(tmp_path, folder, FOG)) == [
        ("misplaced", "/test_id", "the test looks in tests/integration/chat/recordings")
    ]


def test_a_recording_without_a_test_may_lie_anywhere(tmp_path: Path) -> None:
    recorded = recording(chat_request("Fog?"), chat_answer("No."), test_id=None)

    assert said_of(write(tmp_path, "anywhere", recorded)) == []


@pytest.mark.parametrize(
    ("test_id", "looks_in"),
    [
        ("test_keeper.py::test_answers", "recordings"),
        ("::test_answers", "recordings"),
        ("tests/a", "tests/recordings"),
        ("/abs/test_keeper.py::test_answers", "/abs/recordings"),
        ("./tests/test_keeper.py::test[a/b::c]", "tests/recordings"),
    ],
)
def test_an_odd_test_id_still_names_a_folder(tmp_path: Path, test_id: str, looks_in: str) -> None:
    recorded = recording(chat_request("Fog?"), chat_answer("No."), test_id=test_id)

    assert said_of(write(tmp_path, "elsewhere", recorded)) == [
        ("misplaced", "/test_id", f"the test looks in {looks_in}")
    ]


def test_an_absolute_test_id_may_fit(tmp_path: Path) -> None:
    test_id = f"{tmp_path}/chat/test_keeper.py::test_answers"
    recorded = recording(chat_request("Fog?"), chat_answer("No."), test_id=test_id)

    assert said_of(write(tmp_path, "chat/recordings", recorded)) == []


# I308: duplicates


def duplicates(root: Path) -> list[tuple[str, str]]:
    report = validate(find([str(root)]))
    return [
        (Path(one.path).relative_to(root).as_posix(), one.message.replace(f"{root}/", ""))
        for one in report.findings
        if one.name == "duplicate"
    ]


def placed(root: Path, folders: Sequence[str], documents: Sequence[Document]) -> None:
    for folder, document in zip(folders, documents, strict=True):
        written(root, document, FOG[0], folder)


def test_an_equal_duplicate_is_told_as_such(tmp_path: Path) -> None:
    placed(tmp_path, [BESIDE, SHARED], [FOG[1], FOG[1]])

    assert duplicates(tmp_path) == [
        (
            f"{SHARED}/{FOG[0]}",
            f"equal to the one of the same name, {BESIDE}/{FOG[0]}",
        )
    ]


def test_a_duplicate_that_differs_is_told_as_such(tmp_path: Path) -> None:
    _, other = recording(chat_request("Is there fog?"), chat_answer("Some."))
    placed(tmp_path, [BESIDE, SHARED], [FOG[1], other])

    assert duplicates(tmp_path) == [
        (
            f"{SHARED}/{FOG[0]}",
            f"differs from the one of the same name, {BESIDE}/{FOG[0]}",
        )
    ]


def test_each_further_copy_is_compared_with_the_first(tmp_path: Path) -> None:
    _, other = recording(chat_request("Is there fog?"), chat_answer("Some."))
    placed(tmp_path, ["a/recordings", "b/recordings", "c/recordings"], [FOG[1], other, FOG[1]])

    assert [message.split(" ")[0] for _, message in duplicates(tmp_path)] == ["differs", "equal"]


def test_files_that_are_no_recordings_may_have_one_name(tmp_path: Path) -> None:
    for folder in ("a/recordings", "b/recordings"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "notes.json").write_text("{}")

    assert duplicates(tmp_path) == []


def test_lists_of_other_models_are_no_duplicates(tmp_path: Path) -> None:
    for folder, ids in ((SHARED, ["fog-1b"]), (BESIDE, ["beacon-7b"])):
        write(tmp_path, folder, recording(models_request(), model_list(ids), test_id=None))

    assert duplicates(tmp_path) == []


# Whatever is in a file

NAMES = st.sampled_from(
    [
        "fog.json",
        f"{OTHER_HASH}.json",
        f"{OTHER_HASH[:12]}.json",
        f"models-{OTHER_HASH}-0a1b2c3d.json",
        FOG[0],
    ]
)
VALUES = json_values(max_leaves=5) | st.sampled_from(
    [10**400, 2**64, -(2**63) - 1, float("inf"), "\ud83d", "https://[half", "rec-fog", {"": {}}]
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tests") / "recordings"
    folder.mkdir()
    return folder


def examined(folder: Path, name: str, raw: bytes) -> None:
    path = folder / name
    path.write_bytes(raw)

    for finding in examine(Entry(path)):
        assert finding.message
        assert finding.line is not None
        assert finding.line >= 1


@settings(max_examples=200, deadline=None)
@given(name=NAMES, raw=st.binary(max_size=60))
def test_no_bytes_make_examining_raise(recordings: Path, name: str, raw: bytes) -> None:
    examined(recordings, name, raw)


@settings(max_examples=200, deadline=None)
@given(
    name=NAMES,
    value=VALUES | st.fixed_dictionaries({"request": VALUES, "response": VALUES}),
)
def test_no_json_value_makes_examining_raise(recordings: Path, name: str, value: Any) -> None:
    examined(recordings, name, canonical(value))


@settings(max_examples=400, deadline=None)
@given(
    recorded=st.sampled_from(GOOD).flatmap(
        lambda good: st.tuples(NAMES | st.just(good[0]), mutated(good[1], VALUES))
    )
)
def test_no_damage_to_a_good_recording_makes_examining_raise(
    recordings: Path, recorded: tuple[str, Any]
) -> None:
    name, document = recorded

    examined(recordings, name, canonical(document))


def test_nesting_up_to_the_limit_makes_no_rule_raise(recordings: Path) -> None:
    name, document = FOG
    deep: Any = {}
    for level in range(190):
        deep = {"below": deep} if level % 2 else [deep]
    deep = {"below": deep}

    examined(recordings, name, canonical(with_request(document, body=deep)))
    examined(recordings, name, canonical({**document, "response": deep}))
