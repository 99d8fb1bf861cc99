"""The dialects: what they leave of a request, which hash and name that gives, who can find it."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha1, sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recctl.corpus import find, load
from recctl.dialects import (
    Dialect,
    Identity,
    MaterialError,
    Name,
    Standing,
    digest_fits,
    hash_under,
    hashes_under,
    identify,
    is_model_list,
    lists_models,
    material_under,
    name_of,
    name_under,
    published,
)
from recctl.dialects.names import model_digest, model_ids
from recctl.dialects.steps import (
    Drop,
    Effects,
    Round,
    Step,
    Substitute,
    needed_text,
    normalized,
)
from recctl.hashing import request_hash
from recctl.recording import Recording
from tests.build import (
    TEST,
    Document,
    chat_answer,
    chat_request,
    dialect_named,
    exception,
    file_request,
    file_result,
    http_answer,
    http_request,
    inference_request,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
)
from tests.strategies import json_values, shuffled
from tests.test_recording_schema import real_recordings

DIALECTS = published().dialects
NAMES = [dialect.name for dialect in DIALECTS]
FIRST, TEST_IDS, FLOATS, BEDROCK, PROJECTS, SCORES = NAMES
NEWEST = published().target
every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=NAMES)

ONE = "3f2a9c04-11bd-4e6f-8a70-5c1d2e3f4a5b"
"""A uuid."""

BEDROCK_HOST = "bedrock-runtime.us-west-2.amazonaws.com"


def under(name: str, body: Any, host: str = "") -> Any:
    return normalized(dialect_named(name).steps, body, host)


def as_recording(recorded: tuple[str, Document]) -> Recording:
    name, document = recorded
    return Recording(name, document, 0)


def of_request(request: Document, test_id: str | None = TEST, name: str = "") -> Recording:
    document = {"test_id": test_id, "request": request, "response": {"body": None}}
    return Recording(name, document, 0)


def as_hashed(material: Any) -> str:
    """The hash of a material, without recctl."""
    return sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


# The table


def test_the_dialects_are_those_of_the_recorders_history() -> None:
    assert NAMES == [
        "ogx-2025-07-29",
        "ogx-2025-10-04",
        "ogx-2025-10-09",
        "ogx-2026-01-21",
        "ogx-2026-03-18",
        "ogx-2026-04-09",
    ]


def test_dialects_stand_in_the_order_of_their_dates() -> None:
    assert [f"ogx-{dialect.since}" for dialect in DIALECTS] == NAMES


def test_the_newest_dialect_is_the_last() -> None:
    assert NEWEST.name == SCORES


def test_only_the_first_dialect_has_short_names_and_sha1() -> None:
    assert [(one.hash_digits, one.digests) for one in DIALECTS] == [
        (12, ("sha1", "sha256")),
        *[(64, ("sha256",))] * 5,
    ]


def test_the_folders_are_those_of_the_recorder() -> None:
    table = published()

    assert (table.beside_test, table.old_subfolder) == ("recordings", "responses")
    assert table.shared_folder == "tests/integration/common/recordings"


def test_a_dialect_is_found_by_its_name() -> None:
    assert published().find(BEDROCK) is dialect_named(BEDROCK)


# Steps: floats

ROUNDED = [
    (0.123456, 0.12346),
    (0.123454, 0.12345),
    (-0.123456, -0.12346),
    (1e-9, 0.0),
    (2.0, 2.0),
    (1e22, 1e22),
    (0.5, 0.5),
    (123456, 123456),
    (True, True),
    (None, None),
]


@pytest.mark.parametrize(("before", "after"), ROUNDED)
def test_floats_are_rounded_to_five_decimals(before: Any, after: Any) -> None:
    made = under(FLOATS, {"dim": [{"at": before}]})

    assert repr(made) == repr({"dim": [{"at": after}]})


@pytest.mark.parametrize("name", [FIRST, TEST_IDS])
def test_floats_were_hashed_in_full_before_that(name: str) -> None:
    assert under(name, {"dim": 0.123456789, "log": "0.123456789"}) == {
        "dim": 0.123456789,
        "log": "0.123456789",
    }


ROUNDED_IN_TEXTS = [
    ("dim 0.123456 lit", "dim 0.12346 lit"),
    ("0.1234", "0.12340"),
    ("0.123", "0.123"),
    ("-17.00000049m", "-17.00000m"),
    ("5-0.99999999", "5-1.00000"),
    (".12345678", ".12345678"),
    ("1.2.3.45678", "1.2.3.45678"),
    ("12345678901234567.1234", "12345678901234568.00000"),
    ("9" * 400 + ".00000", "inf"),
    ("1,234.56789", "1,234.56789"),
    ("1.23456e-7", "1.23456e-7"),
    ("0.11112 and 0.222222", "0.11112 and 0.22222"),
    ("٣.١٤١٥٩٢", "3.14159"),
]


@pytest.mark.parametrize(("before", "after"), ROUNDED_IN_TEXTS)
def test_long_decimals_in_texts_are_written_with_five(before: str, after: str) -> None:
    assert under(FLOATS, [before]) == [after]


def test_keys_are_left_as_they_are() -> None:
    body = {"0.123456789": 1, "score: 0.5": 2, f"<|{ONE}|>": 3}

    assert under(SCORES, body) == body


# Steps: stream_options on bedrock


@pytest.mark.parametrize(
    "host", [BEDROCK_HOST, "bedrock-mantle.us-east-1.api.aws", "proxy.example:8080.bedrock"]
)
def test_a_bedrock_host_drops_stream_options(host: str) -> None:
    assert under(BEDROCK, {"stream_options": {"include_usage": True}, "n": 1}, host) == {"n": 1}


@pytest.mark.parametrize("host", ["", "api.openai.com", "BEDROCK.example"])
def test_another_host_keeps_stream_options(host: str) -> None:
    body = {"stream_options": {"include_usage": True}}

    assert under(BEDROCK, body, host) == body


@pytest.mark.parametrize(
    "body",
    [{"inner": {"stream_options": 1}}, {"list": [{"stream_options": 1}]}, [{"stream_options": 1}]],
    ids=["in an object", "in a list", "in a list that is the body"],
)
def test_stream_options_are_dropped_at_the_bodys_root_only(body: Any) -> None:
    assert under(BEDROCK, body, BEDROCK_HOST) == body


def test_stream_options_counted_on_bedrock_before_that() -> None:
    assert under(FLOATS, {"stream_options": 1}, BEDROCK_HOST) == {"stream_options": 1}


def test_bedrock_is_looked_for_in_the_host_not_in_the_path() -> None:
    there = chat_request("Fog?", base=f"https://{BEDROCK_HOST}/v1", stream=True)
    elsewhere = chat_request("Fog?", base="https://example.org/bedrock/v1", stream=True)

    hashed = [material_under(NEWEST, of_request(one))["body"] for one in (there, elsewhere)]

    assert ["stream_options" in body for body in hashed] == [False, True]


# Steps: project_id

PROJECT = {"project_id": "p-lighthouse", "space": "cliff"}
LEFT = {"space": "cliff"}

PROJECTS_DROPPED = [
    pytest.param({"extra_body": PROJECT}, {"extra_body": LEFT}, id="extra_body"),
    pytest.param({"extra_query": PROJECT}, {"extra_query": LEFT}, id="extra_query"),
    pytest.param({"extra_body": {"project_id": 1}}, {"extra_body": {}}, id="nothing else there"),
    pytest.param({"project_id": 1}, {"project_id": 1}, id="at the root itself"),
    pytest.param({"extra_body": "project_id"}, {"extra_body": "project_id"}, id="no object"),
    pytest.param(
        {"a": {"extra_body": PROJECT}}, {"a": {"extra_body": PROJECT}}, id="in an object: kept"
    ),
    pytest.param(
        {"a": [{"extra_body": PROJECT}]}, {"a": [{"extra_body": LEFT}]}, id="in a list item"
    ),
    pytest.param([{"extra_query": PROJECT}], [{"extra_query": LEFT}], id="the body is a list"),
    pytest.param([[{"extra_body": PROJECT}]], [[{"extra_body": LEFT}]], id="in a list in a list"),
    pytest.param(
        [{"a": {"extra_body": PROJECT}}], [{"a": {"extra_body": PROJECT}}], id="below a list item"
    ),
    pytest.param(
        {"a": {"b": [{"extra_body": PROJECT}]}},
        {"a": {"b": [{"extra_body": LEFT}]}},
        id="in a list item far below",
    ),
    pytest.param(
        {"extra_body": {"extra_body": PROJECT}},
        {"extra_body": {"extra_body": PROJECT}},
        id="extra_body within extra_body",
    ),
    pytest.param({"extra_body": [PROJECT]}, {"extra_body": [PROJECT]}, id="extra_body is a list"),
]


@pytest.mark.parametrize(("before", "after"), PROJECTS_DROPPED)
def test_project_id_is_dropped_from_extras_of_roots(before: Any, after: Any) -> None:
    assert under(PROJECTS, before) == after


def test_project_id_counted_before_that() -> None:
    assert under(BEDROCK, {"extra_body": PROJECT}) == {"extra_body": PROJECT}


# Steps: search results in texts

SEARCH_RESULTS = [
    ("score: 0.875", "score: __NORMALIZED__"),
    ("score:0.875", "score: __NORMALIZED__"),
    ("score: \n\t-3", "score: __NORMALIZED__"),
    ("score: +.5e-10!", "score: __NORMALIZED__!"),
    ("score: 1.2.3", "score: __NORMALIZED__.3"),
    ("score: 7E", "score: __NORMALIZED__E"),
    ("score: high", "score: high"),
    ("Score: 0.5", "Score: 0.5"),
    ("underscore: 0.5", "underscore: __NORMALIZED__"),
    ("log.txt, attributes: {}", "log.txt"),
    ("log.txt ,  attributes:{'a': '1'}, end", "log.txt , end"),
    ("a\n attributes:\n{\n'a': 1}b", "ab"),
    ("attributes: {'a': {'b': 1}}", "}"),
    ("attributes: {unclosed", "attributes: {unclosed"),
    ("attributes: none", "attributes: none"),
    (f"document_id: {ONE}", "document_id: __NORMALIZED__"),
    (f"document_id:{ONE}0", "document_id: __NORMALIZED__0"),
    (f"document_id: {ONE.upper()}", f"document_id: {ONE.upper()}"),
    (f"document_id: '{ONE}'", f"document_id: '{ONE}'"),
    (f"chunk_id: {ONE}", f"chunk_id: {ONE}"),
    (f"As the log says <|{ONE}|>.", "As the log says <|__NORMALIZED__|>."),
    (f"<| {ONE} |>", f"<| {ONE} |>"),
    ("<|lighthouse|>", "<|lighthouse|>"),
    (
        f"document_id: {ONE}, score: 0.12345678, attributes: {{'f': 0.99999}} 0.12345678 <|{ONE}|>",
        "document_id: __NORMALIZED__, score: __NORMALIZED__ 0.12346 <|__NORMALIZED__|>",
    ),
]


@pytest.mark.parametrize(("before", "after"), SEARCH_RESULTS)
def test_what_varies_in_search_results_is_made_constant(before: str, after: str) -> None:
    assert under(SCORES, {"messages": [{"content": before}]}) == {"messages": [{"content": after}]}


def test_search_results_counted_before_that() -> None:
    text = f"document_id: {ONE}, score: 0.5, attributes: {{}} <|{ONE}|>"

    assert under(PROJECTS, text) == text


def test_scores_are_made_constant_before_floats_are_rounded() -> None:
    assert under(SCORES, "score: -0.00000001") == "score: __NORMALIZED__"


# All steps together, against the same rules written as a plain function

UUID = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
SCORE = re.compile(r"score:\s*[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
ATTRIBUTES = re.compile(r",?\s*attributes:\s*\{[^}]*\}")

FRAGMENTS = [
    *("score: ", "score:", "0.123", "-1.5e-3", "+.5", "12", "."),
    *(", attributes: {", " attributes:{", "'wind': 7", "}", "attributes: {'a': {}}"),
    *("document_id: ", ONE, ONE.upper(), "<|", "|>", f"<|{ONE}|>", f"document_id: {ONE}"),
    *("0.123456789", "-0.000004", "3.14159", "9.99999999", "17.", "1.2345", "e7"),
    *("\n", " ", "fog", "é"),
]
RICH_TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=7).map("".join) | st.text(max_size=5)
KEYS = st.sampled_from(
    ["extra_body", "extra_query", "project_id", "stream_options", "messages", "score: 0.5"]
)
RICH_BODIES = json_values(RICH_TEXTS, keys=KEYS, max_leaves=16)
HOSTS = st.sampled_from(["", "api.openai.com", BEDROCK_HOST])


def as_the_recorder_does(body: Any, host: str) -> Any:
    """The newest normalization, as FORMAT.md has it: of a value that counts as a root."""
    if isinstance(body, list):
        return [as_the_recorder_does(item, "") for item in body]
    made = with_texts_and_floats(body)
    if isinstance(made, dict):
        if "bedrock" in host and "stream_options" in made:
            del made["stream_options"]
        for extras in (made.get("extra_body"), made.get("extra_query")):
            if isinstance(extras, dict) and "project_id" in extras:
                del extras["project_id"]
    return made


def with_texts_and_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_texts_and_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_the_recorder_does(item, "") for item in value]
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, str):
        value = SCORE.sub("score: __NORMALIZED__", value)
        value = ATTRIBUTES.sub("", value)
        value = re.sub(rf"document_id:\s*{UUID}", "document_id: __NORMALIZED__", value)
        value = re.sub(rf"<\|{UUID}\|>", "<|__NORMALIZED__|>", value)
        return re.sub(r"-?\d+\.\d{4,}", lambda match: f"{float(match[0]):.5f}", value)
    return value


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and True, 0.0 from -0.0, and holds for NaN."""
    return json.dumps(one) == json.dumps(other)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in below for text in texts_in(item)]


