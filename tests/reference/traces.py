"""docs/reference/traces.md: the lines of a trace, with one that was really made."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from recctl import schema
from tests.cli import environment, run
from tests.make_examples import EXAMPLES
from tests.reference.markdown import block, code, prose, table
from tests.reference.schemas import kind
from tests.repository import work

_HEAD = """# Traces

[`recctl trace -o FILE -- COMMAND`](commands.md#trace), and `pytest --recctl-trace=FILE`, write down
which recordings a run opens, which tests it runs, and how they end. A trace is evidence for
[`recctl prune`](commands.md#prune), `recctl ls --unused` and `recctl stats`. It holds paths, test
ids, command lines and addresses, and nothing of what stands in a file.

## The format

A trace is a text file, UTF-8, with one JSON object a line. Every process of a run appends its lines
itself; nothing is ever changed or taken out. So one file may hold several runs, also at the same
time, and traces of several machines are put together with `cat`.

- `kind` says what a line is about, `run` to which run it belongs.
- A run begins with a line `run` and is over with a line `end`. One without `end` was interrupted.
- A line that was cut off, or ran into another, is a sign that something is lost. Such a run proves
  nothing of what was not opened. Nor does one that says that it did not see everything: by `lost`,
  by `untraced`, by a process that is not traced, or by `connect` to an address at which nothing
  traced listens; unless `--trust` named that.

`recctl schema trace` prints the JSON Schema of a line.

## An example

Two tests, one of which opens a recording:
"""

_TEST = """from pathlib import Path

ANSWER = next(Path(__file__).with_name("recordings").glob("*.json"))


def test_reads_an_answer():
    assert "response" in ANSWER.read_text(encoding="utf-8")


def test_reads_nothing():
    pass
"""

_COMMAND = "recctl trace -o trace.jsonl -- pytest"

_INSTEAD: Mapping[str, Any] = {
    "run": "0c591143c29beecc",
    "session": "4711-18ea05d3ee10955b",
    "pid": 4711,
    "root": "/home/me/project",
    "command": ["pytest"],
    "started": "2026-04-09T12:00:00.000000Z",
    "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "python": "3.11.7",
}
"""What is another each time, and stands on the page in its place."""

_TAIL = """Ids, times and places are another each time; those on this page are made up.

## The lines

Each has the members `kind` and `run`; those of a session of pytest have the member `session`, too.
A path counts from the root, the top of the git work tree or the working directory, and is absolute
outside of it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            block(_TEST, "python"),
            block(_COMMAND, "sh"),
            block("\n".join(_example()), "json"),
            _TAIL,
            table(("kind", "further members", "what it says"), _kinds()),
        ]
    )


def _kinds() -> Iterator[tuple[str, str, str]]:
    document = schema.load("trace")
    for reference in document["oneOf"]:
        name = reference["$ref"].rpartition("/")[2]
        found = document["$defs"][name]
        members = [
            code(member)
            for member in found["properties"]
            if member not in {"kind", "run", "session"}
        ]
        told = [prose(found["description"])]
        for member, value in found["properties"].items():
            words = [prose(value["description"])] if "description" in value else []
            words += [f"{kind(value, document).capitalize()}."] if "enum" in value else []
            told += [f"{code(member)}: {' '.join(words)}"] if words else []
        yield code(name), ", ".join(members), " ".join(told)


def _example() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        top = Path(folder).resolve()
        tree = work(top)
        copytree(EXAMPLES / "broken/tests/stale", top / "tests")
        (top / "tests/test_keeper.py").write_text(_TEST, encoding="utf-8")
        tree.commit()
        pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        command = ("trace", "-o", "trace.jsonl", "--", *pytest)
        done = run(*command, cwd=top, env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
        if done.code:
            raise ValueError(f"recctl trace: {done.stdout}{done.stderr}")
        for line in (top / "trace.jsonl").read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            shown = {name: _INSTEAD.get(name, value) for name, value in found.items()}
            yield json.dumps(shown, ensure_ascii=False)
