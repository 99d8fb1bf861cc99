"""What must hold of the readers of evidence, of test sources, of logs, and of what git prints."""

import ast
import io
import json
import os
from collections.abc import Iterator
from typing import Any

from recctl import schema
from recctl.errors import RecctlError, UsageError
from recctl.evidence import Evidence, read
from recctl.evidence.lists import evidence_of
from recctl.evidence.traces import read_trace
from recctl.explain.told import FULL, MOST, Told, told, told_by
from recctl.gitstore.running import reason_of
from recctl.gitstore.values import Blob, Commit, changes_in, commit_of
from recctl.query import Question
from recctl.sources import Presence, find_test
from recctl.sources.parameters import written_parameters
from tests.torture.fuzz_mutators import BETWEEN
from tests.torture.fuzz_seeds import ROOT, room
from tests.torture.fuzz_settings import must_be_one_line

RUN = "0123456789abcdef"
HASH = "a4ae12d63bac58bfbc5bc9d5a9f784bc2bad33a8d457999be3b870d9de1ce779"
TEST = "tests/chat/test_lamp.py::TestLamp::test_lights[warm-1.5]"


# Traces


def traces() -> Iterator[bytes]:
    """A trace of one run, one of two, and one with every kind of line."""
    whole = _trace(RUN)
    other = _trace("f" * 16)
    yield whole
    yield whole + other
    yield b"".join(_line(one) for one in schema.load("trace")["examples"])
    yield whole[: len(whole) // 2] + other


def _trace(run: str) -> bytes:
    started = "2026-04-09T12:00:00.000000Z"
    session = {"session": "s", "pid": 1, "worker": None, "traced": True, "base": "sub"}
    lines: list[dict[str, Any]] = [
        {"kind": "run", "version": 1, "recctl": "1", "root": "/x", "command": ["a b"]},
        {"kind": "tree", "commit": "a" * 40, "dirty": False},
        {"kind": "process", "pid": 1, "python": "3.11.7", "traced": True},
        {"kind": "session", **session},
        {"kind": "open", "path": "tests\\recordings/É.json", "pid": 1, "test": TEST},
        {"kind": "open", "path": "a.json", "pid": 2},
        {"kind": "untraced", "program": "node", "command": "node x", "why": "other", "pid": 1},
        {"kind": "connect", "address": "127.0.0.1:80", "pid": 1},
        {"kind": "listen", "address": "*:80", "pid": 1},
        {"kind": "test", "session": "s", "id": f"{TEST}@group", "outcome": "passed"},
        {"kind": "collection", "session": "s", "id": "b.py", "outcome": "skipped"},
        {"kind": "finished", "session": "s", "exit": 0, "collected": 1},
        {"kind": "end", "exit": 0},
    ]
    lines[0]["started"] = started
    return b"".join(_line({"kind": one["kind"], "run": run, **one}) for one in lines)


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def check_trace(raw: bytes) -> None:
    """It is refused in one line; else read twice it tells the same, and cut off it proves less."""
    found = _traced(raw)
    if found is None:
        return
    assert read(traces=[str(room() / "trace.jsonl")]) == found
    assert _traced(raw + raw) == found or not raw.endswith(b"\n"), "told twice it is something else"
    assert found | found == found
    cut = _traced(raw[:-3])
    if cut is not None:
        assert cut.doubts or cut.flaws, "nobody sees that it was cut off"
    for line in (*found.flaws, *found.doubts):
        must_be_one_line(UsageError(line))


def _traced(raw: bytes) -> Evidence | None:
    path = room() / "trace.jsonl"
    path.write_bytes(raw)
    try:
        return read_trace(str(path))
    except UsageError as error:
        must_be_one_line(error)
        return None


# Lists of tests

_IDS = f"{TEST}\ntests/b.py::test_b\n"


def lists() -> Iterator[bytes]:
    """What pytest collects, in every form."""
    yield _IDS.encode()
    yield f"{_IDS}\n2 tests collected in 0.01s\n".encode()
    closing = "2/3 tests collected (1 deselected) in 75.1s (0:01:15)"
    yield f"\x1b[1m{_IDS}\n{closing}\x1b[0m\n".encode()
    collected = f"{_IDS}\n2 tests collected in 0.1s\n"
    yield (collected + collected).encode("utf-16")
    report = {
        "exitcode": 0,
        "root": "/x",
        "summary": {"passed": 1, "collected": 2, "deselected": 1, "total": 1},
        "collectors": [
            {"nodeid": "", "outcome": "passed", "result": [{"nodeid": "b.py", "type": "Module"}]},
            {
                "nodeid": "b.py",
                "outcome": "passed",
                "result": [{"nodeid": "b.py::t", "type": "Function", "lineno": 1}],
            },
            {"nodeid": "c.py", "outcome": "skipped", "result": []},
        ],
        "tests": [{"nodeid": "b.py::t", "outcome": "passed"}],
    }
    yield json.dumps(report).encode()
    yield f"SKIPPED [1] c.py:3: no\n{_IDS}\n2 tests collected in 0.1s\n".encode()


def check_list(raw: bytes) -> None:
    """It is refused in one line; else it names tests, and how its lines end means nothing."""
    found = _listed(raw)
    if found is None:
        return
    assert found.listed, "accepted, and empty"
    assert found | found == found
    if b"\r" not in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        other = _listed(raw.replace(b"\n", b"\r\n"))
        assert other is not None, "not with other line ends"
        assert other.listed.keys() == found.listed.keys(), "other tests with other line ends"


def _listed(raw: bytes) -> Evidence | None:
    try:
        return evidence_of("tests.txt", raw)
    except UsageError as error:
        must_be_one_line(error)
        return None


# Sources of tests


def sources() -> Iterator[bytes]:
    """A file of tests, a conftest.py and a configuration, each pair of them apart."""
    conftest = b"import pytest\n@pytest.fixture\ndef lamp(request):\n    return request.param\n"
    settings = b"[pytest]\nmarkers =\n    slow: slow\n"
    for text in (
        "import pytest\n"
        "@pytest.mark.parametrize('a', ['x', 1, 0.5, None, pytest.param(2, id='z')])\n"
        "def test_a(a, lamp): ...\n",
        "from .base import *\nimport pytest as p\nV = [1, 2]\n\n\nclass TestA(Base):\n"
        "    pytestmark = [p.mark.slow]\n    @p.mark.parametrize(('b', 'c'), [(v, v) for v in V])\n"
        "    def test_a(self, b, c):\n        pass\n",
        "test_a = lambda: None\nif True:\n    def test_b(): ...\nglobals()['test_c'] = test_a\n"
        "try:\n    import x\nexcept ImportError:\n    del test_a\n"
        "match x:\n    case test_d: pass\n",
        "def make(n):\n    def test_a(): ...\n    return test_a\n"
        "test_a = make(1)\nasync def test_b(x=1): ...\n",
    ):
        yield BETWEEN.join((text.encode(), conftest, settings))
    for path in ("tests/test_globs.py", "tests/test_hashing.py", "tests/test_scan.py"):
        if (ROOT / path).is_file():
            yield BETWEEN.join(((ROOT / path).read_bytes()[:6_000], conftest, settings))


def check_sources(raw: bytes) -> None:
    """Every test gets an answer; one that plainly is there is never gone."""
    source, conftest, settings = [*raw.split(BETWEEN), b"", b""][:3]
    root = room() / "sources"
    (root / "tests").mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("tests/test_a.py", source),
        ("conftest.py", conftest),
        ("pytest.ini", settings),
    ):
        (root / name).write_bytes(content)
    named = {"test_a", "test_b", "TestA::test_a", "x"}
    plain = _plain_tests(source)
    for name in named | set(plain):
        test_id = f"tests/test_a.py::{name}[1]"
        sought = find_test(root, test_id)
        assert find_test(root, test_id) == sought
        must_be_one_line(UsageError(sought.reason))
        if name in plain:
            assert sought.presence is not Presence.GONE, f"{name} is there"
        ids = written_parameters(root, test_id)
        if ids is not None:
            assert all(one == "" or (one[0], one[-1]) == ("[", "]") for one in ids)
            "".join(ids).encode("utf-8")


