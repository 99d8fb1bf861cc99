"""Pruning in a real repository: pytest runs, is traced, loses its dead recordings, and is as green.

The suite reads recordings as a recorder does: by the hash of what it asks, in the folder beside
the test, then in the shared one.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recctl.cli import COMMANDS
from recctl.dialects import published
from recctl.errors import ExitCode
from recctl.hashing import canonical
from tests.build import chat_answer, chat_request, folder_of, recording
from tests.cli import ROOT, Ran, environment, needs_posix, run_here
from tests.plan.trees import Killed, disk_full, read_only, steps
from tests.repository import Work, git_environment, work

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
    needs_posix,
]

SHARED = published().shared_folder

READER = f'''
import hashlib, json, os
from pathlib import Path

TOP = Path(__file__).parent


def ask(text):
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
    body = {{
        "model": "gpt-4o-mini",
        "messages": [{{"role": "user", "content": text}}],
        "stream": False,
    }}
    material = {{
        "method": "POST",
        "endpoint": "/v1/v1/chat/completions",
        "body": body,
        "test_id": test,
    }}
    name = hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest() + ".json"
    beside = TOP / Path(test.partition("::")[0]).parent / "recordings"
    for folder in (beside, TOP / "{SHARED}"):
        if (folder / name).exists():
            with open(folder / name) as file:
                return json.load(file)["response"]["body"]["__data__"]["choices"]
    raise LookupError("Recording not found for request hash " + name)
'''

FOG = """
import pytest
from reader import ask


@pytest.mark.parametrize("place", ["bay", "cape", "isle"])
def test_fog(place):
    for hour in (6, 7, 8):
        assert ask(f"Any fog at {place} at {hour}?")


def test_boat():
    for number in range(3):
        assert ask(f"Where is boat {number}?")


def test_storm():
    assert ask("Any storm?") == "no answer"
    assert ask("Any other storm?")
"""

BUOY = """
import pytest
from reader import ask


def test_buoy():
    for number in range(4):
        assert ask(f"Which color has buoy {number}?")


def test_lit():
    for number in range(3):
        assert ask(f"Is lamp {number} lit?")


@pytest.mark.skip(reason="needs the sea")
def test_seal():
    assert ask("Any seals?")
    assert ask("Any more seals?")
