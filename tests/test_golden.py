r"""What recctl prints, word for word: one file in `tests/golden` per command line.

A golden file starts with the command line and the exit code; stdout follows, then stderr, marked.
All runs are made in the repository's root, in pipes, without color, unless a case says otherwise.
An escape character is written as `\x1b`.

`RECCTL_GOLDEN=write` (or `make golden`) writes the files anew: read what changed with `git diff`.
"""

import os
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.build import Document, recording, write
from tests.cli import ROOT, Ran, environment, run, run_here, run_on_terminal
from tests.test_show import ASKED, FORMATS, TAGGED, THOUGHTFUL, TWO, call, chunk, streamed

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("RECCTL_GOLDEN") == "write"

CLEAN = "examples/clean"
BROKEN = "examples/broken"
CHAT = "examples/clean/tests/integration/chat/recordings"
FOLDER = "FOLDER"
"""What stands for a folder that is made for one case, in its line and in what is printed."""

UNSET = {"RECCTL_CACHE": ""}
"""An empty variable is none."""

ODD = streamed(
    chunk(role="assistant", reasoning="The keeper asks for the lamp and for the tide, in one go."),
    chunk(role="assistant", content="I look it up."),
    chunk(role="assistant", tool_calls=[call('{"place": "Gull Bay"}')]),
    chunk("stop", tool_calls=[{**call('{"place": "Te', call_id="call_2"), "index": 2}]),
    chunk(content="Done."),
    chunk("length", index=1, refusal="I keep out of that."),
)
"""A stream with many faults."""


@dataclass(frozen=True)
class Case:
    """A command line, and where it runs.

    `given` are the request and the response of the only recording in `FOLDER`.
    """

    name: str
    line: str
    stdin: str = ""
    columns: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    colors: bool = False
    given: tuple[Document, Document] | None = None

    def run(self) -> Ran:
        """Run it."""
        if self.given is None:
            return self._run(self.line)
        with TemporaryDirectory() as folder:
            write(Path(folder), "recordings", recording(*self.given))
            ran = self._run(self.line.replace(FOLDER, shlex.quote(folder)))
        return replace(ran, raw=ran.raw.replace(folder.encode(), FOLDER.encode()))

    def _run(self, line: str) -> Ran:
        arguments = shlex.split(line)
        env = environment(**self.settings)
        if self.colors:
            del env["NO_COLOR"]
        if self.columns is not None:
            return run_on_terminal(*arguments, columns=self.columns, env=env)
        content = (ROOT / self.stdin).read_bytes() if self.stdin else b""
        return run_here(*arguments, stdin=content, env=env)

    def text(self) -> str:
        """The content of its golden file."""
        ran = self.run()
        place = f" < {self.stdin}" if self.stdin else ""
        if self.columns is not None:
            colors = "" if self.colors else ", NO_COLOR set"
            place += f"  # on a terminal of {self.columns} columns{colors}"
        parts = [f"$ recctl {self.line}{place}\n", f"# exit code {ran.code}\n", ran.stdout]
        if ran.stderr:
            parts += ["# stderr\n", ran.stderr]
        return "".join(parts).replace("\x1b", "\\x1b")