def removal_makes_no_match(text: str) -> bool:
    """Whether a second look, at what taking out and rounding leave, finds nothing new."""
    left = ATTRIBUTES.sub("", SCORE.sub("score: __NORMALIZED__", text))
    in_chain = re.search(r"\d\.\d+\.\d", left)
    return not SCORE.search(left) and not ATTRIBUTES.search(left) and not in_chain


@settings(max_examples=400, deadline=None)
@given(RICH_BODIES, HOSTS)
def test_the_newest_dialect_does_to_a_body_what_the_recorder_does(body: Any, host: str) -> None:
    assert same(under(SCORES, body, host), as_the_recorder_does(body, host))


@every_dialect
@settings(max_examples=120, deadline=None)
@given(body=RICH_BODIES, host=HOSTS)
def test_normalizing_twice_is_normalizing_once(dialect: Dialect, body: Any, host: str) -> None:
    assume(all(removal_makes_no_match(text) for text in texts_in(body)))
    once = normalized(dialect.steps, body, host)

    assert same(normalized(dialect.steps, once, host), once)


@pytest.mark.parametrize(
    ("text", "once", "twice"),
    [
        ("score:, attributes: {} 0.5", "score: 0.5", "score: __NORMALIZED__"),
        ("attri attributes: {}butes: {}", "attributes: {}", ""),
        ("0.999.999999", "0.1000.00000", "0.10000.00000"),
    ],
    ids=["a score", "attributes", "a decimal that grew"],
)
def test_what_taking_out_joins_is_left_as_the_recorder_leaves_it(
    text: str, once: str, twice: str
) -> None:
    """The recorder looks for scores before it takes attributes out, and does not look again."""
    assert (under(SCORES, text), under(SCORES, once)) == (once, twice)


