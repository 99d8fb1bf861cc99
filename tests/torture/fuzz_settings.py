"""What must hold of the readers of settings, baselines and attributes."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import suppress

from recctl import config, schema
from recctl.baseline import Baseline
from recctl.cli.settings import policy_of
from recctl.cli.validate import selection_of
from recctl.config.file import checked
from recctl.diagnostics import Finding, Severity
from recctl.dialects import hash_under
from recctl.drivers.lines import (
    EVERYWHERE,
    folders_made,
    pattern_of,
    patterns_in,
    with_lines,
    without_lines,
)
from recctl.errors import RecctlError, UsageError
from recctl.globs import matcher
from recctl.recording import Recording
from recctl.render import settings as of_settings
from tests.torture.fuzz_recordings import must_be_printable
from tests.torture.fuzz_seeds import documents, room

SAMPLE = Recording("a.json", next(documents()), 1)

CONFIGURATIONS = (
    """roots = ["tests"]
target = "mine"
test-roots = ["."]
select = ["I", "S", "unreachable"]
ignore = ["stale"]
baseline = "known.json"
allowed-hosts = ["*.openai.com", "localhost*"]
allowed-types = ["openai.*"]
max-size = 1000
jobs = 2
cache = false

[severity]
stale = "info"

[per-file-ignores]
"tests/*/old/*.json" = ["I", "duplicate"]

[dialects.mine]
extends = "ogx-2026-04-09"
adds = "no seeds"
since = 2026-05-01
hash-digits = 12

[[dialects.mine.steps]]
step = "substitute"
pattern = '[a-z]+-\\d{4}'
with = 'x\\g<0>'

[[dialects.mine.steps]]
step = "substitute"
pattern = '-?\\d+\\.\\d+'
digits = 2

[[dialects.mine.steps]]
step = "round"
digits = 3

[[dialects.mine.steps]]
step = "drop"
path = "/extra_body/seed"
host = "bedrock"
in-lists = true

[[dialects.mine.steps]]
step = "test-id"

[[dialects.mine.steps]]
step = "share"
path = "/v1/models"

[dialects.other]
extends = "mine"
""",
    """[tool.recctl]
roots = []
[tool.recctl.dialects.own]
[[tool.recctl.dialects.own.steps]]
step = "round"
digits = 30
[tool.ruff]
""",
    'select = ["ALL"]\n[dialects.a]\nextends = "b"\n[dialects.b]\nextends = "a"\n',
)


def check_config(raw: bytes) -> None:
    """It is refused in one line, or every value is of its kind and each dialect gives a hash."""
    name = "pyproject.toml" if b"[tool.recctl" in raw else config.FILE_NAME
    path = room() / name
    path.write_bytes(raw)
    _check_models(raw)
    try:
        settings = config.load({}, str(path))
        policy = policy_of(settings)
        selection = selection_of(settings, None, None)
    except UsageError as error:
        must_be_one_line(error)
        return
    assert schema.fits("settings", json.loads(of_settings.as_json(settings)))
    must_be_printable(of_settings.as_text(settings).split("\n"))
    for exemption in selection.exemptions:
        exemption.covers("stale", "tests/a/recordings/0123456789ab.json")
    for glob in (*(settings.allowed_hosts or ()), *(settings.allowed_types or ())):
        matcher(glob, any_case=True)("api.openai.com" * 20)
    for dialect in policy.table.dialects:
        with suppress(RecctlError):
            hash_under(dialect, SAMPLE)


def _check_models(raw: bytes) -> None:
    """The schema and the models, which explain what it refuses, accept the same."""
    try:
        table = tomllib.loads(raw.decode("utf-8"))
        json.dumps(table)
    except (ValueError, TypeError, RecursionError):
        return
    try:
        checked(table, "x")
    except UsageError as error:
        must_be_one_line(error)
        assert not schema.fits("config", table), "only the models refuse it"
    else:
        assert schema.fits("config", table), "only the schema refuses it"
        plain = {key: one for key, one in table.items() if config.is_plainly_right(key, one)}
        assert schema.fits("config", plain)


def must_be_one_line(error: Exception) -> None:
    """What the user is told is a line that does nothing to a terminal."""
    must_be_printable([str(error)])
    assert "\n" not in str(error), "more than a line"
    assert str(error)


def baselines() -> Iterator[bytes]:
    """Baselines of some findings."""
    found = [
        Finding("I302", "stale", Severity.ERROR, path, pointer, 1, "m", None, "c")
        for path in ("tests/a.json", "b/é.json")
        for pointer in ("", "/request/body")
    ]
    file = room() / "known.json"
    yield Baseline.of([*found, found[0]], file).text().encode()
    yield Baseline.of([], file).text().encode()


def check_baseline(raw: bytes) -> None:
    """It is refused in one line, or is the same once written and read again."""
    file = room() / "known.json"
    file.write_bytes(raw)
    try:
        found = Baseline.read(file)
    except UsageError as error:
        must_be_one_line(error)
        return
    file.write_text(found.text(), encoding="utf-8")
    assert Baseline.read(file).entries == found.entries
    assert schema.fits("baseline", json.loads(found.text())) or "\\ud" in found.text().lower()
    new, left = found.split([])
    assert (new, left) == ((), tuple(sorted(found.entries)))


def attributes() -> Iterator[bytes]:
    """Files of attributes, with lines of ours and without."""
    for content in (None, b"", b"*.json text\n", b"*.bin binary\r\n*.c x\r\n", b"no end"):
        yield content or b""
        yield with_lines(content, [EVERYWHERE, pattern_of("tests/a b*.json")], folders=2)


def check_attributes(raw: bytes) -> None:
    """Lines put in and taken out leave every byte of others as it was."""
    try:
        own = patterns_in(raw)
        bare = without_lines(raw)
    except UsageError as error:
        must_be_one_line(error)
        return
    assert folders_made(raw) in range(10)
    if own is None:
        assert bare == raw
    wanted = [pattern_of(path) for path in ("tests/recordings/", 'a b"\t*[.json', "")]
    put = with_lines(raw, wanted)
    assert patterns_in(put) == tuple(wanted)
    assert with_lines(put, wanted) == put
    if own is None:
        assert without_lines(put) == raw, "something of others is changed"
    if bare is not None:
        assert without_lines(bare) == bare


def configurations() -> Iterator[bytes]:
    """Files of settings."""
    return (text.encode() for text in CONFIGURATIONS)