CASES = [
    # validate
    Case("validate-concise", f"validate {BROKEN} --config {BROKEN}/recctl.toml --format concise"),
    Case("validate-statistics", f"validate {BROKEN} --config {BROKEN}/recctl.toml --statistics"),
    *(
        Case(f"validate-{form}", f"validate {BROKEN}/tests/stale --format {form}")
        for form in ("jsonl", "github", "sarif", "junit")
    ),
    Case("validate-fix", f"validate {BROKEN}/tests/volatile-field --fix"),
    Case("config", f"config --config {BROKEN}/recctl.toml", settings=UNSET),
    Case("config-json", f"config --config {BROKEN}/recctl.toml --format json", settings=UNSET),
    Case("normalize", f"normalize {BROKEN}"),
    Case("normalize-json", f"normalize {BROKEN}/tests/volatile-field --format json"),
    Case("validate-clean", f"validate {CLEAN}"),
    Case("validate-clean-json", f"validate {CLEAN} --format json"),
    Case("validate-clean-info", f"validate {CLEAN} --info"),
    Case("validate-broken", f"validate {BROKEN}"),
    Case("validate-broken-info", f"validate {BROKEN}/tests/usage-unrequested --info"),
    Case("validate-broken-json", f"validate {BROKEN} --format json"),
    Case("validate-missing-path", f"validate lost-at-sea {CLEAN}"),
    Case("validate-color", f"validate {BROKEN} --color always", colors=True),
    # show
    Case("show-chat-stream", f"show 56a26e0b {CLEAN}"),
    Case("show-chat-stream-markdown", f"show 56a26e0b {CLEAN} --format markdown"),
    Case("show-chat-stream-json", f"show 56a26e0b {CLEAN} --format json"),
    Case("show-tool-call", f"show ca1004f4 {CLEAN}"),
    Case("show-tool-result", f"show 8c5441fa {CLEAN}"),
    Case("show-tool-result-request", f"show 8c5441fa {CLEAN} --part request"),
    Case("show-tool-invocation", f"show 0c116f1b {CLEAN}"),
    Case("show-completion", f"show 7c7832b0 {CLEAN}"),
    Case("show-exception", f"show 90df7e6d {CLEAN}"),
    Case("show-gemini", f"show 96cfe217 {CLEAN}"),
    Case("show-anthropic", f"show aacbbba6 {CLEAN}"),
    Case("show-anthropic-markdown", f"show aacbbba6 {CLEAN} --format markdown"),
    Case("show-ollama", f"show f9295b4e {CLEAN}"),
    Case("show-model-list", f"show models-64a2277c {CLEAN}"),
    Case("show-embeddings", f"show 63b4b7d4 {CLEAN} --part response"),
    Case("show-rerank", f"show fff03b64 {CLEAN} --part response"),
    Case("show-chunks", f"show 56a26e0b {CLEAN} --part response --chunks"),
    Case("show-chunks-of-events", f"show aacbbba6 {CLEAN} --part response --chunks"),
    Case("show-chunks-markdown", f"show 96cfe217 {CLEAN} --part response --chunks"
         " --format markdown"),
    Case("show-chunks-of-a-whole-answer", f"show 8c5441fa {CLEAN} --part response --chunks"),
    Case("show-reasoning-folded", f"show b3b0bd91 {FOLDER} --part response",
         given=(ASKED, THOUGHTFUL)),
    Case("show-reasoning", f"show b3b0bd91 {FOLDER} --part response --reasoning",
         given=(ASKED, THOUGHTFUL)),
    Case("show-reasoning-markdown", f"show b3b0bd91 {FOLDER} --reasoning --format markdown",
         given=(ASKED, THOUGHTFUL)),
    Case("show-split-reasoning", f"show b3b0bd91 {FOLDER} --part response --split-reasoning",
         given=(ASKED, TAGGED)),
    Case("show-several-choices-markdown", f"show b3b0bd91 {FOLDER} --part response"
         " --format markdown", given=(ASKED, TWO)),
    Case("show-odd-answer-markdown", f"show b3b0bd91 {FOLDER} --part response --format markdown",
         given=(ASKED, ODD)),
    Case("show-responses", f"show 9a4ce131 {FOLDER} --part response",
         given=FORMATS["openai-responses"]),
    Case("show-responses-markdown", f"show 9a4ce131 {FOLDER} --part response --format markdown",
         given=FORMATS["openai-responses"]),
    Case("show-arguments-that-do-not-parse", f"show 7c8e40e6 {BROKEN}"),
    Case("show-arguments-that-do-not-parse-markdown", f"show 7c8e40e6 {BROKEN} --part response"
         " --format markdown"),
    Case("show-cut-stream", f"show f73488dc {BROKEN} --part response"),
    Case("show-cut-stream-markdown", f"show f73488dc {BROKEN} --part response --format markdown"),
    Case("show-stale", f"show 5d849b27 {BROKEN}"),
    Case("show-stdin", "show - --part response", stdin=f"{CHAT}/56a26e0be7ab41cf0ceeb6ea62115818e"
         "1f29919da9175642e3bf6303db4c60f.json"),
    Case("show-nothing-found", f"show 01234567 {CLEAN}"),
    Case("show-ambiguous", f"show cf661be9 {BROKEN}"),
    Case("show-no-reference", f"show keeper {CLEAN}"),
    # assemble
    Case("assemble", f"assemble ca1004f4 {CLEAN}"),
    Case("assemble-json", f"assemble ca1004f4 {CLEAN} --format json"),
    Case("assemble-several-as-json", f"assemble {CLEAN} --format json"),
    Case("assemble-unreadable", f"assemble {BROKEN}/tests/unreadable"),
    # ls
    Case("ls", f"ls {CLEAN}"),
    Case("ls-csv", f"ls {CLEAN} --format csv"),
    Case("ls-filtered", f"ls {CLEAN} --test test_tides --where request.body.stream=true"),
    Case("ls-broken", f"ls {BROKEN}"),
    Case("ls-nothing-found", f"ls {CLEAN} --model siren"),
    # diff and why
    Case("diff", f"diff 8c5441fa ca1004f4 {CLEAN} --part all"),
    Case("diff-json", f"diff 8c5441fa ca1004f4 {CLEAN} --part all --format json"),
    Case("diff-markdown", f"diff 8c5441fa ca1004f4 {CLEAN} --part all --format markdown"),
    Case("diff-folders", f"diff {BROKEN}/tests/stale {BROKEN}/tests/unreachable"),
    Case("diff-unreadable", f"diff {BROKEN}/tests/invalid-json {BROKEN}/tests/stale"),
    Case("diff-of-itself", f"diff 8c5441fa 8c5441fa {CLEAN} --exit-code"),
    Case("why-stale", f"why 4fd1bc7e6f33 {BROKEN}"),
    Case("why-json", f"why 4fd1bc7e6f33 {BROKEN} --format json"),
    Case("why-nothing-found", f"why 0123456789ab {CLEAN}"),
    # prune and stats
    Case("prune-nothing-asked", f"prune {BROKEN}"),
    Case("prune-no-evidence", f"prune --unused {BROKEN}"),
    Case("prune-too-much", f"prune --stale {BROKEN}/tests/stale --grace 0"),
    Case("stats", f"stats {CLEAN}"),
    Case("stats-markdown", f"stats {CLEAN} --by model --by kind --format markdown"),
    # the rest
    Case("dialects", "dialects"),
    Case("dialects-examples", "dialects examples"),
    Case("hash", f"hash {CHAT}/56a26e0be7ab41cf0ceeb6ea62115818e1f29919da9175642e3bf6303db4c60f"
         ".json"),
    Case("hash-retired-kind", f"hash {BROKEN}/tests/retired-kind/recordings/3d46baa352c65563eb36637"
         "849d847ab4ee4b6353c12fbf74b6bcb199ade10a2.json"),
    Case("rule", "rule"),
    Case("rule-stale", "rule stale"),
    Case("rule-oddity", "rule tool-args-invalid"),
    Case("rule-unknown", "rule stael"),
    Case("schema", "schema"),
    Case("missing-reference", "show"),
]  # fmt: skip

