"""The configuration: where values come from, which counts, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl import schema
from recctl.config import VARIABLES, Settings, is_plainly_right, load
from recctl.config import file as config_file
from recctl.errors import UsageError
from recctl.hashing import canonical
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import environment, run_here

RECORDED = recording(chat_request("Any fog?"), chat_answer("No."))
NEAREST = '[tool.recctl]\ntarget = "ogx-2025-10-09"\n'


def configured(folder: Path, text: str, name: str = "recctl.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    monkeypatch.chdir(folder)
    return load(variables)


def test_without_a_file_everything_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = loaded(tmp_path, monkeypatch)

    assert settings.origins == {}
    assert settings.file is None


def test_the_nearest_file_counts_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, 'target = "ogx-2025-10-04"\nmax-size = 9\n')
    below = configured(tmp_path / "a", 'target = "ogx-2025-10-09"\n')
    (below / "b").mkdir()

    settings = loaded(below / "b", monkeypatch)

    assert (settings.target, settings.max_size) == ("ogx-2025-10-09", Settings(tmp_path).max_size)
    assert settings.origins == {"target": "../recctl.toml"}


def test_a_pyproject_with_a_table_for_recctl_is_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, NEAREST, "pyproject.toml")

    assert loaded(tmp_path, monkeypatch).target == "ogx-2025-10-09"


def test_a_pyproject_of_other_tools_is_passed_over_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, "max-size = 9\n")
    below = configured(tmp_path / "a", "this is not TOML [tool.other", "pyproject.toml")

    assert loaded(below, monkeypatch).max_size == 9


def test_a_file_of_its_own_counts_before_the_pyproject_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, NEAREST, "pyproject.toml")
    configured(tmp_path, 'target = "ogx-2025-10-04"\n')

    assert loaded(tmp_path, monkeypatch).target == "ogx-2025-10-04"


def test_a_variable_counts_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, 'ignore = ["stale"]\nmax-size = 9\n')

    settings = loaded(tmp_path, monkeypatch, RECCTL_IGNORE="W4, bad-name", RECCTL_MAX_SIZE="7")

    assert (settings.ignore, settings.max_size) == (("W4", "bad-name"), 7)
    assert settings.origins == {"ignore": "RECCTL_IGNORE", "max-size": "RECCTL_MAX_SIZE"}


def test_a_named_file_counts_before_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, "max-size = 9\n")
    configured(tmp_path, "max-size = 7\n", "other.toml")

    assert loaded(tmp_path, monkeypatch, RECCTL_CONFIG="other.toml").max_size == 7


def test_the_option_counts_before_the_variable_that_names_a_file(tmp_path: Path) -> None:
    configured(tmp_path, "max-size = 9\n", "one.toml")
    configured(tmp_path, "max-size = 7\n", "two.toml")

    env = environment(RECCTL_CONFIG="one.toml")
    ran = run_here("config", "--format", "json", "--config", "two.toml", cwd=tmp_path, env=env)

    assert ran.json["values"]["max-size"] == {"value": 7, "origin": "two.toml"}


def test_a_date_is_a_text_in_json(tmp_path: Path) -> None:
    configured(tmp_path, '[dialects.mine]\nextends = "ogx-2026-04-09"\nsince = 2026-05-01\n')

    ran = run_here("config", "--format", "json", cwd=tmp_path)

    assert ran.json["values"]["dialects"]["value"]["mine"]["since"] == "2026-05-01"
    assert schema.explain("settings", ran.json) is None


def test_roots_count_from_the_file(tmp_path: Path) -> None:
    configured(tmp_path, 'roots = ["kept"]\n')
    write(tmp_path / "kept", folder_of(TEST), RECORDED)
    write(tmp_path / "other", folder_of(TEST), RECORDED)
    (tmp_path / "deep").mkdir()

    ran = run_here("ls", "--format", "paths", cwd=tmp_path / "deep")

    assert [line.split("/")[:2] for line in ran.lines] == [["..", "kept"]]


def test_the_target_decides_what_is_stale(tmp_path: Path) -> None:
    asked = chat_request("Any fog?")
    old = recording(asked, chat_answer("No."), dialect="ogx-2025-07-29")
    write(tmp_path, folder_of(TEST), old)
    env = environment(RECCTL_TARGET="ogx-2025-07-29")

    assert run_here("validate", cwd=tmp_path).code == 1
    assert run_here("validate", cwd=tmp_path, env=env).code == 0


OWN_DIALECT = """
target = "mine"
[dialects.mine]
extends = "ogx-2026-04-09"
adds = "no temperature"
steps = [{ step = "drop", path = "/temperature" }]
"""


def test_a_dialect_of_ones_own_is_listed_and_hashes(tmp_path: Path) -> None:
    configured(tmp_path, OWN_DIALECT)
    for temperature in (0, 1):
        asked = chat_request("Any fog?", temperature=temperature)
        (tmp_path / f"{temperature}.json").write_bytes(canonical(asked))

    listed = run_here("dialects", cwd=tmp_path)
    hashes = [
        run_here("hash", file, "--dialect", "mine", cwd=tmp_path).stdout
        for file in ("0.json", "1.json")
    ]

    assert listed.lines[-1].split() == ["mine", "no", "temperature"]
    assert hashes[0] == hashes[1]


def test_each_value_is_printed_with_where_it_came_from(tmp_path: Path) -> None:
    configured(tmp_path, 'ignore = ["stale"]\n[severity]\nW4 = "error"\n')

    ran = run_here("config", cwd=tmp_path, env=environment(RECCTL_ROOTS="a,b"))

    assert 'roots = ["a", "b"]  # RECCTL_ROOTS' in ran.lines
    assert 'ignore = ["stale"]  # recctl.toml' in ran.lines
    assert 'severity.W4 = "error"  # recctl.toml' in ran.lines
    assert "target = not set  # default" in ran.lines


def test_a_variable_that_means_nothing_is_named(tmp_path: Path) -> None:
    ran = run_here("config", cwd=tmp_path, env=environment(RECCTL_TARGETS="x"))

    assert ran.errors == ["recctl: RECCTL_TARGETS: no such variable, did you mean RECCTL_TARGET?"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tagret = 1", "recctl.toml: unknown key 'tagret', did you mean target?"),
        ("target = 1", "recctl.toml: target: give a text, not 1"),
        ("max-size = 0", "recctl.toml: max-size: give a number from 1 on, not 0"),
        ('ignore = "x"', 'recctl.toml: ignore: give a list, not "x"'),
        ("a = ", "recctl.toml: not TOML: Invalid value (at end of document)"),
        ("a." * 50_000 + "a = 1", "recctl.toml: a key has more than 100 parts"),
        (f"jobs = {'7' * 5_000}", "recctl.toml: not TOML: an integer has too many digits"),
        ('target = "ogx"', "recctl.toml: no dialect 'ogx'; recctl dialects lists all"),
        ('ignore = ["stael"]', "recctl.toml: no rule 'stael', did you mean stale?"),
        ('select = ["Z"]', "recctl.toml: no rule 'Z'; recctl rule lists all"),
        ('ignore = ["J104"]', "recctl.toml: merge-markers cannot be ignored"),
        ('[severity]\nJ104 = "info"', "recctl.toml: merge-markers cannot be ignored"),
        ('[per-file-ignores]\n"a*" = ["merge-markers"]', "recctl.toml: merge-markers cannot be"),
        ('[severity]\nstale = "bad"', "recctl.toml: severity.stale: give 'error', 'warning' or"),
        ('[dialects.a]\nextends = "b"', "recctl.toml: dialect a: extends 'b', which is none"),
        ('[dialects.a]\nextends = "a"', "recctl.toml: dialect a: it extends itself"),
        ("[dialects.ogx-2025-10-04]", "recctl.toml: dialect ogx-2025-10-04: there is one of that"),
        (
            '[dialects.a]\nsteps = [{ step = "substitute", pattern = "(", with = "" }]',
            "recctl.toml: dialect a: ",
        ),
        (
            '[dialects.a]\nsteps = [{ step = "drop", host = "a" }]',
            "recctl.toml: dialects.a.steps.0.drop.path: field required",
        ),
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_sense_is_one_line_and_exit_2(
    tmp_path: Path, text: str, told: str
) -> None:
    configured(tmp_path, text)

    for command in ("config", "validate"):
        ran = run_here(command, cwd=tmp_path)

        assert (ran.code, ran.stdout, len(ran.errors)) == (2, "", 1)
        assert ran.errors[0].startswith(f"recctl: {told}"), ran.errors[0]


def test_a_configuration_that_is_not_utf8_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "recctl.toml").write_bytes(b"\xff")

    ran = run_here("config", cwd=tmp_path)

    assert (ran.code, ran.errors) == (2, ["recctl: recctl.toml: not UTF-8 at byte 0"])


def test_a_configuration_that_is_not_there_is_one_line_and_exit_2(tmp_path: Path) -> None:
    ran = run_here("config", "--config", "no.toml", cwd=tmp_path)

    assert (ran.code, ran.errors) == (2, ["recctl: no.toml: no such file or directory"])


def test_a_variable_with_a_bad_value_is_named(tmp_path: Path) -> None:
    ran = run_here("config", cwd=tmp_path, env=environment(RECCTL_MAX_SIZE="big"))

    assert ran.errors == [
        'recctl: RECCTL_MAX_SIZE: max-size: give a whole number, not "big";'
        " see: recctl schema config"
    ]


def test_the_packaged_schema_is_that_of_the_configuration() -> None:
    assert schema.load("config") == config_file.schema()


def refusal_of(table: dict[str, Any]) -> str | None:
    try:
        config_file.checked(table, "here")
    except UsageError as error:
        return str(error)
    return None


@given(
    st.dictionaries(
        st.sampled_from([*VARIABLES, "severity", "dialects", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.text(max_size=4), inner, max_size=2)
            ),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_what_the_schema_refuses_is_refused_and_nothing_else(table: dict[str, Any]) -> None:
    fits = schema.explain("config", json.loads(json.dumps(table))) is None

    told = refusal_of(table)

    assert "\n" not in (told or "")
    # pydantic lets null stand for what is not set, which TOML cannot say.
    assert (told is None) is fits or (told is None and "null" in json.dumps(table))


@given(
    st.sampled_from([*VARIABLES, "severity", "per-file-ignores", "dialects", "other"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=3) | st.integers(), max_size=2)
    | st.dictionaries(
        st.text(max_size=3),
        st.sampled_from(["error", "info", "fatal", 1]) | st.lists(st.text(max_size=2), max_size=2),
        max_size=2,
    ),
)
def test_what_is_plainly_right_fits_the_schema(key: str, value: object) -> None:
    if is_plainly_right(key, value):
        assert schema.fits("config", {key: value})
