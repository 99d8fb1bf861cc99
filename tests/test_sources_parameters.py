"""What a test may be called with: what is written out, as pytest itself collects it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from recctl.sources import NodeId
from recctl.sources.parameters import written_parameters

FILE = "tests/chat/test_keeper.py"


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """A source tree: path -> content."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(dedent(content), encoding="utf-8")
    return root


def written(root: Path, source: str, names: str = "test_a") -> set[str] | None:
    """What is said of a test in a file of that source, without the brackets around."""
    found = written_parameters(tree(root, {FILE: source}), f"{FILE}::{names}[any]")
    if found is None:
        return None
    assert all(one == "" or (one[0], one[-1]) == ("[", "]") for one in found)
    return {one[1:-1] for one in found}


def marked(*decorators: str, arguments: str = "a", before: str = "") -> str:
    """A file with one test function, decorated."""
    lines = "".join(f"@{one}\n" for one in decorators)
    return f"import pytest\n{before}\n{lines}def test_a({arguments}): ...\n"


def parametrized(values: str, names: str = "'a'", rest: str = "", before: str = "") -> str:
    return marked(f"pytest.mark.parametrize({names}, {values}{rest})", before=before)


# What is told


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ("['x', 'y']", {"x", "y"}),
        ("('x', 'y')", {"x", "y"}),
        ("['x' 'y', '']", {"xy", ""}),
        ("[1, -2, 0.5, -1e-9]", {"1", "-2", "0.5", "-1e-09"}),
        ("[True, False, None]", {"True", "False", "None"}),
        (r"['a b', 'a\nb', 'é', '\\', '[]', '::', '\x7f']",
         {"a b", r"a\nb", r"\xe9", r"\\", "[]", "::", r"\x7f"}),
        (r"[b'x', b'\xff\t']", {"x", r"\xff\t"}),
        ("[(1, 2), [3], {}, {4}, 'x']", {"a0", "a1", "a2", "a3", "x"}),
        ("[[make() for _ in x], {k: v for k, v in x}]", {"a0", "a1"}),
        ("range(3)", {"0", "1", "2"}),
        ("range(4, 0, -2)", {"4", "2"}),
        ("['x', *range(2)]", {"x", "0", "1"}),
        ("['x'] + ['y']", {"x", "y"}),
        ("[pytest.param('x'), pytest.param('y', id='z'), pytest.param('v', id=None)]",
         {"x", "z", "v"}),
        ("[pytest.param('x', marks=pytest.mark.skip), 'y']", {"x", "y"}),
        ("[pytest.param(make(), id='x')]", {"x"}),
        ("['x'], ids=['[]']", {"[]"}),
        ("['x', 'y'], ids=['p', None]", {"p", "y"}),
        ("['x', 'y', 'z'], ids=[1, True, 0.5]", {"1", "True", "0.5"}),
        ("['x'], ids=None", {"x"}),
        ("[lambda: 0, f'{x}'], ids=['p', 'q']", {"p", "q"}),
        ("['x'], indirect=False, scope='module'", {"x"}),
    ],
)  # fmt: skip
def test_ids_are_told_from_written_values(
    values: str, ids: set[str] | None, tmp_path: Path
) -> None:
    assert written(tmp_path, parametrized(values)) == ids


@pytest.mark.parametrize(
    ("names", "values", "ids"),
    [
        ("'a, b'", "[(1, 'x'), (2, [])]", {"1-x", "2-b1"}),
        ("'a,b,'", "[(1, 'x')]", None),
        ("['a', 'b']", "[(1, 'x'), [2, 'y']]", {"1-x", "2-y"}),
        ("('a', 'b')", "[pytest.param(1, 'x'), pytest.param(2, make(), id='z')]", {"1-x", "z"}),
        ("('a',)", "[('x',), (1,)]", {"x", "1"}),
        ("'a, b'", "[(make(), 1), ('x', 2)], ids=['p', 'q']", {"p", "q"}),
        ("'a, b'", "[(1, 'x', 3)]", None),
        ("'a, b'", "['xy']", None),
        ("'a,'", "[(1,)]", None),
        ("''", "[]", None),
    ],
)
def test_ids_of_several_arguments_are_joined(
    names: str, values: str, ids: set[str] | None, tmp_path: Path
) -> None:
    mark = f"pytest.mark.parametrize({names}, {values})"

    assert written(tmp_path, marked(mark, arguments="a, b='x'")) == (
        ids if "b" not in names else written(tmp_path, marked(mark, arguments="a, b"))
    )
    assert written(tmp_path, marked(mark, arguments="a, b" if "b" in names else "a")) == ids