ON_A_TERMINAL = [
    Case("terminal-validate-broken", f"validate {BROKEN}", columns=80),
    Case("terminal-ls", f"ls {CLEAN}", columns=80),
    Case("terminal-show-no-color", f"show 8c5441fa {CLEAN}", columns=80),
    Case("terminal-show-color", f"show 8c5441fa {CLEAN}", columns=80, colors=True),
    Case("terminal-show-openai-chat", f"show ca1004f4 {CLEAN}", columns=80),
    Case("terminal-show-openai-completion", f"show dfe7eacd {FOLDER}", columns=80,
         given=FORMATS["openai-completion"]),
    Case("terminal-show-openai-responses", f"show 9a4ce131 {FOLDER}", columns=80,
         given=FORMATS["openai-responses"]),
    Case("terminal-show-anthropic", f"show aacbbba6 {CLEAN}", columns=80),
    Case("terminal-show-gemini", f"show 96cfe217 {CLEAN}", columns=80),
    Case("terminal-show-gemini-interactions", f"show f9facb65 {FOLDER}", columns=80,
         given=FORMATS["gemini-interactions"]),
    Case("terminal-show-ollama", f"show f9295b4e {CLEAN}", columns=80),
    Case("terminal-show-odd-answer-color", f"show b3b0bd91 {FOLDER} --part response", columns=80,
         colors=True, given=(ASKED, ODD)),
    Case("terminal-show-chunks", f"show 56a26e0b {CLEAN} --part response --chunks", columns=80),
]  # fmt: skip


def check(case: Case) -> None:
    """Compare a case with its golden file, or write that."""
    path = GOLDEN / f"{case.name}.txt"
    made = case.text()
    if WRITE:
        path.write_text(made, encoding="utf-8", newline="\n")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recctl_prints_what_it_did(case: Case) -> None:
    check(case)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("case", ON_A_TERMINAL, ids=lambda case: case.name)
def test_recctl_prints_on_a_terminal_what_it_did(case: Case) -> None:
    check(case)


def test_a_process_of_its_own_prints_the_same() -> None:
    case = next(case for case in CASES if case.name == "show-tool-result")

    assert run(*shlex.split(case.line)) == case.run()


def test_every_golden_file_belongs_to_a_case() -> None:
    names = {case.name for case in (*CASES, *ON_A_TERMINAL)}

    assert {path.stem for path in GOLDEN.glob("*")} == names


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
def test_no_color_leaves_no_escape_sequence_on_a_terminal() -> None:
    ran = run_on_terminal("show", "8c5441fa", CLEAN)

    assert "\x1b" not in ran.stdout


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")
def test_color_never_leaves_no_escape_sequence_on_a_terminal() -> None:
    env = environment()
    del env["NO_COLOR"]

    ran = run_on_terminal("show", "8c5441fa", CLEAN, "--color", "never", env=env)

    assert "\x1b" not in ran.stdout


def test_color_always_overrules_a_pipe_and_no_color() -> None:
    assert "\x1b[" in run("validate", BROKEN, "--color", "always").stdout
