"""Credentials in recordings: every kind is found in every encoding, nothing else is, none is told.

The credentials here are made up when the tests run, from pieces that no scanner knows, so that
none is in the repository.
"""

import base64
import gzip
import json
import os
import random
import re
import string
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import secrets
from recctl.diagnostics import Violation
from recctl.errors import UsageError
from recctl.hashing import canonical
from recctl.jsontext import MOST_TOLD, parse
from recctl.recording import Recording
from recctl.rules.secrets import secret
from recctl.rules.subject import Subject
from recctl.secrets import MASK, masked, may_hold, may_hold_json, secrets_in
from tests.build import (
    TEST,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    folder_of,
    recording,
    write,
)
from tests.cli import run_here
from tests.strategies import json_values, places, replaced
from tests.test_import_weight import modules_after

LIBRARY = "kingfisher_sdk"

needs_library = pytest.mark.skipif(not secrets.available(), reason="needs recctl[secrets]")


@pytest.fixture(autouse=True, scope="module")
def _rules_cached_elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The library keeps its compiled rules with what pytest keeps, not in the user's folder."""
    kept = getattr(request.config, "cache", None)
    folder = kept.mkdir("secrets") if kept else tmp_path_factory.mktemp("secrets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KF_RULE_CACHE_DIR", str(folder))
        if secrets.available():
            secrets_in(["compiles them, which takes longer than a test may"])
        yield


# Credentials that never were

HEX = "0123456789abcdef"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LETTERS = string.ascii_letters + string.digits


def made(count: int, of: str = LETTERS, seed: int = 0) -> str:
    """So many characters at random, the same in every run."""
    return "".join(random.Random(f"{seed} {count} {of}").choices(of, k=count))  # noqa: S311


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def private_key() -> str:
    lines = [made(64, LETTERS + "+/", seed) for seed in range(12)]
    frame = "-----{} RSA PRIVATE " + "KEY-----"
    return "\n".join([frame.format("BEGIN"), *lines, frame.format("END")])


JWT = ".".join([segment({"alg": "HS256", "typ": "JWT"}), segment({"sub": made(10)}), made(43)])
STORAGE_KEY = base64.b64encode(random.Random(4).randbytes(64)).decode()  # noqa: S311

KINDS = {
    "aws-access-key-id": "AK" + "IA" + made(16, CAPITALS),
    "openai-api-key": "sk-" + "proj-" + made(74) + "T3Blbk" + "FJ" + made(74, seed=1),
    "anthropic-api-key": "sk-" + "ant-api03-" + made(93) + "AA",
    "github-pat": "gh" + "p_" + made(36),
    "github-fine-grained-pat": "github_" + "pat_" + made(22) + "_" + made(59),
    "slack-bot-token": "xo"
    + "xb-"
    + "-".join([made(12, "123456789"), made(12, "123456789", 1)])
    + "-"
    + made(24),
    "slack-webhook-url": "https://hooks."
    + "slack.com/services/T"
    + f"{made(8, CAPITALS)}/B{made(10, CAPITALS)}/{made(24)}",
    "gcp-api-key": "AI" + "za" + made(35),
    "google-oauth-access-token": "ya" + "29." + made(60),
    "azure-storage-account-key": "DefaultEndpointsProtocol=https;AccountName=keeper;Account"
    + f"Key={STORAGE_KEY};EndpointSuffix=core.windows.net",
    "azure-ad-client-secret": made(3) + "8Q" + "~" + made(34),
    "jwt": JWT,
    "private-key": private_key(),
    "generic-credential-uri": "https://keeper:" + made(18) + "@lamp.harbour.net/x",
    "bearer-token": "Bearer " + made(40),
    "huggingface-access-token": "h" + "f_" + made(34, string.ascii_letters),
    "groq-api-key": "gs" + "k_" + made(52),
    "tavily-api-key": "tv" + "ly-dev-" + made(32),
    "fireworks-api-key": "f" + "w_" + made(24),
}
"""A text that holds a credential, by the name of its kind."""

VALUES = {
    "azure-storage-account-key": STORAGE_KEY,
    "bearer-token": made(40),
}
"""The credential itself, where its text says more."""

KEY = KINDS["github-pat"]


# Encodings

Encoding = Callable[[str], str]

ENCODINGS: dict[str, Encoding] = {
    "JSON": lambda text: json.dumps({"kept": [text]}),
    "events": lambda text: f"event: x\ndata: {json.dumps({'kept': text})}\n\ndata: [DONE]\n\n",
    "percent-encoding": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}

