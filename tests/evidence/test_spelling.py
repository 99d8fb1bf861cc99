"""The one spelling of test ids and paths."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.evidence.spelling import spelled, spelled_path, without_group


@pytest.mark.parametrize(
    ("test_id", "one"),
    [
        ("tests/a.py::t", "tests/a.py::t"),
        (r"tests\a.py::t[a\b]", r"tests/a.py::t[a\b]"),
        ("./tests/a.py::t[./x]", "tests/a.py::t[./x]"),
        (r".\a.py::T::t", "a.py::T::t"),
        (r"a.py::t[x::y\z]", r"a.py::t[x::y\z]"),
        (r"a\b", "a/b"),
        ("A.py::T", "A.py::T"),
        ("a.py::t[e\u0301]", "a.py::t[\u00e9]"),
        ("a.py::t[\ud83d\ude00]", "a.py::t[\U0001f600]"),
        ("a.py::t[\udcff]", "a.py::t[\ufffd]"),
    ],
)
def test_an_id_has_slashes_in_its_file_and_letters_composed(test_id: str, one: str) -> None:
    assert spelled(test_id) == one


@pytest.mark.parametrize(
    ("path", "one"),
    [
        (r"Tests\Recordings\A.json", "tests/recordings/a.json"),
        ("./a.json", "a.json"),
        (r".\a.json", "a.json"),
        ("a./", "a./"),
        ("a.json./", "a.json./"),
        ("STRASSE/E\u0301", "strasse/\u00e9"),
        ("Stra\u00dfe", "strasse"),
        ("\udcff", "\ufffd"),
    ],
)
def test_a_path_has_slashes_and_small_letters(path: str, one: str) -> None:
    assert spelled_path(path) == one


@pytest.mark.parametrize(
    ("test_id", "one"),
    [
        ("a.py::t", "a.py::t"),
        ("a.py::t@group", "a.py::t"),
        ("a.py::T::t[x]@group", "a.py::T::t[x]"),
        ("a.py::t[x@y]", "a.py::t[x@y]"),
        ("a.py::t[x\n]@a\nb", "a.py::t[x\n]"),
        ("a.py::t[[x]@y]@g", "a.py::t[[x]@y]"),
        ("a@b.py", "a@b.py"),
        ("a@b.py::t", "a@b.py::t"),
        ("a::t@g", "a::t"),
        ("::t@g", "::t"),
        ("a::@g", "a::@g"),
        ("a@::t@g", "a@::t"),
        ("a[b]::t@g", "a[b]::t"),
        ("a.py::t[b::x@y]", "a.py::t[b::x@y]"),
        ("a.py::t]@g", "a.py::t]@g"),
        ("a.py::t@x[y]@g", "a.py::t@x[y]@g"),
    ],
)
def test_a_group_is_what_follows_the_whole_id(test_id: str, one: str) -> None:
    assert without_group(test_id) == one


@given(st.text("a:[]@", max_size=30))
def test_a_group_is_told_as_by_one_pattern(test_id: str) -> None:
    grouped = re.fullmatch(r"(.*::[^\[\]@]+(?:\[.*\])?)@[^\]]*", test_id)

    assert without_group(test_id) == (grouped[1] if grouped else test_id)


@pytest.mark.parametrize("piece", ["::", "::a", "::@]", "::a[@", "a@"])
def test_the_group_of_a_long_id_takes_no_age(piece: str) -> None:
    started = time.process_time()

    without_group("@" + piece * 20_000 + "]")

    assert time.process_time() - started < 2