def test_the_decorator_nearest_to_the_function_comes_first(tmp_path: Path) -> None:
    source = """
        import pytest
        pytestmark = [pytest.mark.parametrize("m", [1]), pytest.mark.parametrize("n", [2])]

        @pytest.mark.parametrize("c", ["c"])
        @pytest.mark.parametrize("d", ["d"])
        class TestA:
            pytestmark = pytest.mark.parametrize("e", ["e"])

            class TestB:
                @pytest.mark.parametrize("f", ["f", "g"])
                @pytest.mark.parametrize("h", ["h", "i"])
                def test_a(self, c, d, e, f, h, m, n): ...
        """

    assert written(tmp_path, source, "TestA::TestB::test_a") == {
        *("h-f-e-d-c-1-2", "h-g-e-d-c-1-2", "i-f-e-d-c-1-2", "i-g-e-d-c-1-2")
    }


@pytest.mark.parametrize(
    ("before", "values", "ids"),
    [
        ("CASES = ['x', 'y']", "CASES", {"x", "y"}),
        ("CASES: tuple[str, ...] = ('x', 'y')", "CASES", {"x", "y"}),
        ("X = 'x'\nCASES = [X, pytest.param(1, id=X + '')]", "CASES", None),
        ("X = 'x'\nCASES = [X, pytest.param(1, id='z')]", "CASES", {"x", "z"}),
        ("A = ['x']\nCASES = [*A, *('y',)]", "CASES + ['z']", {"x", "y", "z"}),
        ("CASES = ['x']\nprint(len(CASES), [one for one in CASES])", "CASES", {"x"}),
        ("CASE = pytest.param(1, id='z')", "[CASE]", {"z"}),
        ("IDS = ['p']", "['x'], ids=IDS", {"p"}),
        ("X = ['x', {}]", "[X, 1]", {"a0", "1"}),
    ],
)
def test_a_name_stands_for_what_it_is_assigned_to(
    before: str, values: str, ids: set[str] | None, tmp_path: Path
) -> None:
    assert written(tmp_path, parametrized(values, before=before)) == ids


@pytest.mark.parametrize(
    "source",
    [
        "import pytest as p\n@p.mark.parametrize('a', ['x'])\ndef test_a(a): ...",
        "from pytest import mark\n@mark.parametrize('a', ['x'])\ndef test_a(a): ...",
        "from pytest import mark as m, param\n@m.parametrize('a', [param('x')])\n"
        "def test_a(a): ...",
        "import pytest\ncases = pytest.mark.parametrize('a', ['x'])\n@cases\ndef test_a(a): ...",
        "import pytest\nparametrize = pytest.mark.parametrize\n"
        "@parametrize('a', ['x'])\nasync def test_a(a): ...",
        "import pytest\n@pytest.mark.parametrize(argvalues=['x'], argnames='a')\n"
        "@pytest.mark.skipif(make(), reason='')\n@pytest.mark.xfail\ndef test_a(a): ...",
        "import pytest\n@pytest.mark.parametrize('a', ['x'])\n"
        "def test_a(a, tmp_path, monkeypatch, request, *, b=1): ...",
    ],
)
def test_marks_are_known_by_any_name(source: str, tmp_path: Path) -> None:
    assert written(tmp_path, source) == {"x"}


def test_a_test_that_is_not_parametrized_is_called_with_nothing(tmp_path: Path) -> None:
    source = "def test_a(): ...\nclass TestA:\n    def test_b(self, capsys): ..."

    assert written(tmp_path, source) == {""}
    assert written(tmp_path, source, "TestA::test_b") == {""}


# What is not told