OTHER_SPELLINGS: dict[str, Encoding] = {
    "percent-encoding": lambda text: "https://harbour.net/?note=" + quote(f"<{text}>", safe=""),
    "base64 for urls, unpadded": lambda text: (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    ),
    "base64 in lines": lambda text: base64.encodebytes((". " * 60 + text).encode()).decode(),
    "base64 in a data url": lambda text: (
        "data:text/plain;base64," + base64.b64encode(text.encode()).decode()
    ),
    "prose": lambda text: f"Mine is {text}, or (as you say) {text}?",
    "lines": lambda text: f"Mine is\n{text}\nand not yours",
}


def subject_of(document: Any, name: str = "x.json") -> Subject:
    return subject_of_text(canonical(document).decode(), name)


def subject_of_text(text: str, name: str = "x.json") -> Subject:
    parsed = parse(text.encode())
    known = parsed.readable and Recording.is_interaction(parsed.value)
    kept = Recording(name, parsed.value, len(text)) if known else None
    return Subject(Path(name), size=len(text), parsed=parsed, recording=kept)


def asking(text: str) -> Document:
    """A recording whose question is this text."""
    return recording(chat_request(text), chat_answer("Noted."))[1]


def found(document: Any) -> list[Violation]:
    return list(secret(subject_of(document)))


def kind_in(violation: Violation) -> list[str]:
    return violation.message.partition(",")[0].split(" or ")


ASKED = "/request/body/messages/0/content"


@needs_library
@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_is_found_where_it_stands(kind: str) -> None:
    (violation,) = found(asking(KINDS[kind]))
    assert kind in kind_in(violation)
    assert violation.pointer == ASKED


@needs_library
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_encoded_credential_is_found_and_its_encoding_told(kind: str, encoding: str) -> None:
    (violation,) = found(asking(ENCODINGS[encoding](KINDS[kind])))
    assert kind in kind_in(violation)
    assert f", in {encoding}" in violation.message
    assert violation.pointer == ASKED


@needs_library
@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_is_found_in_other_spellings(kind: str, spelling: str) -> None:
    violations = found(asking(OTHER_SPELLINGS[spelling](KINDS[kind])))
    assert [kind in kind_in(one) for one in violations] == [True]


@needs_library
@given(st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=4), st.sampled_from(sorted(KINDS)))
def test_encodings_may_stand_inside_each_other_four_deep(layers: list[str], kind: str) -> None:
    text = KINDS[kind]
    for layer in layers:
        text = ENCODINGS[layer](text)
    violations = found(asking(text))
    assert any(kind in kind_in(one) for one in violations)


@needs_library
@given(st.data())
def test_a_credential_is_found_anywhere_in_any_document(data: st.DataObject) -> None:
    document = data.draw(json_values(st.text(max_size=12), finite=True))
    place = data.draw(st.sampled_from(list(places(document))))
    planted = replaced(document, place, KEY)
    (violation,) = found(planted)
    assert kind_in(violation) == ["github-pat"]


@needs_library
def test_the_names_of_members_are_looked_at_and_not_pointed_to() -> None:
    (violation,) = found({"kept": {KEY: 1}})
    assert violation.pointer == "/kept"
    assert KEY not in violation.message


@needs_library
def test_a_credential_under_a_name_that_is_one_is_not_pointed_to_by_it() -> None:
    violations = found({"kept": {KEY: {"deeper": KINDS["gcp-api-key"]}}})
    assert all(KEY not in one.pointer for one in violations)
    assert {kind for one in violations for kind in kind_in(one)} == {"github-pat", "gcp-api-key"}


@needs_library
def test_a_credential_split_over_the_chunks_of_a_stream_is_found() -> None:
    pieces = [KEY[start : start + 5] for start in range(0, len(KEY), 5)]
    document = recording(chat_request("Any key?", stream=True), chat_stream(pieces))[1]
    (violation,) = found(document)
    assert kind_in(violation) == ["github-pat"]
    assert violation.pointer == "/response/body"
    assert ", in chunks" in violation.message


@needs_library
def test_a_credential_in_several_places_is_one_finding_that_counts_them() -> None:
    (violation,) = found({"a": KEY, "b": [KEY, f"and {KEY}"]})
    assert violation.pointer == "/a"
    assert ", in 3 places" in violation.message


@needs_library
def test_two_credentials_of_one_kind_are_two_findings() -> None:
    other = "gh" + "p_" + made(36, seed=9)
    assert [one.pointer for one in found({"a": KEY, "b": other})] == ["/a", "/b"]


