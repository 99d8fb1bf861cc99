"""`recctl diff`: what it prints, what it exits with, and what it makes of bad input."""

from pathlib import Path
from typing import Any

import pytest

from recctl import schema
from recctl.difference import ABSENT
from recctl.hashing import canonical
from tests.build import (
    Recorded,
    chat_request,
    chat_stream,
    embedding_request,
    embeddings,
    function,
    recording,
    user,
    write,
)
from tests.cli import Ran, run, run_here
from tests.repository import Work, work

FOLDER = "tests/integration/chat/recordings"
TEST = "tests/integration/chat/test_keeper.py::test_answers"


def chat(
    asked: str, answer: str = "No fog.", *, test_id: str | None = TEST, **parameters: Any
) -> Recorded:
    """A chat and its answer."""
    request = chat_request(asked, stream=True, **parameters)
    return recording(request, chat_stream([answer]), test_id=test_id)


def differ(cwd: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    """A run of the command; its JSON fits its schema."""
    ran = run_here("diff", *arguments, cwd=cwd, stdin=stdin)
    if "json" in arguments and ran.raw:
        assert schema.explain("diff", ran.json) is None
    return ran


OLD, NEW = chat("Any fog?"), chat("Any fog?", "Plenty.", seed=7)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with two recordings."""
    for one in (OLD, NEW):
        write(tmp_path, FOLDER, one)
    return tmp_path


@pytest.fixture
def repository(tmp_path: Path) -> Work:
    """An empty repository."""
    return work(tmp_path / "repository")


def commit(repository: Work, *recorded: Recorded) -> None:
    """Commit just these recordings."""
    for path in repository.top.glob(f"{FOLDER}/*.json"):
        path.unlink()
    repository.commit({f"{FOLDER}/{name}": canonical(one) for name, one in recorded})


# Two recordings


def test_two_recordings_are_told_in_words(two: Path) -> None:
    ran = differ(two, OLD[0][:8], NEW[0][:8])
    assert ran.code == 0
    assert ran.lines == [f"{OLD[0][:12]} → {NEW[0][:12]}", "parameter `seed` added", "  + 7"]
    assert ran.errors == []


def test_answers_are_compared_where_that_is_asked_for(two: Path) -> None:
    ran = differ(two, OLD[0][:8], NEW[0][:8], "--part", "all")
    assert "parameter `seed` added" in ran.lines
    assert any("Plenty." in line for line in ran.lines)
    assert "parameter" not in differ(two, OLD[0][:8], NEW[0][:8], "--part", "response").stdout


def test_a_recording_may_come_from_a_path_and_one_from_stdin(two: Path) -> None:
    ran = differ(two, f"{FOLDER}/{OLD[0]}", "-", stdin=canonical(NEW[1]))
    assert "parameter `seed` added" in ran.lines


def test_hashes_are_looked_for_at_the_paths_behind(two: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    ran = differ(tmp_path / "elsewhere", OLD[0][:8], NEW[0][:8], "..")
    assert ran.code == 0
    assert "parameter `seed` added" in ran.lines


def test_json_has_one_pair_with_exact_differences(two: Path) -> None:
    document = differ(two, OLD[0][:8], NEW[0][:8], "--format", "json").json
    (pair,) = document["pairs"]
    assert pair["kind"] == "changed"
    assert pair["test_id"] == TEST
    assert pair["before"] == {"path": f"{FOLDER}/{OLD[0]}", "hash": OLD[0][:-5]}
    assert pair["request"] == [{"op": "add", "pointer": "/body/seed", "before": None, "after": 7}]
    assert pair["response"] == []
    assert 0.9 < pair["similarity"] < 1


def test_a_recording_and_itself_do_not_differ(two: Path) -> None:
    ran = differ(two, OLD[0][:8], OLD[0][:8], "--exit-code", "--part", "all")
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.errors == ["recctl: requests and answers are equal"]
    ran = differ(two, OLD[0][:8], OLD[0][:8], "--format", "json")
    assert ran.json["pairs"] == []


def test_that_only_the_answers_differ_is_told_on_stderr(two: Path) -> None:
    other = chat("Any fog?", "Plenty.")
    ran = differ(two, OLD[0][:8], "-", "--exit-code", stdin=canonical(other[1]))
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.errors == [
        "recctl: the requests are equal, the answers are not; told by: --part all"
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 0), (["--exit-code"], 1), (["--exit-code", "--part", "response"], 1)],
)
def test_the_exit_code_tells_of_a_difference_where_asked(
    two: Path, arguments: list[str], code: int
) -> None:
    assert differ(two, OLD[0][:8], NEW[0][:8], *arguments).code == code


def test_volatile_values_are_shown_on_request(two: Path) -> None:
    one, other = (
        chat("score: 0.1234567 for fog", seed=7),
        chat("score: 0.7654321 for fog", seed=7),
    )
    first = two / FOLDER / "first.json"
    first.write_bytes(canonical(one[1]))
    arguments = (str(first), "-")
    hidden = differ(two, *arguments, stdin=canonical(other[1]))
    assert hidden.stdout == ""
    assert hidden.errors[0].endswith("told by: --show-volatile")
    shown = differ(two, *arguments, "--show-volatile", stdin=canonical(other[1]))
    assert "7654321" in shown.stdout


# Trees


def test_common_changes_are_told_once_and_what_is_particular_by_test(repository: Work) -> None:
    tests = [f"tests/integration/chat/test_keeper.py::test_{name}" for name in "abc"]
    before = [chat(f"What of {test[-1] * 9}?", test_id=test) for test in tests]
    after = [
        chat(f"What of {test[-1] * 9}?", test_id=test, parallel_tool_calls=True) for test in tests
    ]
    particular = chat("What of ccccccccc, keeper?", test_id=tests[2], parallel_tool_calls=True)
    commit(repository, *before)
    commit(repository, *after[:2], particular)
    ran = differ(repository.top, "--git", "HEAD~1..HEAD")
    assert ran.code == 0
    assert ran.lines[:4] == [
        "3 recordings of 3 tests: parameter `parallel_tool_calls` added (all)",
        "3 changed",
        "  parameter `parallel_tool_calls` added (all)",
        "    + true",
    ]
    at = ran.lines.index(tests[2])
    assert ran.lines[at + 1].startswith(f"  changed  {before[2][0][:12]} → {particular[0][:12]}")
    assert ran.lines[at + 1].endswith("% alike")
    assert "keeper" in "\n".join(ran.lines[at + 2 : at + 4])
    end = ran.lines.index("only what is told above")
    for place, line in enumerate(ran.lines[end + 1 :]):
        number = place // 2
        names = f"{before[number][0][:12]} → {after[number][0][:12]}"
        assert line.startswith(f"    changed  {names}  " if place % 2 else f"  {tests[number]}")
    assert all(len(line) <= 80 for line in ran.lines)


def test_a_change_that_all_have_in_several_ways_is_said_to_be_of_all(repository: Work) -> None:
    tests = [f"tests/integration/chat/test_keeper.py::test_{name}" for name in "abc"]
    models = ("tide-1", "tide-1", "tide-2")
    commit(repository, *(chat("Any fog?", test_id=test) for test in tests))
    changed = [chat("Any fog?", test_id=t, model=m) for t, m in zip(tests, models, strict=True)]
    commit(repository, *changed)
    ran = differ(repository.top, "--git", "HEAD~1..HEAD")
    assert ran.lines[0] == "3 recordings of 3 tests: model changed (all, in 2 variants)"


def test_an_added_recording_is_told_as_like_the_one_that_stays(repository: Work) -> None:
    commit(repository, OLD)
    commit(repository, OLD, NEW)
    ran = differ(repository.top, "--git=HEAD~1..HEAD", "--format", "json")
    (pair,) = ran.json["pairs"]
    assert (pair["kind"], pair["before"]) == ("added", None)
    assert pair["like"]["hash"] == OLD[0][:-5]
    assert [one["pointer"] for one in pair["request"]] == ["/body/seed"]
    text = differ(repository.top, "--git=HEAD~1..HEAD")
    assert f"  added  {NEW[0][:12]}  like {OLD[0][:12]}" in text.stdout
    assert "    parameter `seed` added" in text.lines


def test_git_alone_means_the_last_commit_and_the_work_tree(repository: Work) -> None:
    commit(repository, OLD)
    assert differ(repository.top, "--git").errors == ["recctl: no recordings differ"]
    write(repository.top, FOLDER, NEW)
    assert differ(repository.top, "--git").lines[0] == "1 recording of 1 test: 1 added"
    assert differ(repository.top, "--git", "tests", "--exit-code").code == 1
    assert differ(repository.top, "--staged", "--exit-code").code == 0
    repository.git("add", "--all")
    assert differ(repository.top, "--git", "--staged", "--exit-code").code == 1


def test_where_a_named_file_does_not_differ_git_knows_what_it_was_before(repository: Work) -> None:
    commit(repository, OLD)
    path = f"{FOLDER}/{OLD[0]}"

    (told,) = differ(repository.top, "--git", "HEAD", path).errors

    assert told == f"recctl: no recordings differ; earlier edits: git log -p -- {path}"


def test_two_folders_are_compared_as_trees(tmp_path: Path) -> None:
    write(tmp_path / "a", FOLDER, OLD)
    write(tmp_path / "b", FOLDER, NEW)
    ran = differ(tmp_path, "a", "b", "--format", "json")
    (pair,) = ran.json["pairs"]
    assert pair["before"]["path"] == f"a/{FOLDER}/{OLD[0]}"
    assert pair["after"]["path"] == f"b/{FOLDER}/{NEW[0]}"


def test_many_recordings_with_nothing_particular_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a/recordings").mkdir(parents=True)
    write(tmp_path / "a", FOLDER, embedding())
    for number in range(20):
        write(tmp_path / "b", FOLDER, chat(f"What of ship {number}?"))
    write(tmp_path / "b", FOLDER, embedding())
    ran = differ(tmp_path, "a", "b")
    assert "  added  20 recordings" in ran.lines


def test_every_recording_is_told_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "a/recordings").mkdir(parents=True)
    made = [chat(f"What of ship {number}?") for number in range(20)]
    for one in made:
        write(tmp_path / "b", FOLDER, one)
    write(tmp_path / "a", FOLDER, embedding())
    for arguments in ([], ["--format", "markdown"]):
        ran = differ(tmp_path, "a", "b", *arguments)
        assert all(one[0][:12] in ran.stdout for one in [*made, embedding()])
    assert all(len(line) <= 80 for line in differ(tmp_path, "a", "b").lines)


def test_a_renamed_test_is_told_once(repository: Work) -> None:
    renamed = TEST.replace("test_answers", "test_replies")
    asked = ["Any fog?", "How high is the tide?"]
    commit(repository, *(chat(one) for one in asked))
    commit(repository, *(chat(one, test_id=renamed) for one in asked))
    text = differ(repository.top, "--git=HEAD~1..HEAD").stdout
    assert text.count(TEST) == text.count(renamed) == 1
    assert f"formerly of {TEST}" in text
    assert "test id changed" not in text


def test_an_answer_is_told_below_its_own_heading(repository: Work) -> None:
    commit(repository, OLD)
    commit(repository, NEW)
    arguments = ("--git=HEAD~1..HEAD", "--part", "all")
    lines = differ(repository.top, *arguments).lines
    at = lines.index("    its answer")
    assert lines[at + 1].startswith("      ")
    assert "**its answer**" in differ(repository.top, *arguments, "--format", "markdown").lines


def test_hidden_differences_are_counted_at_the_end(repository: Work) -> None:
    commit(repository, chat("score: 0.1234567 for fog"))
    commit(repository, chat("score: 0.7654321 for fog", seed=1))
    ran = differ(repository.top, "--git=HEAD~1..HEAD")
    assert ran.lines[-1].endswith("hidden; shown by --show-volatile")
    ran = differ(repository.top, "--git=HEAD~1..HEAD", "--format", "json")
    assert ran.json["summary"]["hidden"] >= 1


def test_no_credential_is_printed_in_any_form(repository: Work) -> None:
    token = "gsk_" + "aB3dE6gH9jK2mN5pQ8rS1tU4vW7x"
    commit(repository, OLD)
    commit(repository, chat("Any fog?", "Plenty.", extra={"key": token}))
    for form in ("text", "json", "markdown"):
        ran = differ(repository.top, "--git=HEAD~1..HEAD", "--format", form)
        assert ran.stdout
        assert token not in ran.stdout


def test_two_commits_of_a_bare_repository_are_compared(repository: Work, tmp_path: Path) -> None:
    commit(repository, OLD)
    commit(repository, NEW)
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.top), str(bare))
    for paths in ([], ["tests"]):
        ran = differ(bare, "--git", "HEAD~1..HEAD", *paths, "--format", "json")
        assert [pair["kind"] for pair in ran.json["pairs"]] == ["changed"]
    ran = differ(bare, "--git")
    assert ran.code == 2
    assert ran.errors[0].endswith("recctl diff --git A..B")


@pytest.mark.parametrize("option", ["--staged", "--git=HEAD"])
def test_two_recordings_and_git_make_no_sense(repository: Work, option: str) -> None:
    commit(repository, OLD)
    ran = differ(repository.top, option, OLD[0][:8], NEW[0][:8])
    assert ran.code == 2
    assert ran.errors[0].startswith(f"recctl: {option} goes with ")
    assert "PATHS" in ran.errors[0]


def embedding() -> Recorded:
    """A recording unlike a chat."""
    return recording(embedding_request(["tide"]), embeddings([[0.1]]))


def test_a_file_that_is_no_recording_is_told_and_the_rest_compared(repository: Work) -> None:
    commit(repository, OLD, embedding())
    commit(repository, NEW)
    repository.commit({f"{FOLDER}/{embedding()[0]}": b"{\n<<<<<<< ours\n"})
    ran = differ(repository.top, "--git", "HEAD~2..HEAD", "--format", "json")
    assert ran.code == 1
    path = f"{FOLDER}/{embedding()[0]}"
    assert ran.errors == [f"recctl: 1 file not compared; see: git show HEAD:{path}"]
    at_work = differ(repository.top, "--git", "HEAD~2")
    assert at_work.errors == ["recctl: 1 file not compared; see: recctl validate"]
    assert [one["path"] for one in ran.json["unread"]] == [f"{FOLDER}/{embedding()[0]}"]
    assert [pair["kind"] for pair in ran.json["pairs"]] == ["changed"]
    assert "not compared" in differ(repository.top, "--git", "HEAD~2..HEAD").lines


def test_differences_in_json_lead_from_one_request_to_the_other(repository: Work) -> None:
    from recctl.compare import Difference, applied

    tools = [function("tide", "Give the tide.", port="The port."), function("fog", "Fog?")]
    asked = [user("Any fog?"), user("Why?"), user("Where?")]
    old = recording(chat_request(asked, tools=tools), chat_stream(["No."]))
    new = recording(chat_request(asked[1:], tools=tools[:1], seed=1), chat_stream(["No."]))
    commit(repository, old)
    commit(repository, new)
    (pair,) = differ(repository.top, "--git=HEAD~1..HEAD", "--format", "json").json["pairs"]
    exact = [
        Difference(
            one["pointer"],
            ABSENT if one["op"] == "add" else one["before"],
            ABSENT if one["op"] == "remove" else one["after"],
        )
        for one in pair["request"]
    ]
    assert applied(exact, old[1]["request"]) == new[1]["request"]


# Markdown


def test_a_comment_has_the_summary_first_and_a_folded_part_for_each_test(repository: Work) -> None:
    commit(repository, OLD)
    commit(repository, NEW)
    lines = differ(repository.top, "--git=HEAD~1..HEAD", "--format", "markdown").lines
    assert lines[0] == "### recctl diff: 1 recording of 1 test: 1 changed"
    assert f"<details><summary><code>{TEST}</code> 1 changed</summary>" in lines
    assert "- parameter `seed` added" in lines
    assert lines[-1] == "</details>"


def test_a_comment_stays_below_its_limit_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    write(tmp_path / "a", FOLDER, embedding())
    for number in range(200):
        test_id = f"tests/integration/chat/test_keeper.py::test_{number}"
        write(tmp_path / "b", FOLDER, chat(f"What of ship {number}? 🌊", test_id=test_id))
    ran = differ(tmp_path, "a", "b", "--format", "markdown", "--max-bytes", "4000")
    assert len(ran.raw) <= 4000
    assert "left out for want of room; all:* `--format json`" in ran.lines[-1]
    assert ran.stdout.count("<details>") == ran.stdout.count("</details>") > 5
    whole = differ(tmp_path, "a", "b", "--format", "markdown")
    assert 4000 < len(whole.raw) < 60_000


def test_nothing_that_was_recorded_is_markup_in_a_comment(repository: Work) -> None:
    evil = "</summary></details><script>alert(1)</script> @octocat ``` \n# big\n```` <b>"
    test_id = f"tests/integration/chat/test_keeper.py::test_answers[{evil}]"
    commit(repository, chat("Any fog?", test_id=test_id))
    commit(repository, chat(f"Any fog? {evil}", test_id=test_id, **{"`<i>`@octocat": evil}))
    text = differ(repository.top, "--git=HEAD~1..HEAD", "--format", "markdown").stdout
    plain = without_code(text)
    assert plain.count("<details>") == plain.count("</details>") == 1
    for markup in ("<script>", "<b>", "\n# big", "<i>"):
        assert markup not in plain
    assert "@octocat" not in without_code(text)


def without_code(text: str) -> str:
    """Markdown without what stands in fences and code spans."""
    import re

    fences = re.compile(r"^ *(`{3,})diff\n.*?^ *\1$", re.MULTILINE | re.DOTALL)
    spans = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
    return spans.sub("", fences.sub("", text))


def test_nothing_that_was_recorded_acts_on_the_terminal(repository: Work) -> None:
    evil = "\x1b[31mred\x07\u202e"
    commit(repository, chat("Any fog?", test_id=f"t.py::test_x[{evil}]"))
    commit(repository, chat(f"Any fog? {evil}", test_id=f"t.py::test_x[{evil}]"))
    text = differ(repository.top, "--git=HEAD~1..HEAD", "--color", "never").stdout
    assert not set("\x1b\x07\u202e") & set(text)


# What makes no sense


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name two recordings or two folders"),
        (["x"], "name two recordings or two folders"),
        (["tests", "x"], "x: no such file or folder"),
        (["tests", "ffff"], "one is a folder"),
        (["tests", "tests", "tests"], "two folders are compared whole"),
        (["-", "-"], "standard input is one recording"),
        (["a", "b", "-"], "- is A or B"),
        (["tests", "tests", "--max-bytes", "5000"], "--max-bytes goes with"),
        (["tests", "tests", "--format", "markdown", "--max-bytes", "5"], "at least 2,000"),
        (["no/such.json", OLD[0]], "no such file"),
        (["ffff", "ffff"], "no recording 'ffff'"),
        (["a\0b", "c"], "no reference"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_one_line(
    two: Path, arguments: list[str], words: str
) -> None:
    ran = differ(two, *arguments)
    assert ran.code in {1, 2}
    assert ran.stdout == ""
    (line,) = ran.errors
    assert words in line


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00", b"<<<<<<< a\n"])
def test_a_file_that_does_not_parse_is_refused_in_one_line(two: Path, content: bytes) -> None:
    ran = differ(two, OLD[0][:8], "-", stdin=content)
    assert (ran.code, ran.stdout) == (1, "")
    (line,) = ran.errors
    assert line.startswith("recctl: standard input:")


def test_no_repository_is_told_with_what_else_there_is(two: Path) -> None:
    ran = run(
        "diff",
        "--git",
        cwd=two,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(two.parent)},
    )
    assert ran.code == 2
    (line,) = ran.errors
    assert line.endswith("recctl diff FOLDER FOLDER")


def test_an_unknown_revision_is_told_with_where_to_find_one(repository: Work) -> None:
    commit(repository, OLD)
    (line,) = differ(repository.top, "--git", "nope").errors
    assert "unknown revision 'nope'" in line
    assert line.endswith("git log --oneline --all")


def test_what_is_in_an_unresolved_merge_is_no_clean_index(repository: Work) -> None:
    at = f"{FOLDER}/{OLD[0]}"
    for turn, answer in ((["--", "."], "No."), (["-b", "theirs"], "Some."), (["main"], "Plenty.")):
        if (repository.top / at).exists():
            repository.git("checkout", "-q", *turn)
        repository.commit({at: canonical(chat("Any fog?", answer)[1])})
    with pytest.raises(AssertionError):
        repository.git("merge", "-q", "theirs")
    ran = differ(repository.top, "--git", "--staged", "--exit-code")
    assert ran.code == 1
    assert f"{at}: after: an unresolved merge" in ran.stdout
    assert ran.stderr == "recctl: 1 file not compared; see: recctl validate\n"