def _plain_tests(source: bytes) -> list[str]:
    """Tests at the top of a module whose names stand nowhere else in it."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    text = source.decode("utf-8", "replace")
    return [
        one.name
        for one in module.body[:20]
        if isinstance(one, ast.FunctionDef)
        and one.name.startswith("test_")
        and one.name.isascii()
        and text.count(one.name) == 1
        and not one.decorator_list
        and "__test__" not in text
    ]


# What is told of misses


def logs() -> Iterator[bytes]:
    """Logs of failed runs."""
    message = (
        f"Recording not found for request hash: {HASH}\n"
        "Model: gpt-4o | Request: POST https://api.openai.com/v1/v1/chat/completions\n\n"
        "Run './scripts/integration-tests.sh --inference-mode record-if-missing'\n"
    )
    body = {"model": "tern", "messages": [{"role": "user", "content": "It's\n{foggy}"}], "n": 1.0}
    yield message.encode()
    oldest = "No recorded response found for request hash"
    yield f"{oldest}: {HASH}\nRequest: POST http://h/v1 {body}\n".encode()
    yield (
        "=================================== FAILURES ===================================\n"
        "________________________ TestLamp.test_lights[warm-1.5] ________________________\n"
        "tests/chat/test_lamp.py:31: in test_lights\n    client.chat()\n"
        f"body = {body!r}\nE               RuntimeError: {message}"
        "=========================== short test summary info ============================\n"
        f"FAILED {TEST} - RuntimeError: Recording not found for request hash: a4ae12d63b...\n"
        f"FAILED {TEST}x - RuntimeError: Recording not fo...\n"
    ).encode()
    yield (
        "2026-05-01 10:00:00 ERROR [RECORDING DEBUG] Recording not found!\n  Mode: replay\n"
        f"2026-05-01 10:00:00 ERROR   Request hash: {HASH}\n  Method: POST\n  URL: http://h/v1\n"
        f"  Endpoint: /v1\n  Model: gpt-4o\n  Test context: {TEST}\n"
    ).encode()
    quoted = message.replace("\n", "&#10;")
    yield (
        '<?xml version="1.0"?><testsuites><testcase classname="tests.chat.test_lamp.TestLamp"'
        f' name="test_lights[warm-1.5]"><failure message="{quoted}">x</failure></testcase>'
    ).encode()
    called = "Recording not found for tavily.search | Request: {'query': 'fog'}"
    yield f"│ \x1b[31m{called}\x1b[0m │\n".encode()
    posted = "No recording found for httpx POST https://h/v1/messages"
    yield f"{posted}\n{TEST} FAILED\n".encode("utf-16")


def check_why(raw: bytes) -> None:
    """What is told is bounded, and the same from a stream as from a text."""
    found = told_by(io.BytesIO(raw))
    assert len(found.misses) <= MOST
    for miss in found.misses:
        assert len(miss.hash) <= FULL
        assert set(miss.hash) <= set("0123456789abcdef")
        json.dumps(miss.bodies)
    if not raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        assert _told(told(raw.decode("utf-8", "replace"))) == _told(found)


def _told(found: Told) -> str:
    return repr(found) + repr([miss.bodies for miss in found.misses])


# What git prints


def changes() -> Iterator[bytes]:
    """Names of files and a message, each of which git tells as it is."""
    yield b"\0".join((b"Mend the lamp", b"tests/a b.json", b"\xff\n\xc3\xa9", b":100644 x"))
    yield b"\0".join((b"", b"\n", b"tests/recordings/x.json"))


def check_git(raw: bytes) -> None:
    """Whatever files are called and commits say, git's lines are told apart. SQL is refused so."""
    subject, *names = [one[:200] for one in raw.split(b"\0")[:9]]
    subject = subject.replace(b"\n", b" ").strip()
    old, new = b"1" * 40, b"2" * 40
    tokens = [b"3" * 40 + b" 1759000000 " + subject]
    wanted = []
    for place, name in enumerate(name for name in names if name):
        is_new = place % 2 == 0
        sides = (b"000000", b"0" * 40) if is_new else (b"100644", old)
        status = b"A" if is_new else b"M"
        tokens += [b":%b 100755 %b %b %b" % (sides[0], sides[1], new, status), name]
        before = None if is_new else Blob(old.decode(), 0o100644)
        wanted.append((os.fsdecode(name), before, Blob(new.decode(), 0o100755)))
    tokens[1:2] = [b"\n" + one for one in tokens[1:2]]
    commit = Commit("3" * 40, 1759000000, subject.decode("utf-8", "replace"))
    assert commit_of(tokens[0]) == commit
    found = list(changes_in(iter(tokens)))
    assert [(one.path, one.before, one.after) for _, one in found] == wanted
    assert all(told == commit for told, _ in found)
    must_be_one_line(RecctlError(reason_of(raw, 1) or "-"))
    _check_question(raw)


def _check_question(raw: bytes) -> None:
    try:
        asked = raw[:300].decode("utf-8", "replace")
        Question(f"SELECT {asked} FROM recordings").close()  # noqa: S608 - refused, or not run
    except UsageError as error:
        must_be_one_line(error)