@needs_library
def test_of_many_credentials_the_first_are_told_and_the_others_counted() -> None:
    many = ["gh" + "p_" + made(36, seed=seed) for seed in range(MOST_TOLD + 7)]
    violations = found(many)
    assert len(violations) == MOST_TOLD
    assert violations[-1].message.endswith("; 7 more such")


@needs_library
def test_in_a_file_that_is_no_json_the_line_is_told() -> None:
    text = '{\n<<<<<<< ours\n  "kept": "' + KEY + '"\n=======\n'
    (violation,) = secret(subject_of_text(text))
    assert (violation.pointer, violation.line) == ("", 3)


@needs_library
def test_a_credential_spelled_in_escapes_is_found() -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    (violation,) = secret(subject_of_text(f'{{"kept": "{escaped}"}}'))
    assert kind_in(violation) == ["github-pat"]


# Names that make a value a credential


@needs_library
@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Authorization": f"Bearer {made(40)}"}, "authorization"),
        ({"authorization": [f"Basic {base64.b64encode(made(24).encode()).decode()}"]}, None),
        ({"X-Api-Key": made(32, HEX)}, "api-key"),
        ({"x-api-key": [made(32, HEX)]}, "api-key"),
        ({"api-key": made(32, HEX)}, "api-key"),
        ({"Cookie": f"theme=dark; session={made(40)}"}, "cookie"),
        ({"set-cookie": f"session={made(40)}; Path=/; HttpOnly"}, "cookie"),
        ({"Ocp-Apim-Subscription-Key": made(32, HEX)}, "subscription-key"),
        ({"x-amz-security-token": made(200)}, "security-token"),
    ],
)
def test_the_value_of_a_credential_header_is_one(headers: Document, kind: str | None) -> None:
    (violation,) = found({"request": {"headers": headers}})
    assert kind is None or kind_in(violation) == [kind]
    assert violation.pointer.startswith("/request/headers/")


@needs_library
@pytest.mark.parametrize("name", ["api_key", "apikey", "access_token", "client_secret"])
def test_a_credential_parameter_of_a_url_is_one(name: str) -> None:
    (violation,) = found({"url": f"https://lamp.harbour.net/v1?day=3&{name}={made(40)}&q=fog"})
    assert violation.pointer == "/url"


@needs_library
def test_a_user_and_password_in_a_url_are_one() -> None:
    (violation,) = found({"url": f"postgres://keeper:{made(18)}@lamp.harbour.net:5432/log"})
    assert violation.pointer == "/url"


@needs_library
def test_an_assignment_in_a_prompt_is_one() -> None:
    assert len(found(asking(f"Run it with LAMP_API_KEY='{made(40)}', please"))) == 1


# What is none

NO_CREDENTIALS: dict[str, Any] = {
    "an id of a chat": f"chatcmpl-{made(29)}",
    "an id of a call": f"call_{made(24)}",
    "an id of a message": f"msg_{made(50, HEX)}",
    "a uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "a sha256": made(64, HEX),
    "a sha1": made(40, HEX),
    "a vector": base64.b64encode(random.Random(5).randbytes(6144)).decode(),  # noqa: S311
    "a picture": "data:image/png;base64,"
    + base64.b64encode(b"\x89PNG\r\n" + random.Random(6).randbytes(3000)).decode(),  # noqa: S311
    "a signature of a thought": {"thoughtSignature": segment(made(2000)), "signature": made(800)},
    "reasoning that is encrypted": {"encrypted_content": "gAAAAAB" + made(1200, LETTERS + "-_")},
    "a fingerprint": "fp_" + made(10, HEX),
    "obfuscation": {"obfuscation": made(14)},
    "counts of tokens": {"total_tokens": 1234567890123456, "token": "abc"},
    "a page's token": {"next_page_token": made(60)},
    "a placeholder": {"authorization": "Bearer ${LAMP_TOKEN_1234567890}"},
    "a redacted header": {"authorization": "Bearer REDACTED-0123456789abcdef"},
    "stars": {"x-api-key": "********************1234"},
    "an example": {"api_key": "example-key-0123456789abcdef"},
    "the example of a manual": "AK" + "IA" + "IOSFODNN7" + "EXAMPLE",
    "code that reads a key": 'api_key = os.environ["LAMP_API_KEY_2024_PRODUCTION"]',
    "a schema": {"properties": {"api_key": {"type": "string", "description": "Your API key"}}},
    "talk of keys": "A secret key: keep your password and cookies to yourself. Bearer tokens, too.",
    "a url with a port": "http://localhost:11434/v1/chat@home",
    "an address": "mailto:keeper@harbour.net, see https://harbour.net/@keeper:8080",
    "a time": {"session_token": "2026-01-02T03:04:05.678Z"},
}