@pytest.mark.parametrize(
    "values",
    [
        "CASES",
        "make()",
        "[make()]",
        "[x]",
        "[fog.x]",
        "[fog.x], ids=['p']",
        "[make()], ids=['p']",
        "[f'{x}']",
        "[f'x']",
        "['a' + 'b']",
        "['x' if y else 'z']",
        "[1j, ...]",
        "[str, int]",
        "[lambda: 0]",
        "['x', 'x']",
        "[1, '1']",
        "['x', 'y'], ids=['p', 'p']",
        "['x', 'y'], ids=['p']",
        "['x'], ids=str",
        "['x'], ids=['é']",
        "['é'], ids=[None]",
        "['x'], ids=[make()]",
        "['x'], ids=(i for i in y)",
        "['x' for _ in range(1)]",
        "list('xy')",
        "'xy'",
        "{'x', 'y'}",
        "{'x': 1}",
        "[]",
        "range(0)",
        "range(x)",
        "range(10**6)",
        "range(1000000)",
        "range(1, 2, 0)",
        "range('x')",
        "range(True)",
        "[pytest.param()]",
        "[pytest.param(*x)]",
        "[pytest.param('x', **y)]",
        "[pytest.param('x', id=make())]",
        "[pytest.param('x', id=pytest.HIDDEN_PARAM)]",
        f"['{'x' * 101}']",
        "*x",
        "['x'], **y",
        "['x'], False, ['p']",
        "['x'], fog=1",
    ],
)
def test_other_values_are_not_told(values: str, tmp_path: Path) -> None:
    before = "from fog import make, x, y\nimport fog"

    assert written(tmp_path, parametrized(values, before=before)) is None


@pytest.mark.parametrize(
    "before",
    [
        "CASES = ['x']\nCASES = ['x']",
        "CASES = ['x']\nCASES += ['y']",
        "CASES = ['x']\nCASES.append('y')",
        "CASES = ['x']\nCASES[0] = 'y'",
        "CASES = ['x']\ndel CASES[0]",
        "CASES = ['x']\nother = CASES\nother.append('y')",
        "CASES = ['x']\nfrom fog import more\nz = more(CASES)",
        "CASES = ['x']\ndef more(cases=CASES): cases.append('y')\nz = more()",
        "CASES = ['x']\ndef more():\n    global CASES\n    CASES = []\nz = more()",
        "CASES = ['x']\nfor CASES in ['xy']: pass",
        "CASES = ['x'] if pytest else []",
        "if pytest:\n    CASES = ['x']",
        "CASES, other = ['x'], 1",
        "from fog import CASES",
        "from fog import *",
        "CASES = ['x']\nglobals()['CASES'] = ['y']",
        "CASES = other = CASES",
        "class CASES: ...",
    ],
)
def test_a_list_that_may_be_another_is_not_told(before: str, tmp_path: Path) -> None:
    assert written(tmp_path, parametrized("CASES", before=before)) is None


@pytest.mark.parametrize(
    "before",
    [
        "CASES = [['x', 'y']]\nfor one in CASES: one[0] = 'z'",
        "CASES = (['x', 'y'],)\nCASES[0].append('z')",
        "X = ['x', 'y']\nCASES = [X]",
    ],
)
def test_values_in_a_named_list_may_be_changed(before: str, tmp_path: Path) -> None:
    mark = "pytest.mark.parametrize('a, b', CASES)"

    assert written(tmp_path, marked(mark, arguments="a, b", before=before)) is None