@every_dialect
@settings(max_examples=60, deadline=None)
@given(body=RICH_BODIES, host=HOSTS)
def test_normalizing_leaves_the_given_body_alone(dialect: Dialect, body: Any, host: str) -> None:
    before = json.dumps(body)

    normalized(dialect.steps, body, host)

    assert json.dumps(body) == before


OWN_STEPS: list[Step] = [
    Substitute("fog", "score: 0.5"),
    Substitute("^a|0$", "fog"),
    Substitute(r"\d+", digits=2),
    Round(0),
    Round(3),
    Drop(("extra_body",)),
    Drop(("extra_body", "a"), in_lists=True),
    Drop(("a",), host="bedrock"),
]


@every_dialect
@settings(max_examples=100, deadline=None)
@given(RICH_BODIES, HOSTS, st.lists(st.sampled_from(OWN_STEPS), max_size=4))
def test_the_steps_with_an_effect_do_what_all_do(
    dialect: Dialect, body: Any, host: str, own: list[Step]
) -> None:
    steps = (*own, *dialect.steps)

    effective = Effects(body, host).of(steps)

    assert same(normalized(effective, body, host), normalized(steps, body, host))


@pytest.mark.parametrize(
    ("body", "effective"),
    [
        ({"input": "Fog?", "seed": 7, "temperature": 0.5}, ()),
        ({"input": 0.1234567}, (Round(5),)),
        ({"input": [{"extra_body": {"project_id": "p"}}]}, ("extra_body", "extra_query")),
    ],
    ids=["none", "rounding", "dropping"],
)
def test_most_steps_have_no_effect(body: Any, effective: tuple[Any, ...]) -> None:
    found = Effects(body, "").of(NEWEST.steps)

    assert tuple(step.path[0] if isinstance(step, Drop) else step for step in found) == effective