"""

FOG_FILE, BUOY_FILE = "tests/weather/test_fog.py", "tests/sea/test_buoy.py"


@dataclass(frozen=True)
class Suite:
    """The repository, and the paths of the recordings that are dead."""

    work: Work
    dead: frozenset[str]

    def recctl(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        return run_here(*arguments, cwd=self.work.top, env=env)

    def recordings(self) -> dict[str, bytes]:
        return {path: held for path, held in self.work.tree().items() if path.endswith(".json")}

    def tested(self, *before: str) -> Counter[str]:
        """How the tests end, by two workers."""
        done = python(self.work.top, *before, "-m", "pytest", "-n", "2", "-rA", *PLAIN)
        lines = done.stdout.splitlines()
        words = ("PASSED ", "FAILED ", "SKIPPED ", "ERROR ")
        return Counter(line.split(" - ")[0] for line in lines if line.startswith(words))

    def pruned(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        return self.recctl("prune", "--unused", *EVIDENCE, *arguments, env=env)


PLAIN = ("-p", "no:cacheprovider", "-p", "recctl.tracing.plugin")
EVIDENCE = ("--tests", "../tests.txt", "--trace", "../trace.jsonl", "--accept-failed-runs")
NOW = ("--grace", "0")


def python(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(ROOT), str(top)))
    # Pytest clears away what other runs have left, and that would be traced, too.
    temporary = top.with_name(f"{top.name}-temporary")
    temporary.mkdir(exist_ok=True)
    settings = {"PYTEST_DEBUG_TEMPROOT": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=top,
        env=environment(PYTHONPATH=path, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done


def record(made: Work, test_id: str | None, texts: Iterable[str], folder: str = "") -> set[str]:
    paths = set()
    for text in texts:
        name, document = recording(chat_request(text), chat_answer("Yes."), test_id=test_id)
        path = f"{folder or folder_of(test_id)}/{name}"
        made.write(path, canonical(document))
        paths.add(path)
    return paths


def grown(top: Path) -> Suite:
    """30 recordings of which 6 are dead, committed."""
    made = work(top)
    for path, text in {"reader.py": READER, FOG_FILE: FOG, BUOY_FILE: BUOY}.items():
        made.write(path, text.encode())
    hours = (6, 7, 8)
    for place in ("bay", "cape", "isle"):
        record(
            made,
            f"{FOG_FILE}::test_fog[{place}]",
            (f"Any fog at {place} at {one}?" for one in hours),
        )
    record(made, f"{FOG_FILE}::test_boat", (f"Where is boat {one}?" for one in range(3)))
    record(made, f"{FOG_FILE}::test_storm", ("Any storm?", "Any other storm?"))
    record(made, f"{BUOY_FILE}::test_buoy", (f"Which color has buoy {one}?" for one in range(4)))
    record(made, f"{BUOY_FILE}::test_lit", (f"Is lamp {one} lit?" for one in range(3)), SHARED)
    record(made, f"{BUOY_FILE}::test_seal", ("Any seals?", "Any more seals?"))
    record(made, None, ["Who keeps the lamp?"])
    dead = {
        *record(
            made, f"{FOG_FILE}::test_fog[reef]", (f"Any fog at reef at {one}?" for one in (6, 7))
        ),
        *record(made, f"{FOG_FILE}::test_ferry", (f"Where is ferry {one}?" for one in range(3))),
        *record(made, f"{FOG_FILE}::test_fog[bay]", ["Any fog at bay at 5?"]),
    }
    made.commit()
    suite = Suite(made, frozenset(dead))
    assert len(suite.recordings()) == 30
    return suite


@pytest.fixture(autouse=True)
def known_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prune", "stats", "trace", "undo", "apply"):
        if name not in COMMANDS:
            monkeypatch.setitem(COMMANDS, name, "")


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """The suite, with its test list and the trace of a run beside it."""
    folder = tmp_path_factory.mktemp("suite")
    suite = grown(folder / "work")
    listed = python(suite.work.top, "-m", "pytest", "--collect-only", "-q", *PLAIN)
    (folder / "tests.txt").write_text(listed.stdout)
    program = "from recctl.cli import COMMANDS, main\nCOMMANDS['trace'] = ''\nmain()"
    command = ("-c", program, "trace", "-o", "../trace.jsonl", "--", sys.executable)
    assert suite.tested(*command) == EXPECTED
    return suite


EXPECTED = Counter(
    {
        **{f"PASSED {FOG_FILE}::test_fog[{place}]": 1 for place in ("bay", "cape", "isle")},
        **{f"PASSED {one}": 1 for one in (f"{FOG_FILE}::test_boat", f"{BUOY_FILE}::test_buoy")},
        f"PASSED {BUOY_FILE}::test_lit": 1,
        f"FAILED {FOG_FILE}::test_storm": 1,
        f"SKIPPED [1] {BUOY_FILE}:16: needs the sea": 1,
    }
)


@pytest.fixture
def suite(traced: Suite, tmp_path: Path) -> Suite:
    """A copy of it all."""
    shutil.copytree(traced.work.top.parent, tmp_path / "copy", symlinks=True)
    return Suite(Work(tmp_path / "copy/work"), traced.dead)


def test_exactly_the_dead_recordings_go_and_the_suite_is_as_before(suite: Suite) -> None:
    before = suite.work.tree()
    done = suite.pruned(*NOW, "--apply")
    assert done.code == ExitCode.FINE, done.stderr
    assert before.keys() - suite.work.tree().keys() == suite.dead
    assert suite.tested() == EXPECTED
    assert suite.recctl("undo", "--apply").code == ExitCode.FINE
    after = {path: held for path, held in suite.work.tree().items() if ".recctl" not in path}
    assert after == before


def test_a_run_that_failed_is_refused_unless_it_is_accepted(suite: Suite) -> None:
    refused = suite.recctl("prune", "--unused", "--trace", "../trace.jsonl", *NOW)
    assert (refused.code, refused.stdout) == (ExitCode.USAGE, "")
    assert refused.errors[0].startswith("recctl: --trace: a run that does not count: ")
    assert refused.errors[0].endswith("or take what passed in it: --accept-failed-runs")
    assert len(refused.errors) == 1


def test_fewer_shards_than_expected_are_refused(suite: Suite) -> None:
    refused = suite.pruned(*NOW, "--expect-shards", "2")
    assert (refused.code, refused.stdout) == (ExitCode.USAGE, "")
    assert refused.errors == [
        "recctl: --expect-shards: the evidence is of 1 of 2 shards:"
        " give that of all, --trace FILE for each"
    ]
    assert suite.pruned(*NOW, "--expect-shards", "1").code == ExitCode.FINE


def test_unused_without_evidence_says_how_to_get_some(suite: Suite) -> None:
    refused = suite.recctl("prune", "--unused")
    assert (refused.code, refused.stdout, len(refused.errors)) == (ExitCode.USAGE, "", 1)
    for command in ("recctl trace -o", "--trace trace.jsonl", "pytest --collect-only", "--orphans"):
        assert command in refused.stderr
    for command in ("ls", "stats"):
        asked = ("--by", "evidence") if command == "stats" else ("--unused",)
        ran = suite.recctl(command, *asked)
        assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
        assert ": trace a run, recctl trace -o" in ran.stderr


def test_nothing_asked_for_is_an_error_that_names_the_grounds(suite: Suite) -> None:
    refused = suite.recctl("prune")
    assert refused.code == ExitCode.USAGE
    assert "--unused, --orphans, --unreachable, --stale, --duplicates" in refused.stderr


def test_the_plan_has_a_reason_for_each_file_and_says_what_stays(suite: Suite) -> None:
    before = suite.work.tree()
    planned = suite.pruned(*NOW)
    assert suite.work.tree() == before
    assert planned.code == ExitCode.FINE
    for line in (
        f"{FOG_FILE}::test_ferry",
        "  remove 3 files: unused: its test is in no list",
        "  remove 2 files: unused: its test is listed with other parameters only, and so it is in"
        " the sources",
        "30 recordings looked at; by the evidence 20 used, 6 unused, 4 unknown",
    ):
        assert line in planned.lines, planned.stdout
    assert "unused: its test passed and did not open it" in planned.stdout
    assert "2 unknown (its test was skipped), left as they are: " in planned.stdout
    assert "prune: 6 removals; nothing is changed without --apply" in planned.stderr
    assert (
        "4 recordings unknown, which stay; list them with: recctl ls --unknown"
        " --tests ../tests.txt --trace ../trace.jsonl --accept-failed-runs" in planned.stderr
    )


def test_a_parametrization_that_may_be_of_another_configuration_stays_unless_it_is_vouched_for(
    suite: Suite,
) -> None:
    """Its values come out of a call now, so that the sources do not show all there are."""
    source = FOG.replace('["bay", "cape", "isle"]', 'list(("bay", "cape", "isle"))')
    suite.work.write(FOG_FILE, source.encode())
    suite.work.commit()
    accepted = (*NOW, "--accept-older-runs", "--format", "json")
    planned = suite.pruned(*accepted)
    reef = {one for one in suite.dead if b"at reef" in suite.recordings()[one]}
    assert {action["path"] for action in planned.json["actions"]} == suite.dead - reef
    vouched = suite.pruned(*accepted, "--expect-shards", "1")
    assert {action["path"] for action in vouched.json["actions"]} == suite.dead


def test_after_the_tests_were_changed_the_trace_is_refused(suite: Suite) -> None:
    suite.work.write(FOG_FILE, f"{FOG}\n".encode())
    refused = suite.pruned(*NOW)
    assert (refused.code, refused.stdout, len(refused.errors)) == (ExitCode.USAGE, "", 1)
    assert refused.stderr.endswith(
        "and tests/weather/test_fog.py has changed since: trace again, or --accept-older-runs\n"
    )


def test_check_exits_with_1_where_there_is_anything_to_remove(suite: Suite) -> None:
    assert suite.pruned(*NOW, "--check").code == ExitCode.FINDINGS
    suite.pruned(*NOW, "--apply")
    suite.work.commit(subject="prune")
    again = suite.pruned(*NOW, "--check")
    assert again.code == ExitCode.FINE
    assert "prune: nothing to do" in again.stderr


def test_files_younger_than_a_day_stay_and_in_ci_they_do_not(suite: Suite) -> None:
    here = suite.pruned("--format", "json")
    assert here.json["summary"]["removals"] == 0
    assert sum("but younger than 1 day" in note for note in here.json["notes"]) == 6
    assert "6 recordings too young to go; to take them, too: --grace 0" in here.stderr
    in_ci = suite.pruned("--format", "json", env=environment(CI="true"))
    assert {action["path"] for action in in_ci.json["actions"]} == suite.dead
    asked = suite.pruned("--grace", "1h", "--format", "json", env=environment(CI="true"))
    assert asked.json["summary"]["removals"] == 0


def test_too_large_a_share_is_refused_without_force(suite: Suite) -> None:
    refused = suite.pruned(*NOW, "--max-share", "10", "--apply")
    assert (refused.code, refused.stdout) == (ExitCode.USAGE, "")
    assert "would remove 6 of 30 recordings, 20 %, of --max-share 10" in refused.stderr
    assert not (suite.work.top / ".recctl/receipts").exists()
    assert suite.pruned(*NOW, "--max-share", "10", "--force").code == ExitCode.FINE


def test_the_printed_git_command_brings_the_files_back(suite: Suite) -> None:
    before = suite.work.tree()
    planned = suite.pruned(*NOW, "--apply")
    (line,) = (one for one in planned.lines if one.startswith("what git has comes back"))
    suite.work.git("add", "--all")
    suite.work.git("commit", "-qm", "prune")
    command = line.partition("with: ")[2]
    subprocess.run(command, shell=True, cwd=suite.work.top, env=git_environment(), check=True)  # noqa: S602
    after = {path: held for path, held in suite.work.tree().items() if ".recctl" not in path}
    assert after == before


def test_what_git_does_not_have_is_told_apart(suite: Suite) -> None:
    (untracked,) = record(suite.work, f"{FOG_FILE}::test_ferry", ["Where is the new ferry?"])
    planned = suite.pruned(*NOW, "--format", "json")
    assert len(planned.json["actions"]) == 7
    about = "files not in git as they are, so that only the receipt keeps them (1)"
    assert f"{about}: {untracked}" in planned.json["notes"]
    assert suite.pruned(*NOW, "--apply").code == ExitCode.FINE
    assert untracked not in suite.work.tree()
    assert suite.recctl("undo", "--apply").code == ExitCode.FINE
    assert untracked in suite.work.tree()


def test_a_plan_can_be_written_and_carried_out_later(suite: Suite) -> None:
    before = suite.work.tree()
    suite.pruned(*NOW, "--plan-out", "../plan.json")
    assert suite.recctl("apply", "../plan.json").code == ExitCode.FINE
    assert before.keys() - suite.work.tree().keys() == suite.dead


def test_one_case_is_explained(suite: Suite) -> None:
    (dead,) = (one for one in suite.dead if b"bay at 5" in suite.recordings()[one])
    told = suite.recctl("prune", "--explain", Path(dead).stem[:12], *EVIDENCE, *NOW)
    assert told.code == ExitCode.FINE
    assert told.lines[:2] == [dead, f"  test: {FOG_FILE}::test_fog[bay]"]
    assert told.lines[2].startswith("  name: reachable under ogx-2026-04-09")
    assert told.lines[3] == "  sources: present, test_fog.py has it"
    assert any(line.startswith("  evidence: its test passed in ") for line in told.lines)
    assert told.lines[-2:] == [
        "  verdict: unused: its test passed and did not open it",
        "  goes: unused: its test passed and did not open it",
    ]


def test_the_case_of_an_opened_recording_names_who_opened_it(suite: Suite) -> None:
    (path,) = (one for one, held in suite.recordings().items() if b"boat 1?" in held)
    told = suite.recctl("prune", "--explain", path, *EVIDENCE)
    opened = f"opened by {FOG_FILE}::test_boat"
    assert any(line.startswith(f"  evidence: {opened}, in ") for line in told.lines)
    assert f"  verdict: used: {opened}" in told.lines
    assert told.lines[-1].startswith("  stays: ")


def test_ls_lists_the_same_verdicts(suite: Suite) -> None:
    listed = suite.recctl("ls", "--unused", *EVIDENCE, "--format", "json")
    rows = listed.json["recordings"]
    others = suite.recctl("ls", "--unknown", *EVIDENCE, "--format", "jsonl").stdout
    assert {row["path"] for row in rows} == suite.dead, others
    assert {row["verdict"] for row in rows} == {"unused"}
    assert "its test passed and did not open it" in {row["reason"] for row in rows}
    unknown = suite.recctl("ls", "--unknown", *EVIDENCE, "--format", "paths")
    used = suite.recctl("ls", "--used", *EVIDENCE, "--format", "paths")
    assert (len(unknown.lines), len(used.lines)) == (4, 20)
    assert {*unknown.lines, *used.lines} == suite.recordings().keys() - suite.dead
    table = suite.recctl("ls", "--unused", "--unknown", *EVIDENCE)
    assert len(table.lines) == 11


def test_stats_count_by_verdict(suite: Suite) -> None:
    told = suite.recctl("stats", "--by", "evidence", *EVIDENCE, "--format", "json")
    groups = {one["value"]: one["recordings"] for one in told.json["by"]["evidence"]}
    assert groups == {"used": 20, "unused": 6, "unknown": 4}
    assert "evidence" in suite.recctl("stats", *EVIDENCE, "--format", "json").json["by"]


# Stopped on the way


@pytest.mark.parametrize("at", [4, 15, 22, 30])
def test_killed_on_the_way_nothing_is_lost(suite: Suite, at: int) -> None:
    before = suite.recordings()
    with pytest.raises(Killed), steps(Killed, at):
        suite.pruned(*NOW, "--apply")
    if (suite.work.top / ".recctl/journal").exists():
        assert suite.recctl("undo", "--apply").code == ExitCode.FINE
    assert {path: suite.recordings().get(path) for path in before} == before


@pytest.mark.parametrize("fault", [disk_full, read_only], ids=["disk full", "read-only"])
def test_where_nothing_can_be_written_nothing_is_removed(
    suite: Suite, fault: Callable[[], OSError]
) -> None:
    before = suite.recordings()
    with steps(fault, 6):
        assert suite.pruned(*NOW, "--apply").code in (ExitCode.USAGE, ExitCode.PARTIAL)
    assert before.items() <= suite.recordings().items()