@pytest.mark.parametrize(
    "source",
    [
        "from fog import more\n@more\ndef test_a(): ...",
        "def more(f): return f\n@more\ndef test_a(): ...",
        "from unittest import mock\n@mock.patch('a.b')\ndef test_a(m): ...",
        "from hypothesis import given\n@given()\ndef test_a(): ...",
        "import pytest\n@pytest.mark.anyio\nasync def test_a(): ...",
        "import pytest\n@pytest.mark.unheard\ndef test_a(): ...",
        "import pytest\n@pytest.mark.parametrize\ndef test_a(): ...",
        "import pytest\n@pytest.mark.parametrize('a', ['x'])\n@pytest.mark.parametrize('a', ['y'])"
        "\ndef test_a(a): ...",
        "import pytest\n@pytest.mark.usefixtures(NAME)\ndef test_a(): ...",
        "import pytest\ndef test_a(): ...\npytest.mark.parametrize('a', ['x'])(test_a)",
        "import pytest\ndef test_a(): ...\ntest_a.pytestmark = [pytest.mark.skip]",
        "def test_a(): ...\ndef test_a(): ...",
        "if x:\n    def test_a(): ...",
        "def test_a(): ...\ntest_a = make(test_a)",
        "test_a = lambda: 0",
        "from fog import test_a",
        "def test_a(a, /): ...",
        "def pytest_generate_tests(metafunc): ...\ndef test_a(): ...",
        "from fog import pytest_generate_tests\ndef test_a(): ...",
        "pytest_plugins = ['fog']\ndef test_a(): ...",
        "from fog import *\ndef test_a(): ...",
        "import pytest\npytestmark = pytest.mark.fog if x else []\ndef test_a(): ...",
        "import pytest\npytestmark = []\npytestmark.append(1)\ndef test_a(): ...",
        "import pytest\npytestmark = []\npytestmark += [1]\ndef test_a(): ...",
        "from fog import pytestmark\ndef test_a(): ...",
        "from fog import marks\npytestmark = marks\ndef test_a(): ...",
        "from fog import marks\npytestmark = [*marks]\ndef test_a(): ...",
        "def test_b(): ...",
        "def test_a(: ...",
    ],
)
def test_what_may_be_marked_in_other_ways_is_not_told(source: str, tmp_path: Path) -> None:
    assert written(tmp_path, source) is None


@pytest.mark.parametrize(
    "source",
    [
        "from fog import Base\nclass TestA(Base):\n    def test_a(self): ...",
        "class Base: ...\nclass TestA(Base):\n    def test_a(self): ...",
        "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): ...",
        "class TestA(metaclass=type):\n    def test_a(self): ...",
        "from fog import more\n@more\nclass TestA:\n    def test_a(self): ...",
        "class TestA:\n    def test_a(self): ...\nclass TestB(TestA): ...",
        "class TestA:\n    def pytest_generate_tests(self, it): ...\n    def test_a(self): ...",
        "class TestA:\n    def test_a(): ...",
        "class TestA:\n    @staticmethod\n    def test_a(): ...",
        "class TestA:\n    pytestmark = x\n    def test_a(self): ...",
    ],
)
def test_what_is_in_an_unusual_class_is_not_told(source: str, tmp_path: Path) -> None:
    assert written(tmp_path, source, "TestA::test_a") is None


@pytest.mark.parametrize("test_id", ["", "x.py", "x.md::x", "../x.py::test_a", "x.py::a b", "\0::"])
def test_of_what_is_no_test_nothing_is_told(test_id: str, tmp_path: Path) -> None:
    tree(tmp_path, {"x.py": "def test_a(): ...", "x.md": ""})

    assert written_parameters(tmp_path, test_id) is None


def test_a_product_of_too_many_is_not_told(tmp_path: Path) -> None:
    marks = [f"pytest.mark.parametrize('{name}', range(100))" for name in "abc"]

    assert len(written(tmp_path, marked(*marks[:2], arguments="a, b")) or ()) == 10_000
    assert written(tmp_path, marked(*marks, arguments="a, b, c")) is None


# Fixtures

LAMP = "import pytest\n@pytest.fixture{}\ndef lamp({}): ...\n"
ASKS = "@pytest.mark.parametrize('a', ['x'])\ndef test_a(a, lamp): ..."


@pytest.mark.parametrize(
    ("call", "arguments", "is_told"),
    [
        ("", "", True),
        ("()", "", True),
        ("(scope='module')", "request", True),
        ("(params=None)", "", True),
        ("(autouse=True)", "tmp_path", True),
        ("(name='lamp')", "", True),
        ("(name='other')", "", False),
        ("(name=x)", "", False),
        ("(params=[1, 2])", "", False),
        ("(params=[])", "", False),
        ("('module')", "", False),
        ("(**x)", "", False),
        ("()", "unheard", False),
        ("()", "a, b=1, *, c=2", True),
    ],
)
@pytest.mark.parametrize("place", [FILE, "conftest.py", "tests/conftest.py"])
def test_fixtures_must_be_known_and_without_parameters(
    call: str, arguments: str, is_told: bool, place: str, tmp_path: Path
) -> None:
    fixture = LAMP.format(call, arguments)
    source = f"import pytest\n{ASKS}"
    if place == FILE:
        source = fixture + ASKS
    else:
        tree(tmp_path, {place: fixture})

    assert written(tmp_path, source) == ({"x"} if is_told else None)