def test_of_several_roundings_the_first_one_counts_though_it_has_no_effect() -> None:
    assert Effects(0.125, "").of((Round(3), Round(0))) == ()


@pytest.mark.parametrize("text", ["fog", "fog x", "1"])
def test_a_text_without_a_match_has_no_effect_though_it_holds_what_a_match_needs(text: str) -> None:
    assert Effects(text, "").of((Substitute(r"fog\d", "lamp"),)) == ()


@settings(max_examples=200, deadline=None)
@given(RICH_BODIES, HOSTS, st.lists(st.sampled_from(OWN_STEPS), max_size=4))
def test_where_no_step_has_an_effect_a_body_is_its_own_normalized_form(
    body: Any, host: str, own: list[Step]
) -> None:
    steps = (*own, *NEWEST.steps)

    assert Effects(body, host).are_there(steps) or same(normalized(steps, body, host), body)


@settings(max_examples=200, deadline=None)
@given(
    RICH_BODIES,
    HOSTS,
    st.sampled_from(["/v1/chat/completions", "/v1/models", "/v1/openai/v1/models"]),
    st.none() | st.just(TEST),
    st.lists(st.lists(st.sampled_from(OWN_STEPS), max_size=4), max_size=3),
)
def test_the_hashes_under_several_dialects_are_those_of_the_whole_materials(
    body: Any, host: str, path: str, test_id: str | None, own: list[list[Step]]
) -> None:
    request = {**chat_request("Fog?"), "url": f"https://{host}{path}", "body": body}
    asked = of_request(request, test_id)
    dialects = [
        *DIALECTS,
        *(
            replace(NEWEST, name=f"own-{i}", steps=(*one, *NEWEST.steps))
            for i, one in enumerate(own)
        ),
    ]

    wanted = [request_hash(material_under(one, asked)) for one in dialects]

    assert hashes_under(dialects, asked) == wanted
    assert [hash_under(one, asked) for one in dialects] == wanted


def test_a_name_of_a_known_hash_is_the_name_of_the_recording() -> None:
    for recorded in (
        recording(models_request(), model_list(["lamp", "fog"])),
        recording(chat_request("Fog?"), chat_answer("No.")),
    ):
        one = as_recording(recorded)
        for dialect in DIALECTS:
            assert name_of(hash_under(dialect, one), dialect, one) == name_under(dialect, one)


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("attributes:", "attributes:"),
        (r"(?:,|(?<!\s))\s*+fog:\s*+\{[^}]*+\}", "fog:"),
        (r"<\|[a-f]{8}\|>", "<|"),
        (r"\d\.\d{4,}", "."),
        ("fogs?", "fog"),
        ("fogs*+ lamp", " lamp"),
        ("fogs*", "fog"),
        ("fogs+", "fog"),
        ("FOG", "FOG"),
        ("fog\nhorn", "horn"),
        (r"\N{BULLET}fog", "fog"),
        (r"\U0001F600fog", "fog"),
        ("fogs{0}lamp", "lamp"),
        ("fog|lamp", ""),
        ("(fog)", ""),
        ("(?i)fog", ""),
        ("(?x) fog lamp", ""),
        (r"\x66og", "og"),
        (r"(.)\1fog", "fog"),
        (r"\101", ""),
        ("fog(?#of the sea)*", ""),
        ("[fog]", ""),
        ("[]fog]lamp", "lamp"),
        (r"[^\]fog]lamp", "lamp"),
        ("", ""),
    ],
)
def test_a_pattern_needs_the_text_that_stands_outside_of_brackets(
    pattern: str, needed: str
) -> None:
    assert needed_text(pattern) == needed


PIECES = (
    *("fog", "a", "score:", " ", ".", r"\.", r"\|", r"\d", r"\s", "[ab]", "[^a]", "[]a]", "|", "^"),
    *(
        "*",
        "+",
        "?",
        "{2}",
        "{0,1}",
        "*?",
        "(a|b)",
        "(?:fog)?",
        "(?=a)",
        "(?<!a)",
        r"\x61",
        "(?#a)",
    ),
    *("(?i:fog)", "(?i)", "4", ",", "{", "}", r"\{", "(a)", r"\1", r"\141", "$", "#"),
)


@settings(max_examples=400, deadline=None)
@given(st.data(), st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join))
def test_whatever_a_pattern_matches_holds_the_text_it_needs(
    data: st.DataObject, pattern: str
) -> None:
    try:
        re.compile(pattern)
    except re.error:
        assume(False)
    needed = needed_text(pattern)
    assume(needed)

    text = data.draw(st.from_regex(pattern) | st.text("fogab score:.|d4,{}#1", max_size=20))

    match = re.search(pattern, text)
    assert match is None or needed in match[0]


def test_what_a_substitution_writes_is_a_text_or_a_number_of_decimals() -> None:
    assert Substitute("fog", "lamp") == Substitute("fog", "lamp", None)
    assert Substitute("fog", digits=2) == Substitute("fog", None, 2)
    assert Drop(("fog",)) == Drop(("fog",), "", False)
    assert Drop(("fog",)).in_lists is False