@needs_library
@pytest.mark.parametrize("name", NO_CREDENTIALS)
def test_no_credential_is_seen_in(name: str) -> None:
    assert secrets_in(NO_CREDENTIALS[name]) == ()


@needs_library
@given(st.binary(min_size=18, max_size=400))
def test_random_bytes_in_base64_are_no_credential(raw: bytes) -> None:
    assert secrets_in([base64.b64encode(raw).decode(), raw.hex()]) == ()


@needs_library
def test_the_end_of_one_string_is_no_name_of_the_next() -> None:
    assert secrets_in(["QUJDRibmQ=", made(44, HEX)]) == ()
    assert len(secrets_in(["ibm_api_key=" + made(44, LETTERS)])) == 1


@needs_library
def test_real_recordings_hold_no_credential() -> None:
    root = Path(__file__).parents[1]
    folder = Path(os.environ.get("RECCTL_TEST_CORPUS", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real recordings: set RECCTL_TEST_CORPUS")
    files = sorted(folder.rglob("*.json"))
    assert files
    held = [file for file in files if list(secret(subject_of_text(file.read_text("utf-8"))))]
    assert held == []


# Nothing is told


def pieces(text: str, size: int = 8) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}


@needs_library
@pytest.mark.parametrize("encoding", ["as it is", *ENCODINGS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_finding_tells_nothing_of_the_value(kind: str, encoding: str) -> None:
    encode = ENCODINGS.get(encoding, str)
    for violation in found({"kept": encode(KINDS[kind]), encode(KINDS[kind]): 0}):
        told = violation.message + violation.pointer
        assert violation.secret
        assert not pieces(VALUES.get(kind, KINDS[kind])) & pieces(told)


@needs_library
def test_a_finding_tells_the_length() -> None:
    (violation,) = found(asking(KEY))
    assert violation.message == "github-pat, 40 characters; revoke it"


@pytest.mark.parametrize("encoding", ["as it is", *ENCODINGS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_line_that_holds_a_credential_is_masked(kind: str, encoding: str) -> None:
    line = json.dumps({"kept": ENCODINGS.get(encoding, str)(KINDS[kind])})
    assert may_hold(line)
    assert masked(line) == MASK


def test_other_lines_are_shown_as_they_are() -> None:
    line = '      "content": "The lamp at noon: 12 candles, see https://harbour.net/lamp",'
    assert masked(line) == line


@needs_library
def test_what_only_the_library_knows_is_masked_once_it_is_loaded() -> None:
    rare = "dvc_server_" + made(30)
    assert not may_hold(rare)
    assert [one.kind for one in secrets_in([rare])] == ["devcycle-server-sdk-key"]
    assert masked(rare) == MASK


# The gate


@pytest.mark.parametrize("encoding", ["as it is", *ENCODINGS])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gate_opens_for_every_kind_in_every_encoding(kind: str, encoding: str) -> None:
    text = ENCODINGS.get(encoding, str)(KINDS[kind])
    assert may_hold(text)
    assert may_hold_json(canonical({"kept": text}).decode())
    assert may_hold_json(json.dumps({"kept": json.dumps({"kept": text})}))


def plainly_undone(text: str) -> Iterator[str]:
    """What the gate looks at, with nothing left out to save time."""
    todo = [(text, 0)]
    budget = secrets._BUDGET * len(text)
    while todo and budget >= 0:
        one, done = todo.pop(0)
        budget -= len(one)
        yield one
        if done == secrets._DEPTH:
            continue
        made = []
        if re.search(secrets._ESCAPED, one):
            made.append(re.sub(secrets._ESCAPED, lambda match: chr(int(match[1], 16)), one))
        if re.search(secrets._PERCENT, one):
            made.append(unquote(one, errors="replace"))
        decoded = [secrets._texts_in(run[0]) for run in re.finditer(secrets._BASE64, one)]
        made.append("\n".join(text for texts in decoded for text in texts))
        todo += [(text, done + 1) for text in made if text]


def plainly_may_hold(text: str) -> bool:
    for one in plainly_undone(text):
        if any(re.search(shape.pattern, one) for shape in secrets._SHAPES):
            return True
        # Letters that only look like those of a name do not count.
        if any(name in one.lower() for name in secrets._NAMES):
            for match in re.finditer(secrets._NAMED, one):
                parts = (match["cookies"] or "").split(";")
                values = [match["value"], match["bearer"]]
                values += [part.partition("=")[2].strip() for part in parts]
                if any(secrets._is_made(value) for value in values if value):
                    return True
    return False


NAMED = [*secrets._NAMES, "Bearer ", "Cookie: a=", "client_secret", "secret_access_key"]
PIECES_OF_TEXT = st.sampled_from(
    [
        *(KINDS[kind] for kind in sorted(KINDS) if len(KINDS[kind]) < 120),
        *(encode(made(40)) for encode in ENCODINGS.values()),
        *(encode("fog of the sea, lamp of the harbour") for encode in ENCODINGS.values()),
        *NAMED,
        *(made(count, of) for of in (LETTERS, HEX) for count in (15, 16, 17, 18, 23, 24, 30)),
        *("sk-", "://a:", "@", "xoxb-", "AKIA", "Q~", "İ", "ſ", "K", "\\u0041", "%41", "%2", "\\"),
        *('"', '": "', "=", " = ", ": [", ",", " ", "\n", "\r\n", "\\n", "\\r\n", "\\t", "fog"),
    ]
)
ROUGH_TEXTS = st.lists(PIECES_OF_TEXT | st.text(st.characters(), max_size=4), max_size=9).map(
    "".join
)


@settings(max_examples=500, deadline=None)
@given(ROUGH_TEXTS)
def test_the_gate_opens_where_it_would_if_it_looked_at_everything(text: str) -> None:
    assert may_hold(text) == plainly_may_hold(text)


@settings(max_examples=500, deadline=None)
@given(st.lists(ROUGH_TEXTS, min_size=1, max_size=3), st.data())
def test_what_was_seen_before_does_not_move_the_gate(texts: list[str], data: st.DataObject) -> None:
    lines = [line for text in texts for line in text.split("\n")]
    for _ in range(3):
        text = "\n".join(data.draw(st.lists(st.sampled_from(lines), max_size=8)))
        kept = "\n".join(line for line in dict.fromkeys(text.split("\n")) if '"' in line)

        assert may_hold_json(text) == plainly_may_hold(kept)


def test_lines_that_hold_nothing_by_themselves_are_looked_at_together() -> None:
    encoded = ENCODINGS["base64"](KEY)
    broken = [f'"{encoded[:25]}', f'{encoded[25:]}"']
    assert not any(map(may_hold, broken))
    for text in (broken[0], broken[1], "\n".join(reversed(broken))):
        assert not may_hold_json(text)
    assert may_hold_json("\n".join(broken))


def test_lines_that_were_seen_are_forgotten_when_they_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inert = secrets._InertLines()
    monkeypatch.setattr(secrets, "_INERT_SIZE", 1000)
    for number in range(1000):
        assert inert.has_all({f'"fog {number}"': None, "[": None})
        assert sum(map(len, inert._known)) <= 1000
    assert not inert.has_all({f'"{KEY}"': None})


@pytest.mark.parametrize("shape", secrets._RUN_SHAPES, ids=lambda shape: shape.literal)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_credential_of_a_long_run_is_in_one(shape: Any, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(shape.pattern, alphabet=string.printable))
    assert shape.literal in secrets._long_runs(text)


@pytest.mark.parametrize("name", secrets._NAMES)
def test_each_name_has_a_part_that_is_asked_for_first(name: str) -> None:
    assert any(part in name for part in secrets._IN_NAMES)


@settings(max_examples=500, deadline=None)
@given(ROUGH_TEXTS | st.from_regex(secrets._NAMED, alphabet=string.printable))
def test_names_are_found_where_the_pattern_finds_them(text: str) -> None:
    found = [match.span() for match in secrets._named(text)]
    assert found == [match.span() for match in re.finditer(secrets._NAMED, text)]


def test_the_gate_stays_shut_for_an_ordinary_recording() -> None:
    document = recording(chat_request("Any fog?", stream=True), chat_stream(["No", "."]))[1]
    assert not may_hold_json(canonical(document).decode())


def test_the_library_is_not_loaded_for_an_ordinary_recording() -> None:
    code = (
        "from pathlib import Path\n"
        "from recctl.jsontext import parse\n"
        "from recctl.rules.secrets import secret\n"
        "from recctl.rules.subject import Subject\n"
        'parsed = parse(b\'{"kept": "https://harbour.net and fog"}\')\n'
        "assert list(secret(Subject(Path('x.json'), parsed=parsed))) == []"
    )
    assert LIBRARY not in modules_after(code)


# Without the library


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the extra had not been installed."""
    for name in [name for name in sys.modules if name.partition(".")[0] == LIBRARY]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, LIBRARY, None)
    secrets.available.cache_clear()
    yield
    monkeypatch.undo()
    secrets.available.cache_clear()


@pytest.mark.usefixtures("without_library")
def test_without_the_library_nothing_is_found() -> None:
    assert not secrets.available()
    assert found(asking(KEY)) == []


@pytest.mark.usefixtures("without_library")
@pytest.mark.parametrize("selector", ["secret", "H561", "H5", "ALL"])
def test_selecting_the_rule_without_the_library_is_told(tmp_path: Path, selector: str) -> None:
    write(tmp_path, folder_of(TEST), recording(chat_request("Any fog?"), chat_answer("No.")))
    ran = run_here("validate", "--select", selector, cwd=tmp_path)
    assert ran.errors[0] == f"recctl: rule secret is not checked: {secrets.LACKING}"


@pytest.mark.usefixtures("without_library")
def test_the_usual_rules_do_not_miss_the_library(tmp_path: Path) -> None:
    write(tmp_path, folder_of(TEST), recording(chat_request("Any fog?"), chat_answer("No.")))
    (tmp_path / "recctl.toml").write_text('ignore = ["secret"]')
    ran = run_here("validate", cwd=tmp_path)
    assert (ran.code, ran.errors) == (0, ["recctl: 1 recording, no findings"])


@pytest.mark.usefixtures("without_library")
def test_a_line_is_masked_without_the_library() -> None:
    assert masked(KEY) == MASK


@pytest.mark.usefixtures("without_library")
def test_a_library_that_cannot_be_loaded_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(secrets, "available", lambda: True)
    monkeypatch.setattr(secrets, "_scanner", cache(secrets._scanner.__wrapped__))
    with pytest.raises(UsageError, match="cannot be loaded") as caught:
        found(asking(KEY))
    assert "\n" not in str(caught.value)


# Hostile input


@needs_library
@given(json_values())
def test_no_document_makes_the_rule_raise(document: Any) -> None:
    text = json.dumps({"request": document, "response": {"body": [document]}})
    assert isinstance(list(secret(subject_of_text(text))), list)
    assert isinstance(secrets_in(document), tuple)


@needs_library
@given(st.text(st.characters(), max_size=60))
def test_no_text_makes_the_gate_raise(text: str) -> None:
    assert isinstance(may_hold(text), bool)
    assert isinstance(secrets_in([text, KEY + text]), tuple)


@needs_library
def test_compressed_data_is_not_inflated() -> None:
    bomb = base64.b64encode(gzip.compress((KEY + "0" * 100_000).encode())).decode()
    assert not may_hold(bomb)
    assert secrets_in([bomb]) == ()


@needs_library
def test_encodings_five_deep_are_left_alone() -> None:
    text = KEY
    for _ in range(5):
        text = ENCODINGS["base64"](text)
    assert found(asking(text)) == []


@needs_library
def test_json_in_a_string_may_be_too_deep_to_be_read() -> None:
    assert secrets_in(["[" * 100_000, "[" * 5_000 + "]" * 5_000]) == ()


@needs_library
@pytest.mark.parametrize(
    "unit",
    ["ey" + "J", "sk-", "://a:", "api_key=", "\\", "\\u0041", "%25", "QUtJ", '"', "data: [\n"],
)
def test_a_long_repetition_is_read_to_its_end(unit: str) -> None:
    (one,) = secrets_in([unit * (100_000 // len(unit)), KEY])
    assert one.pointer == "/1"


@needs_library
@pytest.mark.parametrize("before", [0, 64 * 1024 - 20, 64 * 1024, 500_000])
def test_a_credential_is_found_wherever_in_a_long_string(before: int) -> None:
    (one,) = secrets_in(["fog " * (before // 4) + KEY + " fog" * 50_000])
    assert (one.kind, one.length) == ("github-pat", 40)


@needs_library
def test_threads_may_look_at_the_same_time() -> None:
    documents = [{"kept": ["fog", text]} for text in KINDS.values()] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(secrets_in, documents)) == [secrets_in(one) for one in documents]