@pytest.mark.parametrize(
    "fixture",
    [
        "import pytest\n@pytest.fixture(params=[1, 2])\ndef deep(): ...\n"
        "@pytest.fixture\ndef lamp(deep): ...",
        "import pytest\n@pytest.fixture(params=[1, 2], autouse=True)\ndef every(): ...\n"
        "@pytest.fixture\ndef lamp(): ...",
        "import pytest\n@pytest.fixture(params=[1, 2], autouse=x)\ndef every(): ...\n"
        "@pytest.fixture\ndef lamp(): ...",
        "import pytest\nif x:\n    @pytest.fixture(params=[1])\n    def lamp(): ...\n"
        "else:\n    @pytest.fixture\n    def lamp(): ...",
        "import pytest\nlamp = pytest.fixture(params=[1])(print)",
        "import pytest\nfixture = pytest.fixture(params=[1])\n@fixture\ndef lamp(): ...",
        "from pytest import fixture as f\ndef make(x): return f(x, params=[1])\n"
        "@make\ndef lamp(): ...",
        "from functools import partial\nimport pytest\nf = partial(pytest.fixture, params=[1])\n"
        "@f\ndef lamp(): ...",
        "from fog import fixture\n@fixture\ndef lamp(): ...",
        "from fog import lamp",
        "from fog import *",
        "from fog import make\nlamp = make()",
        "from fog import make\nlamp = make()\nother = make(autouse=True)",
        "pytest_plugins = 'fog'\nimport pytest\n@pytest.fixture\ndef lamp(): ...",
        "from fog import wrapped\nimport pytest\n@wrapped\n@pytest.fixture\ndef lamp(): ...",
        "def lamp(): ...",
        "lamp = (",
    ],
)
@pytest.mark.parametrize("place", [FILE, "tests/conftest.py"])
def test_fixtures_that_may_have_parameters_leave_all_untold(
    fixture: str, place: str, tmp_path: Path
) -> None:
    source = f"import pytest\n{ASKS}"
    if place == FILE:
        source = f"{fixture}\n{source}"
    else:
        tree(tmp_path, {place: fixture})

    assert written(tmp_path, source) is None


def test_a_fixture_that_overrides_one_with_parameters_is_not_trusted(tmp_path: Path) -> None:
    tree(tmp_path, {"conftest.py": LAMP.format("(params=[1, 2])", "")})

    assert written(tmp_path, LAMP.format("", "lamp") + ASKS) is None


def test_a_parametrized_argument_takes_the_place_of_its_fixture(tmp_path: Path) -> None:
    fixture = LAMP.format("(params=[1, 2])", "")
    mark = "@pytest.mark.parametrize('lamp', ['x'])\ndef test_a(lamp): ..."
    indirect = "@pytest.mark.parametrize('lamp', ['x'], indirect=True)\ndef test_a(lamp): ..."
    deep = LAMP.format("", "deep") + "@pytest.fixture(params=[1])\ndef deep(): ...\n"

    assert written(tmp_path, fixture + mark) == {"x"}
    assert written(tmp_path, fixture + indirect) == {"x"}
    assert written(tmp_path, deep + mark) == {"x"}
    assert written(tmp_path, deep + indirect) is None


def test_fixtures_of_a_class_are_those_of_its_tests_only(tmp_path: Path) -> None:
    source = """
        import pytest
        class TestA:
            @pytest.fixture(params=[1, 2], autouse=True)
            def lamp(self): ...
            def test_a(self): ...
        class TestB:
            @pytest.fixture
            def fog(self, tmp_path): ...
            @pytest.mark.usefixtures("fog")
            def test_a(self): ...
        """

    assert written(tmp_path, source, "TestA::test_a") is None
    assert written(tmp_path, source, "TestB::test_a") == {""}