@pytest.mark.parametrize(
    ("text", "made"), [("2.346", "2.35"), ("fog 2.346", "fog 2.35"), ("fog", "fog"), ("-", "-")]
)
def test_a_match_that_is_no_number_is_left_as_it_is(text: str, made: str) -> None:
    assert normalized([Substitute("[^ ]+", digits=2)], text, "") == made


def test_a_drop_that_says_no_more_is_for_every_host_and_the_body_alone() -> None:
    body = {"seed": 7, "input": [{"seed": 7}]}

    assert normalized([Drop(("seed",))], body, "") == {"input": [{"seed": 7}]}


def test_a_long_text_is_normalized_as_a_short_one() -> None:
    short = "score: 0.75, fog 1.234567. "

    assert under(SCORES, short * 1000) == under(SCORES, short) * 1000


@every_dialect
@settings(max_examples=60, deadline=None)
@given(body=RICH_BODIES, host=HOSTS)
def test_a_name_fits_the_dialects_that_give_its_hash(
    dialect: Dialect, body: Any, host: str
) -> None:
    request = {**chat_request("Fog?"), "url": f"https://{host}/v1/chat/completions", "body": body}
    asked = of_request(request)
    name = name_under(dialect, asked)

    found = identify(Recording(str(name), asked.document, 0), published())

    hashes = {one.name: hash_under(one, asked) for one in DIALECTS}
    fitting = [one for one, digits in hashes.items() if digits.startswith(name.digits)]
    assert [one.name for one in found.fitting] == fitting
    assert found.wanted == hashes[NEWEST.name]


# Material


def test_the_material_of_an_inference_is_method_path_body_and_test() -> None:
    request = {**chat_request("Is the lamp lit?"), "method": "post"}

    assert material_under(NEWEST, of_request(request)) == {
        "method": "POST",
        "endpoint": "/v1/v1/chat/completions",
        "body": request["body"],
        "test_id": TEST,
    }


def test_the_first_dialect_knows_no_test() -> None:
    material = material_under(dialect_named(FIRST), of_request(chat_request("Fog?")))

    assert set(material) == {"method", "endpoint", "body"}


def test_without_a_test_the_material_says_so() -> None:
    assert material_under(NEWEST, of_request(chat_request("Fog?"), test_id=None))["test_id"] is None


def test_the_material_of_http_has_the_whole_url_and_the_requests_own_test() -> None:
    url = "https://tides.example/v1/rerank?port=7#top"
    request = {"test_id": "tests/a.py::b", **http_request(url, {"score": 0.123456789})}

    assert material_under(NEWEST, of_request(request, test_id="tests/other.py::c")) == {
        "test_id": "tests/a.py::b",
        "url": url,
        "method": "POST",
        "payload": {"score": 0.12346},
    }


@every_dialect
def test_the_material_of_a_tool_is_never_normalized_and_has_no_test(dialect: Dialect) -> None:
    kwargs = {"query": "score: 0.123456789", "at": 0.123456789, "extra_body": PROJECT}
    request = {"test_id": TEST, **tool_request("search", kwargs)}

    assert material_under(dialect, of_request(request)) == {
        "provider": "tavily",
        "tool_name": "search",
        "kwargs": kwargs,
    }


def test_the_material_of_a_file_is_given_as_far_as_it_is_kept() -> None:
    request = {"test_id": TEST, **file_request("logbook.pdf")}

    assert material_under(NEWEST, of_request(request)) == {
        "test_id": TEST,
        "api": "file_processors",
        "file_id": "logbook.pdf",
    }


PATHS = [
    ("https://api.openai.com/v1/chat/completions", "/v1/chat/completions"),
    ("https://api.openai.com", ""),
    ("http://localhost:11434/api/chat?now=1#x", "/api/chat"),
    ("http://localhost/api/chat;v=1", "/api/chat"),
    ("vertexai:///generate_content", "/generate_content"),
    ("__databricks__/serving-endpoints", "__databricks__/serving-endpoints"),
    ("/v1/models", "/v1/models"),
    ("", ""),
]


@pytest.mark.parametrize(("url", "path"), PATHS)
def test_the_endpoint_in_the_material_is_the_urls_path(url: str, path: str) -> None:
    request = {**chat_request("Fog?"), "url": url}

    assert material_under(NEWEST, of_request(request))["endpoint"] == path


SHARED = [
    ("http://localhost:11434/api/tags", [False, False, False, False, False, False]),
    ("https://api.openai.com/v1/models", [False, False, False, False, False, False]),
    ("https://host/v1/openai/v1/models", [False, True, True, False, False, False]),
    ("https://api.openai.com/v1/v1/models", [False, True, True, True, True, True]),
    ("https://api.openai.com/v1/models/", [False, True, True, True, True, True]),
    ("http://localhost:11434/v1/api/tags", [False, True, True, True, True, True]),
]


@pytest.mark.parametrize(("url", "takes"), SHARED)
def test_only_paths_that_serve_every_test_leave_the_test_out(url: str, takes: list[bool]) -> None:
    shared = of_request({**models_request(), "url": url})

    assert ["test_id" in material_under(dialect, shared) for dialect in DIALECTS] == takes


def without(request: Document, key: str) -> Document:
    return {name: value for name, value in request.items() if name != key}


CHAT = chat_request("Fog?")
HTTP = {"test_id": TEST, **http_request("https://tides.example/v1", {})}
TOOL = tool_request("search", {})

