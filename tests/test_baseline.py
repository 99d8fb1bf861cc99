"""The baseline: an old corpus adopts recctl today and fails only on what is new."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl import schema
from recctl.baseline import Baseline
from recctl.diagnostics import Finding, Severity
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import Ran, run_here, snapshot

DEFAULT = "recctl-baseline.json"


def stale(root: Path, depth: str = "0.1234567") -> Path:
    asked = chat_request(f"Is it {depth} deep?")
    recorded = recording(asked, chat_answer("No."), dialect="ogx-2025-10-04")
    return write(root, folder_of(TEST), recorded)


def validated(root: Path, *options: str) -> Ran:
    return run_here("validate", "--format", "json", *options, cwd=root)


def found(ran: Ran) -> list[tuple[str, str]]:
    return [(one["name"], one["path"]) for one in ran.json["findings"]]


def test_what_is_in_the_baseline_is_not_reported(tmp_path: Path) -> None:
    stale(tmp_path)

    written = run_here("validate", "--write-baseline", cwd=tmp_path)
    ran = validated(tmp_path, "--baseline")

    assert (written.code, written.stdout) == (0, "")
    assert written.errors == [
        f"recctl: 1 finding written to {DEFAULT}; from now on: recctl validate --baseline"
    ]
    assert (ran.code, found(ran)) == (0, [])


def test_what_is_new_is_reported(tmp_path: Path) -> None:
    stale(tmp_path)
    run_here("validate", "--write-baseline", cwd=tmp_path)
    new = stale(tmp_path, "0.7654321")

    ran = validated(tmp_path, "--baseline")

    assert (ran.code, found(ran)) == (1, [("stale", str(new.relative_to(tmp_path)))])


def test_another_rule_in_a_known_file_is_new(tmp_path: Path) -> None:
    path = stale(tmp_path)
    run_here("validate", "--write-baseline", cwd=tmp_path)
    path.write_bytes(path.read_bytes().replace(b"deep", b"wide"))

    ran = validated(tmp_path, "--baseline")

    assert sorted(name for name, _ in found(ran)) == ["unreachable", "unused-baseline"]


def test_an_entry_that_is_not_found_any_more_is_a_finding(tmp_path: Path) -> None:
    path = stale(tmp_path)
    stale(tmp_path, "0.7654321")
    run_here("validate", "--write-baseline", cwd=tmp_path)
    path.unlink()

    ran = validated(tmp_path, "--baseline")

    assert (ran.code, found(ran)) == (1, [("unused-baseline", DEFAULT)])
    assert path.name in ran.json["findings"][0]["message"]


def test_entries_of_files_that_are_not_checked_are_not_judged(tmp_path: Path) -> None:
    stale(tmp_path)
    good = write(tmp_path, folder_of(TEST), recording(chat_request("Fog?"), chat_answer("No.")))
    run_here("validate", "--write-baseline", cwd=tmp_path)

    assert validated(tmp_path, "--baseline", "--", str(good)).code == 0


def test_entries_of_rules_that_do_not_run_are_not_judged(tmp_path: Path) -> None:
    stale(tmp_path)
    run_here("validate", "--write-baseline", cwd=tmp_path)

    assert validated(tmp_path, "--baseline", "--select", "bad-name,unused-baseline").code == 0


def test_a_baseline_counts_from_its_own_folder(tmp_path: Path) -> None:
    path = stale(tmp_path)
    run_here("validate", "--write-baseline=kept.json", cwd=tmp_path)

    ran = run_here("validate", "--baseline", "../../../../kept.json", path.name, cwd=path.parent)

    assert (ran.code, ran.stdout) == (0, "")


def test_a_configured_baseline_counts_without_being_asked_for(tmp_path: Path) -> None:
    stale(tmp_path)
    (tmp_path / "recctl.toml").write_text('baseline = "kept.json"\n')
    written = run_here("validate", "--write-baseline", cwd=tmp_path)

    assert "written to kept.json" in written.stderr
    assert validated(tmp_path).code == 0
    assert validated(tmp_path, "--no-baseline").code == 1


def test_fatal_findings_are_never_in_a_baseline(tmp_path: Path) -> None:
    path = stale(tmp_path)
    path.write_bytes(b"{")

    written = run_here("validate", "--write-baseline", cwd=tmp_path)

    assert written.code == 1
    assert f"{path.name}: not in a baseline: invalid-json; recctl restore " in written.errors[0]
    assert json.loads((tmp_path / DEFAULT).read_text())["findings"] == []


def test_a_fatal_finding_put_into_a_baseline_by_hand_is_still_reported(tmp_path: Path) -> None:
    path = stale(tmp_path)
    path.write_bytes(b"{")
    entry = {"path": path.relative_to(tmp_path).as_posix(), "rule": "invalid-json", "pointer": ""}
    (tmp_path / DEFAULT).write_text(json.dumps({"version": 1, "findings": [entry]}))

    assert ("invalid-json", entry["path"]) in found(validated(tmp_path, "--baseline"))


def test_nothing_but_the_baseline_is_written(tmp_path: Path) -> None:
    stale(tmp_path)
    before = snapshot(tmp_path / "tests")

    run_here("validate", "--write-baseline", cwd=tmp_path)

    assert snapshot(tmp_path / "tests") == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [DEFAULT, "tests"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "not a baseline of version 1"),
        ('{"version": 2, "findings": []}', "not a baseline of version 1"),
        ('{"version": 1}', "a finding lacks its path, rule or pointer"),
        ('{"version": 1, "findings": [{"path": 1}]}', "a finding lacks its path, rule or pointer"),
        ('{"version": 1, "findings": 3}', "a finding lacks its path, rule or pointer"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_baseline_is_one_line_and_exit_2(tmp_path: Path, text: str, told: str) -> None:
    stale(tmp_path)
    (tmp_path / DEFAULT).write_text(text)

    ran = run_here("validate", "--baseline", cwd=tmp_path)

    assert (ran.code, ran.stdout, len(ran.errors)) == (2, "", 1)
    assert ran.errors[0].startswith(f"recctl: baseline {DEFAULT}: {told}")


def test_a_baseline_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    stale(tmp_path)

    ran = run_here("validate", "--baseline", cwd=tmp_path)

    assert ran.errors == [
        f"recctl: baseline {DEFAULT}: no such file or directory;"
        " make one with: recctl validate --write-baseline=recctl-baseline.json"
    ]


def test_a_baseline_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    stale(tmp_path)
    ran = run_here("validate", "--write-baseline=no/such/folder.json", cwd=tmp_path)

    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ran.errors[0].startswith("recctl: cannot write no/such/folder.json: no such file")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("option", ["--write-baseline", "--output"])
def test_a_recording_is_never_written_over(tmp_path: Path, option: str) -> None:
    path = stale(tmp_path)
    before = path.read_bytes()

    ran = run_here("validate", option, str(path), cwd=tmp_path)

    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ran.errors[0].startswith("recctl: ")
    assert path.read_bytes() == before


def test_a_file_that_is_no_baseline_is_not_written_over(tmp_path: Path) -> None:
    stale(tmp_path)
    notes = tmp_path / "notes.json"
    notes.write_text('{"to do": []}')

    ran = run_here("validate", "--write-baseline=notes.json", cwd=tmp_path)

    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "not a baseline of version 1; delete it, then" in ran.errors[0]
    assert notes.read_text() == '{"to do": []}'


def test_a_part_that_is_written_keeps_what_was_not_checked(tmp_path: Path) -> None:
    kept = stale(tmp_path)
    part = write(tmp_path, "other/recordings", ("ab" * 32 + ".json", {"request": 1, "response": 1}))
    run_here("validate", "--write-baseline", cwd=tmp_path)
    part.unlink()
    write(tmp_path, "other/recordings", recording(chat_request("Fog?"), chat_answer("No.")))

    ran = run_here("validate", "--write-baseline", "--", "other", cwd=tmp_path)

    assert (ran.code, "kept that were not checked" in ran.stderr) == (0, True)
    paths = [one["path"] for one in json.loads((tmp_path / DEFAULT).read_text())["findings"]]
    assert kept.relative_to(tmp_path).as_posix() in paths


def test_a_run_with_some_rules_keeps_the_entries_of_others(tmp_path: Path) -> None:
    stale(tmp_path)
    run_here("validate", "--write-baseline", cwd=tmp_path)
    before = (tmp_path / DEFAULT).read_text()

    run_here("validate", "--write-baseline", "--select", "bad-name", cwd=tmp_path)

    assert (tmp_path / DEFAULT).read_text() == before


def test_a_folder_below_judges_nothing_above_it(tmp_path: Path) -> None:
    stale(tmp_path)
    (tmp_path / "recctl.toml").write_text(f'baseline = "{DEFAULT}"\nignore = ["duplicate"]\n')
    run_here("validate", "--write-baseline", cwd=tmp_path)
    below = tmp_path / "below"
    write(below, "recordings", recording(chat_request("Fog?"), chat_answer("No."), test_id=None))

    ran = run_here("validate", "--format", "concise", cwd=below)

    assert "unused" not in ran.stdout
    assert run_here("validate", "--format", "concise", cwd=tmp_path).stdout.count("unused") == 1


@pytest.mark.parametrize(
    "options",
    [("--format", "json"), ("--statistics",), ("-o", "x"), ("--fix",), ("--format=json",)],
)
def test_writing_a_baseline_does_nothing_else(tmp_path: Path, options: tuple[str, ...]) -> None:
    stale(tmp_path)

    ran = run_here("validate", "--write-baseline", *options, cwd=tmp_path)

    assert (ran.code, ran.stdout) == (2, "")
    assert not (tmp_path / DEFAULT).exists()


@pytest.mark.parametrize("name", ["recctl.toml", DEFAULT, "tests/x/recordings/new.json"])
def test_a_report_is_never_written_over_what_recctl_reads(tmp_path: Path, name: str) -> None:
    stale(tmp_path)
    (tmp_path / "recctl.toml").write_text(f'baseline = "{DEFAULT}"\n')
    run_here("validate", "--write-baseline", cwd=tmp_path)
    before = snapshot(tmp_path)

    ran = run_here("validate", "--output", name, cwd=tmp_path)

    assert (ran.code, len(ran.errors)) == (2, 1)
    assert snapshot(tmp_path) == before


def test_a_folder_after_the_option_is_a_path_to_check(tmp_path: Path) -> None:
    stale(tmp_path)
    run_here("validate", "--write-baseline", cwd=tmp_path)

    assert run_here("validate", "--baseline", "tests", cwd=tmp_path).code == 0


FINDINGS = st.lists(
    st.builds(
        Finding,
        code=st.just("X1"),
        name=st.sampled_from(["stale", "bad-name"]),
        severity=st.just(Severity.ERROR),
        path=st.sampled_from(["/a/b.json", "/a/c/d.json"]),
        pointer=st.sampled_from(["", "/request"]),
        line=st.none(),
        message=st.text(max_size=3),
    ),
    max_size=6,
)


@given(FINDINGS, FINDINGS)
def test_known_and_new_findings_add_up(known: list[Finding], now: list[Finding]) -> None:
    baseline = Baseline.of(known, Path("/a/base.json"))

    new, gone = baseline.split(now)

    assert len(now) - len(new) == len(known) - len(gone)
    assert set(new) <= set(now)
    assert set(gone) <= set(baseline.entries)
    assert baseline.split(known) == ((), ())


@given(FINDINGS)
def test_a_baseline_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, known: list[Finding]
) -> None:
    file = tmp_path_factory.getbasetemp() / "base.json"
    baseline = Baseline.of(known, file)
    file.write_text(baseline.text())

    assert Baseline.read(file) == baseline
    assert schema.explain("baseline", json.loads(baseline.text())) is None