# What else pytest obeys


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("conftest.py", "def pytest_generate_tests(metafunc): ..."),
        ("tests/conftest.py", "def pytest_make_parametrize_id(val): ..."),
        ("tests/chat/conftest.py", "def pytest_collect_file(): ..."),
        ("conftest.py", "def f(item):\n    item._nodeid = ''"),
        ("conftest.py", "def pytest_asyncio_loop_factories(): ..."),
        ("conftest.py", "from fog import *"),
        ("conftest.py", "def f(:"),
        ("pytest.ini", "[pytest]\nusefixtures = lamp"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nanyio_mode = 'auto'"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-p tests.more'"),
        ("pyproject.toml", "[project.entry-points.pytest11]\nours = 'tests.more'"),
        ("setup.cfg", "[tool:pytest]\naddopts = --count=3"),
        (
            "tests/tox.ini",
            "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true",
        ),
        ("tests/__init__.py", "pytestmark = []"),
    ],
)
def test_where_pytest_is_told_otherwise_nothing_is_told(
    path: str, content: str, tmp_path: Path
) -> None:
    tree(tmp_path, {"tests/more.py": ""})
    source = parametrized("['x']")

    assert written(tmp_path, source) == {"x"}
    assert written(tree(tmp_path, {path: content}), source) is None


def test_what_other_folders_say_does_not_matter(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "other/conftest.py": "def pytest_generate_tests(metafunc): ...",
            "tests/chat/deep/conftest.py": "def pytest_generate_tests(metafunc): ...",
            "conftest.py": "import pytest\n@pytest.fixture\ndef lamp(): ...",
            "tests/__init__.py": "",
            "pytest.ini": "[pytest]\naddopts = -q -p no:cacheprovider",
        },
    )

    assert written(tmp_path, parametrized("['x']")) == {"x"}


def test_a_mark_that_the_tree_registers_has_no_parameters(tmp_path: Path) -> None:
    source = marked("pytest.mark.fog(1)", "pytest.mark.parametrize('a', ['x'])")

    assert written(tmp_path, source) is None

    tree(tmp_path, {"pytest.ini": "[pytest]\nmarkers =\n    fog: slow\n    anyio: no\n"})

    assert written(tmp_path, source) == {"x"}
    assert written(tmp_path, source.replace("fog", "anyio")) is None


@pytest.mark.parametrize("origin", [".more", "tests.chat.more", "more"])
def test_a_file_of_the_tree_that_names_come_from_has_no_autouse_fixtures(
    origin: str, tmp_path: Path
) -> None:
    source = parametrized("['x']", before=f"from {origin} import thing")

    assert written(tree(tmp_path, {"tests/chat/more.py": "thing = 1"}), source) == {"x"}
    assert written(tree(tmp_path, {"tests/chat/more.py": "f(autouse=True)"}), source) is None


# As pytest collects it

PLUGIN = """
    import json, os
    def pytest_collection_finish(session):
        with open(os.environ["COLLECTED"], "w") as file:
            json.dump([item.nodeid for item in session.items], file)
    """


def collected(folder: Path, root: Path) -> dict[str, set[str]]:
    """All tests that pytest collects below a folder: without parameters -> what they are."""
    plugin, answer = folder / "plugin", folder / "collected.json"
    tree(plugin, {"collecting.py": PLUGIN})
    (root / "pytest.ini").write_text("[pytest]\n")
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "collecting", *quiet, str(root)],
        env={**os.environ, "PYTHONPATH": str(plugin), "COLLECTED": str(answer)},
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, set[str]] = {}
    for test_id in json.loads(answer.read_text()):
        node = NodeId.parse(test_id)
        found.setdefault(str(NodeId(node.file, node.names)), set()).add(node.parameters)
    return found