IMPOSSIBLE = [
    pytest.param({}, "the request is of no known kind", id="empty"),
    pytest.param({"url": "x"}, "the request is of no known kind", id="no telling key"),
    pytest.param(without(CHAT, "url"), "the request has no url", id="no url"),
    pytest.param(without(CHAT, "method"), "the request has no method", id="no method"),
    pytest.param(without(CHAT, "body"), "the request has no body", id="no body"),
    pytest.param({**CHAT, "method": None}, "the request's method is no string", id="null method"),
    pytest.param({**CHAT, "url": 7}, "the request's url is no string", id="url is a number"),
    pytest.param({**CHAT, "url": None}, "the request's url is no string", id="null url"),
    pytest.param(
        {**CHAT, "url": "https://[half"},
        "the request's url cannot be split: Invalid IPv6 URL",
        id="url cannot be split",
    ),
    pytest.param(without(HTTP, "test_id"), "the request has no test_id", id="http without test"),
    pytest.param(without(TOOL, "kwargs"), "the request has no kwargs", id="tool without kwargs"),
    pytest.param(
        {"test_id": TEST, **file_request("log.pdf")},
        "a recording of kind file does not keep chunking_strategy and options",
        id="file",
    ),
]


@every_dialect
@pytest.mark.parametrize(("request_", "reason"), IMPOSSIBLE)
def test_a_hash_that_cannot_be_computed_is_refused_with_the_reason(
    dialect: Dialect, request_: Document, reason: str
) -> None:
    with pytest.raises(MaterialError) as caught:
        hash_under(dialect, of_request(request_))

    assert str(caught.value) == reason


# Hashes


def test_the_hash_of_a_chat_is_that_of_its_material_put_together_by_hand() -> None:
    request = chat_request("Score: 0.1; score: 0.123", temperature=0.1234567)
    body = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Score: 0.1; score: __NORMALIZED__"}],
        "temperature": 0.12346,
        "stream": False,
    }
    material = {
        "test_id": TEST,
        "method": "POST",
        "endpoint": "/v1/v1/chat/completions",
        "body": body,
    }

    assert hash_under(NEWEST, of_request(request)) == as_hashed(material)


def test_each_dialect_gives_its_own_hash_to_a_request_that_has_everything() -> None:
    request = chat_request(
        f"document_id: {ONE}",
        base=f"https://{BEDROCK_HOST}/v1",
        stream=True,
        temperature=0.1234567,
        extra_body=PROJECT,
    )

    assert len({hash_under(dialect, of_request(request)) for dialect in DIALECTS}) == len(DIALECTS)


@every_dialect
@pytest.mark.parametrize(
    "make",
    [
        lambda body: inference_request("https://api.openai.com", "/v1/x", {"given": body}),
        lambda body: {"test_id": TEST, **http_request("https://tides.example", {"given": body})},
        lambda body: tool_request("search", {"given": body}),
    ],
    ids=["inference", "http", "tool"],
)
@settings(max_examples=30, deadline=None)
@given(body=RICH_BODIES, random=st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_a_hash(
    dialect: Dialect, make: Callable[[Any], Document], body: Any, random: Random
) -> None:
    request = make(body)

    assert hash_under(dialect, of_request(shuffled(request, random))) == hash_under(
        dialect, of_request(request)
    )


@every_dialect
def test_the_order_of_keys_does_not_change_what_is_kept_of_a_files_material(
    dialect: Dialect,
) -> None:
    request = {"test_id": TEST, **file_request("logbook.pdf")}
    turned = dict(reversed(request.items()))

    assert request_hash(material_under(dialect, of_request(turned))) == request_hash(
        material_under(dialect, of_request(request))
    )


# File names

LONG = "0123456789abcdef" * 4
SHORT = LONG[:12]


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        (f"{LONG}.json", Name(LONG)),
        (f"{SHORT}.json", Name(SHORT)),
        (f"models-{LONG}-0a1b2c3d.json", Name(LONG, "0a1b2c3d")),
        (f"models-{SHORT}-0a1b2c3d.json", Name(SHORT, "0a1b2c3d")),
    ],
)
def test_a_recordings_name_is_taken_apart_and_put_together(file_name: str, name: Name) -> None:
    assert Name.parse(file_name) == name
    assert str(name) == file_name


@pytest.mark.parametrize(
    "file_name",
    [
        "",
        ".json",
        LONG,
        f"{LONG}.JSON",
        f"{LONG.upper()}.json",
        f"{LONG[:63]}.json",
        f"{LONG}0.json",
        f"{LONG[:13]}.json",
        f"{LONG[:11]}.json",
        f"{'g' * 64}.json",
        f"models-{LONG}.json",
        f"models-{LONG}-0a1b2c3.json",
        f"models-{LONG}-0a1b2c3d4.json",
        f"models-{LONG}-0A1B2C3D.json",
        f"models-{LONG[:63]}-0a1b2c3d.json",
        f"{LONG}-0a1b2c3d.json",
        f"models{LONG}-0a1b2c3d.json",
        f"{LONG}.json\n",
        f" {LONG}.json",
        f"{LONG} (1).json",
        f"{'٣' * 12}.json",
        "notes.json",
    ],
)
def test_any_other_name_is_none_of_a_recording(file_name: str) -> None:
    assert Name.parse(file_name) is None


@pytest.mark.parametrize(
    ("digits", "digest", "may_be"),
    [
        (SHORT, "", True),
        (LONG, "", True),
        (f"{LONG}0", "", True),
        ("1", "", False),
        (f"{SHORT}f", "", False),
        (SHORT, "01", True),
        (SHORT, "01234567", True),
        (SHORT, "1", False),
        ("1", "01", False),
    ],
)
def test_a_name_may_be_meant_by_the_first_digits_of_its_parts_or_more_of_the_hash(
    digits: str, digest: str, may_be: bool
) -> None:
    assert Name(LONG, "01234567").is_meant_by(digits, digest) is may_be


@pytest.mark.parametrize(("digest", "may_be"), [("", True), ("0", False), ("X", False)])
def test_a_name_without_a_digest_is_meant_by_none(digest: str, may_be: bool) -> None:
    assert Name(SHORT).is_meant_by(SHORT, digest) is may_be
    assert Name(SHORT).is_meant_by(SHORT) is True


def test_a_short_hash_has_twelve_digits() -> None:
    assert Name(LONG).short_hash == Name(SHORT).short_hash == "0123456789ab"


# Lists of models


def test_a_digest_is_eight_digits_of_the_joined_ids() -> None:
    ids = ["beacon-7b", "fog-1b"]

    assert model_digest(ids, "sha256") == sha256(b"beacon-7b|fog-1b").hexdigest()[:8]
    assert (
        model_digest(ids, "sha1")
        == sha1(b"beacon-7b|fog-1b", usedforsecurity=False).hexdigest()[:8]
    )


def test_a_digest_of_no_models_is_that_of_nothing() -> None:
    assert model_digest([], "sha256") == "e3b0c442"


def test_an_id_that_is_no_valid_text_has_a_digest_too() -> None:
    assert len(model_digest(["\ud83d"], "sha256")) == 8


TAGS = {"models": [{"model": "fog:1b", "name": "x"}, {"model": "beacon:7b"}]}


@pytest.mark.parametrize(
    ("body", "id_key", "ids"),
    [
        ([{"id": "b"}, {"id": "a"}, {"id": "b"}], "id", ["a", "b"]),
        ([{"__type__": "Model", "__data__": {"id": "a"}}, {"id": "b"}], "id", ["a", "b"]),
        (TAGS, "model", ["beacon:7b", "fog:1b"]),
        ({"__type__": "ollama.ListResponse", "__data__": TAGS}, "model", ["beacon:7b", "fog:1b"]),
        ([], "id", []),
        (TAGS, "id", None),
        ([{"id": 7}], "id", None),
        (["a"], "id", None),
        ([{"id": "a"}, None], "id", None),
        ({"models": "all"}, "id", None),
        ({}, "id", None),
        (None, "id", None),
        ("a", "id", None),
        ([{"__type__": "Model", "__data__": None}], "id", None),
    ],
)
def test_the_ids_of_a_list_are_sorted_and_each_stands_once(
    body: Any, id_key: str, ids: list[str] | None
) -> None:
    assert model_ids(body, id_key) == ids


def test_the_order_of_models_does_not_change_the_name() -> None:
    names = {
        recording(models_request(), model_list(ids))[0]
        for ids in (["fog", "beacon"], ["beacon", "fog"], ["fog", "beacon", "fog"])
    }

    assert len(names) == 1


def test_lists_of_other_models_differ_in_the_digest_only() -> None:
    one, other = (
        as_recording(recording(models_request(), model_list(ids))) for ids in (["fog"], ["beacon"])
    )
    names = [name_under(NEWEST, each) for each in (one, other)]

    assert names[0].digits == names[1].digits
    assert names[0].digest != names[1].digest


@pytest.mark.parametrize(
    ("endpoint", "is_list"),
    [
        ("/api/tags", True),
        ("/v1/models", True),
        ("/v1/openai/v1/models", True),
        ("/v1/v1/models", False),
        ("/v1/chat/completions", False),
        (None, False),
    ],
)
def test_a_model_list_is_told_by_the_recorded_endpoint(endpoint: str | None, is_list: bool) -> None:
    assert is_model_list(of_request({**models_request(), "endpoint": endpoint})) is is_list


@pytest.mark.parametrize("endpoint", [[], {}, ["/v1/models"], {"path": "/v1/models"}])
def test_an_endpoint_that_is_no_text_is_that_of_no_model_list(endpoint: Any) -> None:
    assert not is_model_list(of_request({**models_request(), "endpoint": endpoint}))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_digest_fits_by_either_algorithm(algorithm: str) -> None:
    listed = as_recording(recording(models_request(), model_list(["fog", "beacon"])))

    assert digest_fits(listed, model_digest(["beacon", "fog"], algorithm))


def test_a_digest_of_other_models_does_not_fit() -> None:
    listed = as_recording(recording(models_request(), model_list(["fog", "beacon"])))

    assert not digest_fits(listed, model_digest(["fog"], "sha256"))


def test_a_list_of_models_is_told_by_its_answer_too() -> None:
    assert lists_models(as_recording(recording(models_request(), model_list(["fog"]))))
    assert not lists_models(of_request(models_request()))
    assert not lists_models(as_recording(recording(chat_request("Fog?"), chat_answer("No."))))


def test_no_digest_fits_what_is_no_list() -> None:
    assert not digest_fits(of_request(models_request()), model_digest([], "sha256"))


# Names a dialect gives


def test_the_first_dialect_gives_short_names() -> None:
    fog = of_request(chat_request("Fog?"))

    assert name_under(dialect_named(FIRST), fog) == Name(hash_under(DIALECTS[0], fog)[:12])


@pytest.mark.parametrize("dialect", DIALECTS[1:], ids=NAMES[1:])
def test_later_dialects_give_whole_hashes(dialect: Dialect) -> None:
    fog = of_request(chat_request("Fog?"))

    assert name_under(dialect, fog) == Name(hash_under(dialect, fog))


@every_dialect
def test_the_name_of_a_model_list_ends_in_the_digest_that_is_written_now(dialect: Dialect) -> None:
    listed = as_recording(recording(models_request(), model_list(["fog"])))

    assert name_under(dialect, listed).digest == sha256(b"fog").hexdigest()[:8]