VALUES = (
    st.text(max_size=6)
    | st.text("a\\\n\t\x00\x7f[]-é€😀 '\"", max_size=4)
    | st.binary(max_size=4)
    | st.integers(-1000, 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([True, False, None, (), (1, 2), [], [3], {}, {"a": 1}, "x" * 100, "x" * 101])
).map(repr)

PARTS = st.sampled_from(["make()", "[each for each in 'ab']", "X", "LIST", "1 + 1", "f'{X}'"])
IDS = st.text(max_size=5).map(repr) | st.sampled_from(["None", "1", "0.5", "True", "X"])


@st.composite
def rows(draw: st.DrawFn, width: int) -> str:
    """The values of one call: written, or in a `pytest.param`."""
    parts = draw(st.lists(VALUES | PARTS, min_size=width, max_size=width))
    if draw(st.integers(0, 3)) == 0:
        name = draw(IDS)
        own = f", id={name}" if name[0] in "'\"NX" else ""
        return f"pytest.param({', '.join(parts)}{own})"
    return parts[0] if width == 1 else f"({', '.join(parts)},)"


@st.composite
def parametrizations(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    """A `pytest.mark.parametrize` of arguments."""
    quoted = [f"'{name}'" for name in names]
    if len(names) == 1 and draw(st.integers(0, 4)) == 0:
        first, step = draw(st.integers(-3, 3)), draw(st.sampled_from([1, 2, -1]))
        return f"pytest.mark.parametrize({quoted[0]}, range({first}, {first + 3 * step}, {step}))"
    values = draw(st.lists(rows(len(names)), min_size=1, max_size=3))
    forms = [f"'{', '.join(names)}'"]
    if len(names) > 1:
        forms += [f"[{', '.join(quoted)}]", f"({', '.join(quoted)},)"]
    ends = "[]" if draw(st.booleans()) else "()"
    text = f"{ends[0]}{', '.join(values)},{ends[1]}"
    rest = draw(st.sampled_from(["", "", ", scope='module'", ", indirect=False"]))
    if draw(st.integers(0, 3)) == 0:
        rest = (
            f", ids=[{', '.join(draw(st.lists(IDS, min_size=len(values), max_size=len(values))))}]"
        )
    return f"pytest.mark.parametrize({draw(st.sampled_from(forms))}, {text}{rest})"


GROUPS: list[tuple[tuple[str, ...], ...]] = [
    *((), (("a",),), (("a", "b"),), (("a",), ("b",))),
    *((("a", "b"), ("c",)), (("a",), ("b",), ("c",))),
]
"""The arguments that a test function's decorators have."""


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A test module: marks of the module, of classes and of functions, stacked."""
    lines = ["import pytest", "X = 'named'", "LIST = ['a', 'b']", "def make(): return 'made'"]
    around = ""
    if draw(st.booleans()):
        lines.append(f"pytestmark = [{draw(parametrizations(('m',)))}]")
        around += ", m"
    if draw(st.booleans()):
        lines.append("CASES = ['c', 1, (2,)]")
    cases = ["pytest.mark.parametrize('a', CASES)"] if "CASES" in lines[-1] else []

    def function(number: int, more: str, *, is_method: bool) -> list[str]:
        groups = draw(st.sampled_from(GROUPS))
        marks = [draw(parametrizations(group)) for group in groups]
        if cases and groups and groups[0] == ("a",) and draw(st.booleans()):
            marks[0] = cases[0]
        if draw(st.integers(0, 4)) == 0:
            marks.insert(0, "pytest.mark.skipif(True, reason='fog')")
        names = [name for group in groups for name in group] + more.split(", ")[1:]
        given = ["self"] * is_method + draw(st.permutations([*names, "tmp_path"]))
        return [*(f"@{mark}" for mark in marks), f"def test_{number}({', '.join(given)}): ..."]

    for number in range(3):
        lines += function(number, around, is_method=False)
    inner = around
    if draw(st.booleans()):
        lines.append(f"@{draw(parametrizations(('k',)))}")
        inner += ", k"
    lines.append("class TestA:")
    if draw(st.booleans()):
        lines.append(f"    pytestmark = {draw(parametrizations(('n',)))}")
        inner += ", n"
    for number in range(3):
        lines += indent("\n".join(function(number, inner, is_method=True)), "    ").split("\n")
    return "\n".join(lines) + "\n"


NUMBERS = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for many examples."""
    return tmp_path_factory.mktemp("collecting")


@settings(
    deadline=None,
    max_examples=6,
    phases=[Phase.generate],  # each example starts pytest: shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(modules(), min_size=8, max_size=8))
def test_what_is_told_is_what_pytest_collects(shared: Path, sources: list[str]) -> None:
    folder = shared / str(next(NUMBERS))
    root = (
        tree(folder, {f"root/test_{place}.py": one for place, one in enumerate(sources)}) / "root"
    )

    found = collected(folder, root)

    told = {test_id: written_parameters(root, test_id) for test_id in found}
    assert any(told.values())
    for test_id, parameters in found.items():
        assert told[test_id] in (None, parameters), test_id