def test_a_model_list_that_failed_has_no_digest() -> None:
    assert name_under(NEWEST, as_recording(recording(models_request(), exception("No.")))) == Name(
        hash_under(NEWEST, of_request(models_request()))
    )


# Standing

SCORED = chat_request("The log says score: 0.875")


def standing(recorded: Recording) -> tuple[Standing, str]:
    identity = identify(recorded, published())
    return identity.standing, identity.span


def test_what_the_newest_dialect_finds_is_reachable() -> None:
    assert standing(as_recording(recording(SCORED, chat_answer("Clear.")))) == (
        Standing.REACHABLE,
        SCORES,
    )


def test_a_plain_request_fits_all_dialects_since_the_test_id() -> None:
    plain = as_recording(recording(chat_request("Fog?"), chat_answer("No.")))

    assert standing(plain) == (Standing.REACHABLE, f"{TEST_IDS} … {SCORES}")


def test_what_only_older_dialects_give_is_stale() -> None:
    old = as_recording(recording(SCORED, chat_answer("Clear."), dialect=BEDROCK))

    assert standing(old) == (Standing.STALE, f"{TEST_IDS} … {PROJECTS}")


def test_what_only_one_older_dialect_gives_is_stale() -> None:
    first = as_recording(recording(SCORED, chat_answer("Clear."), dialect=FIRST))

    assert standing(first) == (Standing.STALE, FIRST)


def test_a_short_name_is_stale_even_where_its_digits_are_still_right() -> None:
    request = tool_request("search", {"query": "fog horn"})
    name, document = recording(request, tool_result("Loud."), dialect=FIRST)

    assert len(name) == 12 + len(".json")
    assert standing(Recording(name, document, 0)) == (Standing.STALE, f"{FIRST} … {SCORES}")


def test_an_edited_request_is_unreachable() -> None:
    name, _ = recording(chat_request("Fog?"), chat_answer("No."))

    assert standing(of_request(chat_request("Mist?"), name=name)) == (Standing.UNREACHABLE, "none")


BROKEN = [{}, without(CHAT, "url"), {**CHAT, "url": "https://[half"}]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_request_without_a_hash_is_unreachable(broken: Document) -> None:
    assert standing(of_request(broken, name=f"{LONG}.json")) == (Standing.UNREACHABLE, "none")


@pytest.mark.parametrize("broken", BROKEN)
def test_without_a_hash_another_kind_of_name_is_no_name(broken: Document) -> None:
    assert standing(of_request(broken, name="fog.json")) == (Standing.UNNAMED, "none")


def test_a_recording_under_another_kind_of_name_is_unnamed() -> None:
    assert standing(of_request(CHAT, name="fog.json")) == (Standing.UNNAMED, "none")


@pytest.mark.parametrize("name", ["fog.json", f"{LONG}.json", None])
def test_the_hashes_that_a_request_has_are_known_however_it_stands(name: str | None) -> None:
    right, _ = recording(SCORED, chat_answer("Clear."))
    asked = of_request(SCORED, name=name or right)
    table = published().aimed_at(BEDROCK)

    identity = identify(asked, table)

    assert identity.wanted == hash_under(dialect_named(BEDROCK), asked)
    assert identity.hashes == tuple(hash_under(dialect, asked) for dialect in DIALECTS)


def test_of_a_request_without_a_hash_none_is_known() -> None:
    assert identify(of_request({}, name="fog.json"), published()) == Identity(
        Standing.UNNAMED, (), None, ()
    )


def test_the_names_of_standings_are_those_that_results_give() -> None:
    names = ["reachable", "stale", "unreachable", "retired", "unnamed"]

    assert [one.value for one in Standing] == names


@pytest.mark.parametrize("name", [f"{LONG}.json", "fog.json"])
def test_a_retired_kind_is_called_that_whatever_its_name(name: str) -> None:
    _, document = recording(file_request("logbook.pdf"), file_result(["Storm."]))

    assert standing(Recording(name, document, 0)) == (Standing.RETIRED, "none")


def test_a_model_list_is_found_by_its_hash_whatever_its_digest() -> None:
    name, document = recording(models_request(), model_list(["fog"]))
    other = name[: -len("00000000.json")] + "00000000.json"

    assert identify(Recording(other, document, 0), published()).standing is Standing.REACHABLE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (SCORED, chat_answer("Clear.")),
        (http_request("https://tides.example/v1", {"query": "ebb"}), http_answer({"at": "noon"})),
        (tool_request("search", {"query": "fog horn"}), tool_result("Loud.")),
        (models_request(), model_list(["fog"])),
    ],
    ids=["inference", "http", "tool", "models"],
)
def test_what_a_dialect_names_it_also_fits(
    name: str, request_: Document, response: Document
) -> None:
    made = as_recording(recording(request_, response, dialect=name))

    assert dialect_named(name) in identify(made, published()).fitting


# Real recordings


def counted(folder: Path) -> Counter[Standing]:
    corpus = find([str(folder)])
    return Counter(identify(load(entry), published()).standing for entry in corpus.entries)


def test_the_real_corpus_stands_as_its_history_says() -> None:
    assert counted(real_recordings() / "corpus") == {
        Standing.REACHABLE: 938,
        Standing.STALE: 94,
        Standing.UNREACHABLE: 53,
        Standing.RETIRED: 2,
    }


def test_of_the_real_seeds_one_is_stale() -> None:
    assert counted(real_recordings() / "seeds") == {Standing.REACHABLE: 4, Standing.STALE: 1}


def test_the_real_damaged_recording_is_unreachable() -> None:
    assert counted(real_recordings() / "damaged") == {Standing.UNREACHABLE: 1}
