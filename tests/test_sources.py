"""Whether a test still exists: what proves that it is gone, and what leaves it unknown."""

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from textwrap import dedent, indent
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recctl import sources
from recctl.corpus import Entry
from recctl.rules import TABLE
from recctl.rules.policy import Policy
from recctl.rules.selection import Choice, choose
from recctl.sources import MAX_BRACES, MAX_BYTES, NodeId, Presence, find_test, holds_sources
from tests.build import TEST, chat_answer, chat_request, folder_of, recording, write
from tests.cli import needs_posix
from tests.examine import examine

FILE = "tests/chat/test_keeper.py"

LAMP = "def test_lamp(): ...\n"
"""A module with one test."""


def tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A source tree: path -> content."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        raw = dedent(content).encode() if isinstance(content, str) else content
        place.write_bytes(raw)
    return root


def told(root: Path, source: str | bytes, names: str) -> tuple[Presence, str]:
    """What is said of a test in a file of that source."""
    sought = find_test(tree(root, {FILE: source}), f"{FILE}::{names}")
    return sought.presence, sought.reason


def presence(root: Path, source: str | bytes, names: str) -> Presence:
    return told(root, source, names)[0]


# Node ids


@pytest.mark.parametrize(
    ("test_id", "file", "names", "parameters"),
    [
        ("tests/test_x.py::test_b", "tests/test_x.py", ("test_b",), ""),
        ("test_x.py::TestA::test_b", "test_x.py", ("TestA", "test_b"), ""),
        ("test_x.py::TestA::Deep::test_b[c]", "test_x.py", ("TestA", "Deep", "test_b"), "[c]"),
        ("test_x.py::test_b[a::b/c.py::d]", "test_x.py", ("test_b",), "[a::b/c.py::d]"),
        ("test_x.py::test_b[a]b[c]]", "test_x.py", ("test_b",), "[a]b[c]]"),
        ("test_x.py::test_b[]", "test_x.py", ("test_b",), "[]"),
        ("test_x.py::test_b[a\nb]", "test_x.py", ("test_b",), "[a\nb]"),
        ("test_x.py::test_b[a]@shard", "test_x.py", ("test_b",), "[a]@shard"),
        ("[slug]/test_x.py::test_b[a]", "[slug]/test_x.py", ("test_b",), "[a]"),
        ("test_x.py", "test_x.py", (), ""),
        ("test_x.py::", "test_x.py", ("",), ""),
        ("", "", (), ""),
    ],
)
def test_a_node_id_has_a_file_names_and_parameters(
    test_id: str, file: str, names: tuple[str, ...], parameters: str
) -> None:
    assert NodeId.parse(test_id) == NodeId(file, names, parameters)


@settings(deadline=None)
@given(st.text() | st.text("ab:[]/."))
def test_a_node_id_in_parts_is_put_together_as_it_was(test_id: str) -> None:
    assert str(NodeId.parse(test_id)) == test_id


# Files


def test_a_test_in_its_file_is_present(tmp_path: Path) -> None:
    assert presence(tmp_path, LAMP, "test_lamp") is Presence.PRESENT


def test_a_test_whose_file_is_missing_is_gone(tmp_path: Path) -> None:
    tree(tmp_path, {"tests/chat/test_other.py": LAMP})

    sought = find_test(tmp_path, f"{FILE}::test_lamp")

    assert sought == sources.Sought(Presence.GONE, f"{FILE} does not exist")


@pytest.mark.parametrize("file", ["gone/test_x.py", "pier.txt/test_x.py"])
def test_a_test_whose_folder_is_missing_is_gone(file: str, tmp_path: Path) -> None:
    tree(tmp_path, {"pier.txt": ""})

    assert find_test(tmp_path, f"{file}::test_lamp").presence is Presence.GONE


@pytest.mark.parametrize(
    "test_id",
    ["docs/guide.md::guide.md", "cases/fog.yaml::any/thing: at all[x]", "notes.txt::notes.txt"],
)
def test_of_a_file_that_is_no_python_only_the_existence_counts(
    test_id: str, tmp_path: Path
) -> None:
    assert find_test(tmp_path, test_id).presence is Presence.GONE

    tree(tmp_path, {test_id.partition("::")[0]: "\0 no test at all"})

    assert find_test(tmp_path, test_id).presence is Presence.PRESENT


@pytest.mark.parametrize(
    "file",
    [
        "/{root}/test_x.py",
        "../{name}/test_x.py",
        "tests/../test_x.py",
        "C:/test_x.py",
        "//s/t/x.py",
    ],
)
def test_a_path_that_may_lead_out_of_the_tree_is_not_followed(file: str, tmp_path: Path) -> None:
    tree(tmp_path, {"test_x.py": LAMP, "tests/conftest.py": ""})
    path = file.format(root=tmp_path.as_posix().strip("/"), name=tmp_path.name)

    assert find_test(tmp_path, f"{path}::test_lamp").presence is Presence.UNKNOWN
    assert find_test(tmp_path, f"{path}::test_gone").presence is Presence.UNKNOWN


@pytest.mark.parametrize("test_id", ["", "by hand", "test_x.py", "v1.5", "[a]", "test_x.py[a]"])
def test_what_is_no_node_id_of_a_test_is_unknown(test_id: str, tmp_path: Path) -> None:
    assert find_test(tmp_path, test_id).presence is Presence.UNKNOWN


@pytest.mark.parametrize(
    "file", ["tests\\test_x.py", "tésts/test_x.py", "[a]/test_x.py", "a/b", "x.py\0", "x" * 5000]
)
def test_a_missing_path_that_may_be_written_in_another_way_is_unknown(
    file: str, tmp_path: Path
) -> None:
    assert find_test(tmp_path, f"{file}::test_lamp").presence is Presence.UNKNOWN


@pytest.mark.parametrize(
    "beside", ["test_keeper.py.in", "test_keeper.ipynb", "test_keeper.md", "test_keeper.pyx"]
)
def test_a_missing_file_beside_its_template_may_be_made(beside: str, tmp_path: Path) -> None:
    tree(tmp_path, {f"tests/chat/{beside}": ""})

    assert find_test(tmp_path, f"{FILE}::test_lamp").presence is Presence.UNKNOWN


@pytest.mark.parametrize(
    ("path", "line", "is_ignored"),
    [
        (".gitignore", "tests/chat/", True),
        (".gitignore", "/tests/chat/test_keeper.py", True),
        (".gitignore", "chat/**", True),
        ("tests/.gitignore", "test_k*.py\r", True),
        ("tests/chat/.gitignore", "*", True),
        (".gitignore", "# tests/chat/", False),
        (".gitignore", "!tests/chat/", False),
        (".gitignore", "__pycache__/\n*.py[cod]\n*.egg-info/\n.venv\n/dist/*", False),
        ("tests/other/.gitignore", "*", False),
    ],
)
def test_a_missing_file_that_git_ignores_may_be_made(
    path: str, line: str, is_ignored: bool, tmp_path: Path
) -> None:
    tree(tmp_path, {path: f"{line}\n"})

    expected = Presence.UNKNOWN if is_ignored else Presence.GONE
    assert find_test(tmp_path, f"{FILE}::test_lamp").presence is expected


def test_an_unusual_path_that_exists_is_read(tmp_path: Path) -> None:
    tree(tmp_path, {"tésts/[a]/test_x.py": LAMP})

    assert find_test(tmp_path, "tésts/[a]/test_x.py::test_lamp").presence is Presence.PRESENT
    assert find_test(tmp_path, "tésts/[a]/test_x.py::test_fog").presence is Presence.GONE


def test_below_a_root_that_is_no_folder_nothing_is_known(tmp_path: Path) -> None:
    tree(tmp_path, {"pier.txt": ""})

    for root in (tmp_path / "lost", tmp_path / "pier.txt", Path("a\0b")):
        assert find_test(root, f"{FILE}::test_lamp").presence is Presence.UNKNOWN


def test_a_file_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    source = f"open({str(mark)!r}, 'w')\n{LAMP}raise SystemExit"

    assert presence(tmp_path, source, "test_lamp") is Presence.PRESENT
    assert not mark.exists()


def test_a_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {FILE: LAMP})
    parsed: list[bytes] = []
    parse = ast.parse

    def counted(raw: bytes) -> ast.Module:
        parsed.append(raw)
        return parse(raw)

    monkeypatch.setattr(ast, "parse", counted)

    for name in ("test_lamp", "test_fog", "TestA::test_b[c]", "test_lamp[a]"):
        find_test(tmp_path, f"{FILE}::{name}")

    assert len(parsed) == 1


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    assert presence(tmp_path, LAMP, "test_fog") is Presence.GONE
    assert presence(tmp_path, LAMP + "def test_fog(): ...\n", "test_fog") is Presence.PRESENT


# Names


@pytest.mark.parametrize(
    "source",
    [
        "def test_b(): ...",
        "async def test_b(): ...",
        "class test_b: ...",
        "test_b = make()",
        "test_b: object = make()",
        "test_a = test_b = make()",
        "test_a, (test_b, *rest) = make()",
        "[test_a, *test_b] = make()",
        "check(test_b := make())",
        "import test_b",
        "import test_b.deep",
        "import other as test_b",
        "from other import test_b",
        "from .other import make as test_b",
        "def test_a(value=(test_b := 1)): ...",
        "@pytest.mark.skipif((test_b := 1), reason='')\ndef test_a(): ...",
        "for test_b in make(): pass",
        "with make() as test_b: pass",
        "with make() as (test_a, test_b): pass",
        "try:\n    make()\nexcept OSError as test_b: pass",
        "match make():\n    case test_b: pass",
        "match make():\n    case [_, *test_b]: pass",
        "match make():\n    case {'a': 1, **test_b}: pass",
        "match make():\n    case A(x=[B() as test_b]): pass",
    ],
)
def test_every_statement_that_makes_a_name_makes_a_test(source: str, tmp_path: Path) -> None:
    in_class = f"class TestA:\n{indent(source, '    ')}"

    assert presence(tmp_path, source, "test_b") is Presence.PRESENT
    assert presence(tmp_path, in_class, "TestA::test_b") is Presence.PRESENT


@pytest.mark.parametrize(
    "source",
    [
        "def make():\n    global test_b\n    test_b = 1\nmake()",
        "class Maker:\n    global test_b\n    test_b = 1",
        "values = [test_b := 1 for _ in range(2)]",
    ],
)
def test_a_name_that_is_made_for_the_module_is_a_test_of_the_module(
    source: str, tmp_path: Path
) -> None:
    assert presence(tmp_path, source, "test_b") is Presence.PRESENT


@pytest.mark.parametrize(
    "frame",
    [
        "if make():\n    {}",
        "if make():\n    pass\nelif other():\n    pass\nelse:\n    {}",
        "try:\n    {}\nexcept ImportError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    {}",
        "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    {}",
        "try:\n    pass\nfinally:\n    {}",
        "try:\n    pass\nexcept* ImportError:\n    {}",
        "with make():\n    {}",
        "for _ in make():\n    {}",
        "for _ in make():\n    pass\nelse:\n    {}",
        "while make():\n    {}",
        "match make():\n    case 1:\n        {}",
        "if a:\n    for _ in b:\n        try:\n            {}\n        finally: pass",
        "if __name__ == '__main__':\n    {}",
    ],
)
def test_a_conditional_definition_counts_as_present(frame: str, tmp_path: Path) -> None:
    source = frame.format("def test_b(): ...") + "\n"
    in_class = f"class TestA:\n{indent(source, '    ')}"

    assert presence(tmp_path, source, "test_b") is Presence.PRESENT
    assert presence(tmp_path, in_class, "TestA::test_b") is Presence.PRESENT


NESTED = """
    class TestA:
        def test_a(self): ...

        class Deep:
            def test_b(self): ...

    def test_c():
        def test_d(): ...
        test_e = 1
    """


@pytest.mark.parametrize("names", ["test_c", "TestA", "TestA::test_a", "TestA::Deep::test_b"])
def test_tests_are_found_in_nested_classes(names: str, tmp_path: Path) -> None:
    assert presence(tmp_path, NESTED, names) is Presence.PRESENT


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("test_a", "test_keeper.py has no function test_a"),
        ("TestB::test_a", "test_keeper.py has no class TestB"),
        ("TestA::test_b", "TestA in test_keeper.py has no function test_b"),
        ("TestA::Shallow::test_b", "TestA in test_keeper.py has no class Shallow"),
        ("Deep::test_b", "test_keeper.py has no class Deep"),
        ("TestA::Deep::test_a", "Deep in test_keeper.py has no function test_a"),
        ("test_d", "test_keeper.py has no function test_d"),
        ("test_e", "test_keeper.py has no function test_e"),
    ],
)
def test_a_name_that_stands_elsewhere_only_is_gone(names: str, reason: str, tmp_path: Path) -> None:
    assert told(tmp_path, NESTED, names) == (Presence.GONE, reason)


@pytest.mark.parametrize("parameters", ["[]", "[a]", "[a::b/c]", "[]]", "[\0]", "[test_z]"])
def test_parameters_are_not_judged(parameters: str, tmp_path: Path) -> None:
    assert presence(tmp_path, LAMP, f"test_lamp{parameters}") is Presence.PRESENT
    assert presence(tmp_path, LAMP, f"test_fog{parameters}") is Presence.GONE


def test_what_is_deleted_counts_as_present(tmp_path: Path) -> None:
    assert presence(tmp_path, f"{LAMP}del test_lamp", "test_lamp") is Presence.PRESENT


def test_the_variable_of_a_comprehension_is_no_test(tmp_path: Path) -> None:
    source = "values = [test_b for test_b in range(3)]"

    assert presence(tmp_path, source, "test_b") is Presence.GONE


def test_names_are_compared_as_python_does(tmp_path: Path) -> None:
    source = "def test_ﬁsh(): ...\nclass TestA:\n    def __b(self): ..."

    assert presence(tmp_path, source, "test_fish") is Presence.PRESENT
    assert presence(tmp_path, source, "test_ﬁsh") is Presence.PRESENT
    assert presence(tmp_path, source, "TestA::_TestA__b") is Presence.PRESENT


def test_a_name_defined_twice_is_looked_for_in_both(tmp_path: Path) -> None:
    source = """
        try:
            import fast
        except ImportError:
            class TestA:
                def test_slow(self): ...
        else:
            class TestA:
                def test_fast(self): ...
        """

    assert presence(tmp_path, source, "TestA::test_slow") is Presence.PRESENT
    assert presence(tmp_path, source, "TestA::test_fast") is Presence.PRESENT
    assert presence(tmp_path, source, "TestA::test_other") is Presence.GONE


@pytest.mark.parametrize("name", ["a.b", "guide.md", "", "test b", "test_b@gpu", "a/b", "1", "\0"])
def test_an_item_whose_name_is_no_pythons_is_unknown(name: str, tmp_path: Path) -> None:
    assert presence(tmp_path, LAMP, name) is Presence.UNKNOWN


def test_a_modules_doctest_is_not_gone(tmp_path: Path) -> None:
    assert presence(tmp_path, '"""Says.\n\n>>> 1\n1\n"""', "test_keeper") is Presence.PRESENT
    assert presence(tmp_path, '"""Says nothing."""', "test_keeper") is Presence.GONE


# Inheritance


def test_inherited_tests_of_the_same_file_are_found(tmp_path: Path) -> None:
    source = """
        class Base:
            def test_a(self): ...
            class Deep:
                def test_b(self): ...

        class Middle(Base, object): ...

        class TestA(Middle):
            class Inner(Base.Deep): ...

        Alias = Middle
        class TestB(Alias): ...
        """

    for names in ("TestA::test_a", "TestA::Deep::test_b", "TestA::Inner::test_b", "TestB::test_a"):
        assert presence(tmp_path, source, names) is Presence.PRESENT
    for names in ("TestA::test_b", "TestA::Inner::test_a", "TestB::Deep::test_a"):
        assert presence(tmp_path, source, names) is Presence.GONE


@pytest.mark.parametrize(
    "source",
    [
        "from .shared import Base\nclass TestA(Base): ...",
        "from unittest import *\nclass TestA(TestCase): ...",
        "from .unittest import TestCase\nclass TestA(TestCase): ...",
        "import shared\nclass TestA(shared.deep.Base): ...",
        "class TestA(make()): ...",
        "class TestA(*bases): ...",
        "class TestA(BASES[0]): ...",
        "class TestA(Unheard): ...",
        "Base = make()\nclass TestA(Base): ...",
        "class Base: ...\nBase = make(Base)\nclass TestA(Base): ...",
        "class Make:\n    def __new__(cls): ...\nBase = Make()\nclass TestA(Base): ...",
        "def Base(): ...\nclass TestA(Base): ...",
        "class TestA(type('Base', (), {'test_b': 1})): ...",
        "Base = type('Base', (), {'test_b': 1})\nclass TestA(Base): ...",
        "Base = type(lamp).Deep\nclass TestA(Base): ...",
        "from .shared import Base\nclass Middle(Base): ...\nclass TestA(Middle): ...",
        "try:\n    from fast import Base\nexcept ImportError:\n    class Base: ...\n"
        "class TestA(Base): ...",
        "a = b\nb = a\nclass TestA(a): ...",
        "a = a.a\nclass TestA(a): ...",
        "class Base: ...\nclass TestA(Base.Deep): ...",
    ],
)
def test_what_may_be_inherited_from_elsewhere_is_unknown(source: str, tmp_path: Path) -> None:
    assert presence(tmp_path, source, "TestA::test_b") is Presence.UNKNOWN


@pytest.mark.parametrize(
    "source",
    [
        "class TestA(object): ...",
        "class TestA(TestA): ...",
        "class TestA(Exception): ...",
        "import unittest\nclass TestA(unittest.TestCase): ...",
        "from unittest import TestCase as Case\nclass TestA(Case): ...",
        "from unittest import IsolatedAsyncioTestCase\nclass TestA(IsolatedAsyncioTestCase): ...",
        "import abc\nclass Base(abc.ABC): ...\nclass TestA(Base): ...",
        "from abc import ABCMeta\nclass TestA(metaclass=ABCMeta): ...",
        "from typing import Generic\nclass Base(Generic[T]): ...\nclass TestA(Base[int]): ...",
        "class Base: ...\nclass TestA(Base, mode='slow'): ...",
    ],
)
def test_what_base_classes_are_known_not_to_have_is_gone(source: str, tmp_path: Path) -> None:
    assert presence(tmp_path, source, "TestA::test_b") is Presence.GONE


# Doubts


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("from .shared import *", "test_keeper.py imports all of .shared"),
        ("globals()['test_b'] = make()", "test_keeper.py uses globals"),
        ("exec('def test_b(): ...')", "test_keeper.py uses exec"),
        ("vars()['test_b'] = make()", "test_keeper.py uses vars"),
        ("def add():\n    locals()\nadd()", "test_keeper.py uses locals"),
        ("setattr(module, 'test_b', make())", "test_keeper.py uses setattr"),
        ("from builtins import setattr as put", "test_keeper.py uses setattr"),
        ("import builtins as b", "test_keeper.py uses builtins"),
        ("sys.modules['fog'].test_a = 1", "test_keeper.py uses modules"),
        ("os.sys.modules['fog']", "test_keeper.py uses modules"),
        ("x = __spec__", "test_keeper.py uses __spec__"),
        ("x = __import__('fog')", "test_keeper.py uses __import__"),
        ("name = __name__", "test_keeper.py uses __name__"),
        ("x = f'{__name__}'", "test_keeper.py uses __name__"),
        ("inspect.getmodule(len)", "test_keeper.py uses getmodule"),
        ("from . import test_keeper as me", "test_keeper.py imports itself"),
        ("import tests.chat.test_keeper", "test_keeper.py imports itself"),
        ("me = load('tests.chat.test_keeper')", "test_keeper.py names itself"),
        ("from fog import make\nx = make(__name__)", "test_keeper.py tells make its name"),
        ("import fog\nx = fog.make(*[__name__])", "test_keeper.py uses __name__"),
        ("def add(name=make(x=__name__)): ...", "test_keeper.py tells make its name"),
        ("# Generated by build.py\nx = 1", "test_keeper.py says that it is generated"),
        ('"""DO NOT EDIT."""', "test_keeper.py says that it is generated"),
        ("from sys import modules", "test_keeper.py uses modules"),
        ("me.__dict__.update(tests)", "test_keeper.py uses __dict__"),
        ("sys._getframe().f_globals['test_b'] = 1", "test_keeper.py uses f_globals"),
        ("getattr(me, '__dict__')['test_b'] = 1", "test_keeper.py uses __dict__"),
        ("from .shared import load_tests", "test_keeper.py has its own load_tests"),
        ("def __getattr__(name): ...", "test_keeper.py has its own __getattr__"),
        ("def load_tests(*given): ...", "test_keeper.py has its own load_tests"),
        ("me.test_b = make()", "test_b is set as an attribute"),
        ("def add(me):\n    me.test_b = 1\nadd(me)", "test_b is set as an attribute"),
        ("def test_add(me):\n    me.test_b = 1\ntest_add(me)", "test_b is set as an attribute"),
        (
            "from pytest_bdd import scenarios\nscenarios('fog.feature')",
            "test_keeper.py calls scenarios, of another file",
        ),
        (
            "from parameterized import parameterized\n"
            "@parameterized.expand(['b'])\ndef test(name): ...",
            "test_keeper.py calls parameterized.expand, of another file",
        ),
        (
            "from parameterized import parameterized_class\n@parameterized_class(x)\nclass A: ...",
            "test_keeper.py has a class with the decorator parameterized_class, of another file",
        ),
        ("[add(name) for name in make()]", "test_keeper.py calls add, of another file"),
        ("for add in make():\n    add()", "test_keeper.py calls add, of another file"),
        ("@make[0]\ndef test_a(): ...", "test_keeper.py calls an expression, of another file"),
        *(
            (f"from fog import add\n{source}", "test_keeper.py calls add, of another file")
            for source in (
                "list(map(add, 'ab'))",
                "any(add(name) for name in 'ab')",
                "{name: add(name) for name in 'ab'}",
                "DEBUG = 1\nDEBUG and add('b')",
                "add('a') if 1 else None",
                "(add('a'), add('b'))",
                "_ = add('b')",
                "_, __ = 1, 2\n_ = [add(name) for name in 'ab']",
                "with add():\n    pass",
                "import asyncio\nasyncio.run(add())",
                "import functools\nfunctools.reduce(add, 'ab')",
                "import functools\n@functools.partial(add, 'b')\ndef test_a(): ...",
                "class TestA:\n    @add\n    def test_a(self): ...",
                "class TestA:\n    add()",
            )
        ),
        (
            "import fog\ngetattr(fog, 'add')('b')",
            "test_keeper.py calls getattr(), of another file",
        ),
        (
            "import fog\nput = getattr(fog, 'add')\nput('b')",
            "test_keeper.py calls put, of another file",
        ),
        (
            "import fog, functools\nput = functools.partial(fog.add)\nput('b')",
            "test_keeper.py calls put, of another file",
        ),
        (
            "from unittest import mock\nimport fog\nmock.Mock(side_effect=fog.add)()",
            "test_keeper.py calls mock.Mock(), of another file",
        ),
        ("import fog\nfog.suite + 1", "test_keeper.py calls an expression, of another file"),
        (
            "import fog\ndef test_a(): ...\nx = fog.expand(test_a)",
            "test_keeper.py hands test_a to fog.expand, of another file",
        ),
        (
            "import fog\ndef test_a(): ...\nx = fog.expand([test_a])",
            "test_keeper.py hands test_a on",
        ),
        ("def test_a(): ...\nSUITE = {'a': test_a}", "test_keeper.py hands test_a on"),
        (
            "def test_a(): ...\nSUITE = dict(a=test_a)",
            "test_keeper.py hands test_a to dict, of another file",
        ),
        (
            "import fog\nclass Made:\n    def test_a(self): ...\nx = fog.expand(Made.test_a)",
            "test_keeper.py hands Made.test_a to fog.expand, of another file",
        ),
        (
            "import fog\ndef more(test):\n    return fog.expand(test)\n@more\ndef test_a(): ...",
            "test_keeper.py has more, which hands on to fog.expand, of another file",
        ),
        (
            "import fog\nclass Root:\n    def __init_subclass__(cls):\n        fog.expand(cls)",
            "test_keeper.py has __init_subclass__, which hands on to fog.expand, of another file",
        ),
        (
            "from fog import more\nclass Made:\n    @more\n    class Deep: ...",
            "test_keeper.py has a class with the decorator more, of another file",
        ),
        (
            "from fog import Meta\nclass Made(metaclass=Meta): ...",
            "test_keeper.py has a class with the metaclass Meta, of another file",
        ),
        (
            "from fog import Base\nclass Made(Base): ...",
            "test_keeper.py has a class that inherits from Base, which is not in the file",
        ),
    ],
)
def test_a_module_that_may_get_names_in_other_ways_leaves_a_test_unknown(
    source: str, reason: str, tmp_path: Path
) -> None:
    assert told(tmp_path, source, "test_b") == (Presence.UNKNOWN, reason)
    assert told(tmp_path, f"{source}\nclass TestA: ...", "TestA::test_b")[0] is Presence.UNKNOWN


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("@ddt\nclass TestA: ...", "has the decorator ddt"),
        ("def add(cls): ...\n@add\nclass TestA: ...", "has the decorator add"),
        ("@make()[0]\nclass TestA: ...", "has the decorator an expression"),
        ("class TestA(metaclass=Meta): ...", "has the metaclass Meta"),
        ("class Meta(type): ...\nclass TestA(metaclass=Meta): ...", "has the metaclass Meta"),
        ("class TestA(**options): ...", "has the metaclass an expression"),
        ("class TestA:\n    from x import y\n    @y.cases\n    def test_a(self): ...", "calls"),
        ("class TestA:\n    add()\n", "calls add, of another file"),
        (
            "import fog\nclass TestA: ...\nx = fog.expand(TestA)",
            "is handed to fog.expand, of another file",
        ),
        (
            "import fog\nclass TestA: ...\nAlias = TestA\nx = fog.expand(cases=Alias)",
            "is handed to fog.expand, of another file",
        ),
        ("class TestA: ...\nSUITE = (1, TestA)", "is handed on"),
    ],
)
def test_a_class_that_may_get_names_in_other_ways_leaves_a_test_unknown(
    source: str, reason: str, tmp_path: Path
) -> None:
    told_of = told(tmp_path, source, "TestA::test_b")

    assert told_of[0] is Presence.UNKNOWN
    assert reason in told_of[1] or "test_keeper.py" in told_of[1]
    assert presence(tmp_path, f"{source}\nclass TestB(TestA): ...", "TestB::test_b") is (
        Presence.UNKNOWN
    )


ADDS = "globals()['test_b'] = 1"


@pytest.mark.parametrize(
    "source",
    [
        f"def add():\n    {ADDS}\nadd()",
        f"def add():\n    {ADDS}\nfor put in [add]: put()",
        f"def add():\n    {ADDS}\nx = [add()]",
        f"def add(f):\n    {ADDS}\n@add\ndef test_a(): ...",
        f"def deep():\n    {ADDS}\ndef add():\n    deep()\nadd()",
        f"class Made:\n    def go(self):\n        {ADDS}\nMade().go()",
        f"class Made:\n    def go(self):\n        {ADDS}\ngetattr(Made(), 'go')()",
        f"class Made:\n    def __init__(self):\n        {ADDS}\nMade()",
        f"class Made:\n    @property\n    def go(self):\n        {ADDS}\nMade().go",
        f"import ast\nclass Made(ast.NodeVisitor):\n    def visit_Name(self, n):\n        {ADDS}",
        f"from fog import add\n@add\ndef test_a():\n    {ADDS}",
    ],
)
def test_what_runs_on_import_is_read_wherever_it_stands(source: str, tmp_path: Path) -> None:
    assert presence(tmp_path, source, "test_b") is Presence.UNKNOWN


def test_an_item_that_plugins_make_of_a_file_is_unknown(tmp_path: Path) -> None:
    for name in ("mypy", "ruff", "FLAKE8", "bench_fog"):
        assert presence(tmp_path, LAMP, name) is Presence.UNKNOWN
    assert presence(tmp_path, LAMP, "test_fog") is Presence.GONE
    assert presence(tmp_path, LAMP, "FogCase::check") is Presence.GONE


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from .shared import TestA", "TestA::test_b"),
        ("TestA = make()", "TestA::test_b"),
        ("class TestA: ...\nTestA = make(TestA)", "TestA::test_b"),
        ("def describe_fog():\n    def it_rises(): ...", "describe_fog::it_rises"),
        ("class TestA:\n    Deep = make()", "TestA::Deep::test_b"),
    ],
)
def test_what_is_in_something_that_is_no_class_of_the_file_is_unknown(
    source: str, names: str, tmp_path: Path
) -> None:
    assert presence(tmp_path, source, names) is Presence.UNKNOWN


def test_a_test_that_is_there_is_present_whatever_else_may_be(tmp_path: Path) -> None:
    source = f"from .shared import *\n{LAMP}exec(make())"

    assert presence(tmp_path, source, "test_lamp") is Presence.PRESENT


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\npytestmark = [pytest.mark.slow]\npytestmark.append(pytest.mark.asyncio)",
        "import pytest\n@pytest.mark.parametrize('a', [1])\ndef test_a(a): ...",
        "import pytest\n@pytest.mark.slow\nclass TestB: ...",
        "from pytest import mark\nslow = mark.skipif(True)\n@slow\nclass TestB: ...",
        "import pytest\n@pytest.fixture\ndef lamp(monkeypatch):\n    setattr(lamp, 'a', 1)",
        "import pytest\npytest.importorskip('fog')",
        "from unittest import mock\n@mock.patch.object(lamp, 'a')\ndef test_a(): ...",
        "try:\n    import mock\nexcept ImportError:\n    from unittest import mock\n"
        "@mock.patch('a')\ndef test_a(): ...",
        "import functools\ndef wrapped(test):\n    @functools.wraps(test)\n    def inner(): ...\n"
        "    return inner\n@wrapped\ndef test_a(): ...",
        "from dataclasses import dataclass\n@dataclass\nclass Case: ...",
        "class Keeper:\n    @property\n    def lamp(self): ...\nKeeper().lamp.light()",
        "from dotenv import load_dotenv\nload_dotenv()",
        "print('fog')",
        "from fog import load\ncases = load('cases')\nclient = load.Client()",
        "def test_a(monkeypatch):\n    monkeypatch.setattr('a', 1)\n    globals()\n    vars(lamp)",
        "class TestB:\n    def setup_method(self):\n        self.__dict__.update(a=1)",
        "def pytest_generate_tests(metafunc): ...",
        "from fog import main\nif __name__ == '__main__':\n    main()",
        "if __name__ == '__main__':\n    import unittest\n    globals()",
        "import logging\nlog = logging.getLogger(__name__)",
        "from fog.log import get_logger\nlog = get_logger(name=__name__, category='tests')",
        "from pathlib import Path\nCASES = sorted((Path(__file__).parent / 'a').glob('*.yaml'))",
        "import warnings\nwith warnings.catch_warnings():\n    import fog",
        "from fog import check\ndef asks(client):\n    check(client)\n    globals()\n"
        "def test_a():\n    asks(1)",
        "from fog import Client\nclass Lamp:\n    def __init__(self, url):\n"
        "        super().__init__()\n        self.client = Client(url)",
        "import functools\ndef retried(test):\n    @functools.wraps(test)\n"
        "    def inner(*args, **given):\n        return test(*args, **given)\n    return inner\n"
        "@retried\ndef test_a(): ...",
        "from pydantic import BaseModel\nfrom fog import Client\nclass Fog(BaseModel):\n"
        "    city: str\nclient = Client(output=Fog)",
    ],
)
def test_what_test_files_usually_do_leaves_no_doubt(source: str, tmp_path: Path) -> None:
    source += "\nclass TestA:\n    def test_c(self): ...\n"

    assert presence(tmp_path, source, "test_b") is Presence.GONE
    assert presence(tmp_path, source, "TestA::test_b") is Presence.GONE


# Files that tell pytest what a test is


@pytest.mark.parametrize("folder", ["", "tests/", "tests/chat/"])
@pytest.mark.parametrize("word", ["pytest_pycollect_makeitem", "pytest_collect_file"])
def test_where_a_conftest_collects_tests_itself_names_are_unknown(
    folder: str, word: str, tmp_path: Path
) -> None:
    tree(tmp_path, {f"{folder}conftest.py": f"def {word}(): ..."})

    assert told(tmp_path, LAMP, "test_fog") == (Presence.UNKNOWN, f"a conftest.py uses {word}")
    assert presence(tmp_path, LAMP, "test_lamp") is Presence.PRESENT
    assert find_test(tmp_path, "tests/chat/test_lost.py::test_a").presence is Presence.GONE


@pytest.mark.parametrize(
    ("path", "content", "is_plugin"),
    [
        ("conftest.py", "pytest_plugins = 'tests.more'", True),
        ("tests/conftest.py", "pytest_plugins = ['pytest_asyncio', 'tests.more']", True),
        ("tests/chat/conftest.py", "pytest_plugins: list[str] = ['more']", True),
        ("tests/chat/conftest.py", "from ..more import *", True),
        ("tests/chat/conftest.py", "from tests.more import *", True),
        ("conftest.py", "from tests.lost import *", None),
        ("conftest.py", "pytest_plugins = [name for name in make()]", None),
        ("conftest.py", "pytest_plugins = []\npytest_plugins += make()", None),
        ("conftest.py", "from fog import pytest_plugins", None),
        ("conftest.py", "from fog import *\npytest_plugins = ['pytest_asyncio']", False),
        ("pytest.ini", "[pytest]\naddopts = -q -p tests.more", True),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-p', 'tests.more']", True),
        ("pyproject.toml", "[project.entry-points.pytest11]\nmore = 'tests.more'\n", True),
        ("setup.cfg", "[options.entry_points]\npytest11 =\n    more = tests.more\n", True),
        ("pyproject.toml", "[project.scripts]\nmore = 'tests.more'\n", False),
        ("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider -p xdist", False),
    ],
)
def test_plugins_of_the_tree_are_read_like_a_conftest(
    path: str, content: str, is_plugin: bool | None, tmp_path: Path
) -> None:
    tree(tmp_path, {path: content, "tests/more.py": "x = 1"})
    expected = Presence.UNKNOWN if is_plugin is None else Presence.GONE
    assert presence(tmp_path, LAMP, "test_fog") is expected

    tree(tmp_path, {"tests/more.py": "def pytest_pycollect_makeitem(): ..."})
    expected = Presence.GONE if is_plugin is False else Presence.UNKNOWN
    assert presence(tmp_path, LAMP, "test_fog") is expected


def test_plugins_that_ask_for_each_other_are_read_once(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "conftest.py": "pytest_plugins = ['a', 'b']",
            "a.py": "pytest_plugins = ['b', 'conftest']",
            "b.py": "from a import *",
        },
    )

    assert presence(tmp_path, LAMP, "test_fog") is Presence.GONE


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_collection(session): ...",
        "def pytest_collectstart(collector): ...",
        "def pytest_collect_directory(): ...",
        "def pytest_make_collect_report(): ...",
        "def f(parent): return Item.from_parent(parent, name='fog')",
    ],
)
def test_other_hooks_that_collect_leave_names_unknown(hook: str, tmp_path: Path) -> None:
    tree(tmp_path, {"conftest.py": hook})

    assert presence(tmp_path, LAMP, "test_fog") is Presence.UNKNOWN


def test_where_a_conftest_changes_node_ids_files_are_unknown_too(tmp_path: Path) -> None:
    tree(tmp_path, {"tests/conftest.py": "def f(item):\n    item._nodeid = 'x.py::' + item.name"})

    assert find_test(tmp_path, "tests/test_lost.py::test_a").presence is Presence.UNKNOWN
    assert find_test(tmp_path, "other/test_lost.py::test_a").presence is Presence.GONE


def test_other_conftests_do_not_matter(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "tests/conftest.py": "def pytest_generate_tests(metafunc): print(metafunc.nodeid)\n"
            "def pytest_collection_modifyitems(items): items.sort()",
            "tests/messages/conftest.py": "def pytest_collect_file(): ...",
        },
    )

    assert presence(tmp_path, LAMP, "test_fog") is Presence.GONE


def test_a_conftest_that_cannot_be_read_may_say_anything(tmp_path: Path) -> None:
    (tree(tmp_path, {}) / "conftest.py").mkdir()

    assert presence(tmp_path, LAMP, "test_fog") is Presence.UNKNOWN


# Hostile files


@pytest.mark.parametrize(
    "raw",
    [
        b"def test_lamp(:",
        b"print 'fog'\n",
        b"def test_lamp(): ...\n\0",
        b"\0",
        b"x = '\xff'\ndef test_lamp(): ...",
        "def test_lamp(): ...".encode("utf-16"),
        b"# coding: fog\ndef test_lamp(): ...",
        b"# coding: rot13\nqrs grfg_ynzc(): ...",
        b"# coding: punycode\ndef test_lamp(): ...",
        b"# coding: utf-7\ndef test_lamp(): ...",
        b"\xef\xbb\xbf# coding: latin-1\n",
        b"x = " + b"(" * 100_000,
        b"x = " + b"[" * 150 + b"]" * 150 + b"\n" + b"x = " + b"-" * 100_000 + b"1",
        pytest.param(
            b"x = a" + b".b" * 100_000,
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python reads that now"),
        ),
        b"x = " + b"1+" * 100_000 + b"1",
        b"x = " + b"lambda: " * 50_000 + b"1",
        b"".join(b" " * depth + b"if 1:\n" for depth in range(300)),
        b"f'" + b"{a}" * (MAX_BRACES + 1) + b"'",
        b"#" * (MAX_BYTES + 1),
        b"<<<<<<< ours\ndef test_lamp(): ...\n=======\n>>>>>>> theirs\n",
    ],
    ids=range(20),
)
def test_of_a_file_that_cannot_be_read_nothing_is_known(raw: bytes, tmp_path: Path) -> None:
    assert presence(tmp_path, raw, "test_lamp") is Presence.UNKNOWN
    assert presence(tmp_path, raw, "test_fog") is Presence.UNKNOWN


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfdef test_lamp(): ...",
        b"# coding: latin-1\nx = '\xff'\ndef test_lamp(): ...",
        b"# -*- coding: cp1252 -*-\r\ndef test_lamp(): ...\r\n",
        b"#!/usr/bin/env python\n# vim: set fileencoding=utf-8 :\ndef test_lamp(): ...",
        b"x = '\\d'\ndef test_lamp(): assert (1, 'is true')",
        b"x = " + b"[" * 150 + b"]" * 150 + b"\ndef test_lamp(): ...",
        b"a = " * 10_000 + b"1\ndef test_lamp(): ...",
    ],
    ids=range(7),
)
def test_an_odd_file_that_python_reads_is_read(raw: bytes, tmp_path: Path) -> None:
    assert presence(tmp_path, raw, "test_lamp") is Presence.PRESENT
    assert presence(tmp_path, raw, "test_fog") is Presence.GONE


def test_an_alias_of_an_alias_of_ever_more_is_unknown(tmp_path: Path) -> None:
    source = "".join(f"a{number} = a{number + 1}\n" for number in range(5000))

    assert presence(tmp_path, f"{source}class TestA(a0): ...", "TestA::test_b") is Presence.UNKNOWN
    assert presence(tmp_path, f"{source}x = fog(a0)", "test_b") is Presence.UNKNOWN


@needs_posix
def test_what_is_no_regular_file_is_unknown(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    os.mkfifo(folder / "fifo.py")
    (folder / "folder.py").mkdir()
    (folder / "nowhere.py").symlink_to("lost.py")
    (folder / "circle.py").symlink_to("circle.py")
    (folder / "zero.py").symlink_to("/dev/zero")

    for name in ("fifo", "folder", "nowhere", "circle", "zero", "nowhere.py/test_x", "circle.py/x"):
        sought = find_test(tmp_path, f"tests/{name}.py::test_lamp")
        assert sought.presence is Presence.UNKNOWN, name


@needs_posix
def test_links_are_followed_within_the_tree_and_not_out_of_it(tmp_path: Path) -> None:
    tree(tmp_path, {"outside/test_x.py": LAMP, "inside/real/test_x.py": LAMP})
    root = tmp_path / "inside"
    (root / "near").symlink_to("real")
    (root / "far").symlink_to(tmp_path / "outside")
    (tmp_path / "shortcut").symlink_to("inside")

    assert find_test(root, "near/test_x.py::test_lamp").presence is Presence.PRESENT
    assert find_test(root, "near/test_x.py::test_fog").presence is Presence.GONE
    assert find_test(root, "far/test_x.py::test_lamp").presence is Presence.UNKNOWN
    assert find_test(root, "far/test_x.py::test_fog").presence is Presence.UNKNOWN
    assert find_test(tmp_path / "shortcut", "near/test_x.py::test_fog").presence is Presence.GONE


@settings(deadline=None)
@given(
    st.text(max_size=30)
    | st.text("a/.:[]\\\0\n~", max_size=20)
    | st.text(st.characters(), max_size=20).map(lambda text: f"x.py::{text}")
)
def test_any_text_may_be_a_test_id(shared: Path, test_id: str) -> None:
    assert find_test(shared, test_id).presence in Presence
    assert find_test(shared, f"{test_id}::test_a").presence in Presence


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text("def class:()@=\n \t,.*[]{}'\"\\#", max_size=60))
def test_any_bytes_may_be_a_test_file(shared: Path, content: str | bytes) -> None:
    file = fresh_name()
    tree(shared, {file: content})

    assert find_test(shared, f"{file}::TestA::test_a").presence in Presence


# What running a file shows

NUMBERS = count()


def fresh_name() -> str:
    """A file name that no test had before: files change faster than clocks tick."""
    return f"test_{next(NUMBERS)}.py"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder for many examples."""
    return tmp_path_factory.mktemp("tree")


TESTS = st.sampled_from(["test_a", "test_b", "test_c", "test_d"])
CLASSES = st.sampled_from(["TestA", "TestB", "TestC"])

PRELUDE = """
    import contextlib, functools, pytest, types, unittest
    from unittest import TestCase

    def plain(item): return item

    class Mixin:
        def test_mixed(self): ...
    """

FRAMES = st.sampled_from(
    [
        "if True:\n{}",
        "if False: pass\nelse:\n{}",
        "try:\n{}\nfinally: pass",
        "try:\n    raise OSError\nexcept OSError as error:\n{}",
        "with contextlib.nullcontext():\n{}",
        "for _ in range(2):\n{}",
        "while True:\n{}\n    break",
        "match 1:\n  case 1:\n{}",
    ]
)

BINDINGS = st.sampled_from(
    [
        "{} = lambda: 0",
        "{}, *_ = [plain, 1]",
        "{}: object = plain",
        "import os as {}",
        "from os import getcwd as {}",
        "plain({} := plain)",
        "for {} in [plain]: pass",
        "with contextlib.nullcontext(plain) as {}: pass",
        "match plain:\n  case {}: pass",
        "match [1, plain]:\n  case [_, *{}]: pass",
        "{} = functools.partial(plain, 1)",
        "def {}(*_): ...",
        "async def {}(*_): ...",
        "@plain\ndef {}(*_): ...",
        "@pytest.mark.usefixtures()\n@plain\ndef {}(*_): ...",
        "@staticmethod\ndef {}(*_): ...",
    ]
)

BASES = st.sampled_from(["", "(object)", "(Mixin)", "(TestCase)", "(unittest.TestCase)", "(TestA)"])
MARKS = st.sampled_from(["", "@pytest.mark.usefixtures()\n"])

DYNAMIC = st.sampled_from(
    [
        "globals()['{}'] = plain",
        "exec('def {}(*_): ...')",
        "vars()['{}'] = plain",
        "setattr(Mixin, '{}', plain)",
        "Mixin.{} = plain",
        "def put():\n    global {0}\n    {0} = plain\nput()",
        "def test_put(item=Mixin):\n    item.{} = plain\ntest_put()",
        "def more(cls):\n    class Wrapped(cls):\n        def {}(self): ...\n    return Wrapped\n"
        "@more\nclass TestA: ...",
        "class TestB(type('Made', (), {{'{}': plain}})): ...",
        "TestC = type('TestC', (), {{'{}': plain}})",
        "class Meta(type):\n    def __new__(cls, name, bases, space):\n"
        "        return super().__new__(cls, name, bases, {{**space, '{}': plain}})\n"
        "class TestA(metaclass=Meta): ...",
        "class Root:\n    def __init_subclass__(cls):\n        cls.{} = plain\n"
        "class TestB(Root): ...",
        "from string import *\n{} = plain",
        "import sys\nsys._getframe().f_globals['{}'] = plain",
        "for made in [type('TestA', (), {{'{}': plain}})]:\n    TestA = made",
    ]
)


def indented(text: str) -> str:
    return indent(text, "    ")


def in_class(name: str, base: str, mark: str, body: list[str]) -> str:
    return f"{mark}class {name}{base}:\n" + indented("\n".join([*body, "pass"]))


def bodies(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Source text: statements, in classes in classes, under conditions."""
    return st.recursive(
        statements,
        lambda inner: (
            st.builds(in_class, CLASSES, BASES, MARKS, st.lists(inner, max_size=3))
            | st.builds(lambda frame, body: frame.format(indented(body)), FRAMES, inner)
            | st.lists(inner, min_size=2, max_size=3).map("\n".join)
        ),
        max_leaves=8,
    )


def filled(templates: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(str.format, templates, TESTS)


STATIC = bodies(filled(BINDINGS))
ANYHOW = bodies(filled(BINDINGS) | filled(DYNAMIC))


def ran(source: str) -> ModuleType | None:
    """The module that a source makes when it is run; null where it fails."""
    module = ModuleType("test_made")
    try:
        exec(compile(source, "test_made.py", "exec"), module.__dict__)  # noqa: S102 - written above
    except (TypeError, NameError, AttributeError, SyntaxError):
        return None
    return module


def shown(owner: Any, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The names of all tests in a module or class, by what running it has made."""
    for name in dir(owner) if isinstance(owner, type) else list(vars(owner)):
        value = getattr(owner, name)
        if name.startswith("test_"):
            yield (name,)
        elif name.startswith("Test") and isinstance(value, type) and depth < 3:
            yield from ((name, *rest) for rest in shown(value, depth + 1))


@settings(deadline=None, max_examples=150)
@given(ANYHOW)
def test_a_test_that_a_file_makes_when_it_is_run_is_never_gone(shared: Path, source: str) -> None:
    text = dedent(PRELUDE) + source
    module = ran(text)
    assume(module is not None)
    file = fresh_name()
    tree(shared, {file: text})

    for names in shown(module):
        sought = find_test(shared, "::".join((file, *names)))
        assert sought.presence is not Presence.GONE, (names, sought.reason)


@settings(deadline=None, max_examples=100)
@given(STATIC)
def test_a_test_that_occurs_nowhere_in_a_plain_file_is_gone(shared: Path, source: str) -> None:
    file = fresh_name()
    tree(shared, {file: dedent(PRELUDE) + source})

    assert find_test(shared, f"{file}::test_none").presence is Presence.GONE
    assert find_test(shared, f"{file}::TestNone::test_a").presence is Presence.GONE
    assert find_test(shared, f"{file}::Mixin::test_none").presence is Presence.GONE


# Sources at all


def test_sources_are_there_if_a_folder_or_one_above_it_has_python(tmp_path: Path) -> None:
    tree(tmp_path, {"top/setup.py": "", "top/a/notes.txt": "", "bare/a/notes.txt": ""})

    assert holds_sources(tmp_path / "top", tmp_path / "top")
    assert holds_sources(tmp_path / "top/a/lost/deep", tmp_path / "top")
    assert not holds_sources(tmp_path / "top/a", tmp_path / "top/a")
    assert not holds_sources(tmp_path / "bare/a", tmp_path / "bare")
    assert not holds_sources(tmp_path / "lost/a", tmp_path / "lost")


def test_a_source_that_is_added_is_seen(tmp_path: Path) -> None:
    assert not holds_sources(tmp_path, tmp_path)

    tree(tmp_path, {"setup.py": ""})
    os.utime(tmp_path, ns=(1, 1))  # clocks may not have ticked

    assert holds_sources(tmp_path, tmp_path)


# The rule


NAME, DOCUMENT = recording(chat_request("Is the lamp lit?"), chat_answer("It is."))


def said(
    folder: Path, *, test_id: str | None = TEST, roots: tuple[Path, ...] = ()
) -> list[tuple[str, str]]:
    """What the rule says of a recording in a folder."""
    path = write(folder, ".", (NAME, {**DOCUMENT, "test_id": test_id}))
    chosen = choose(TABLE, Choice(select=["orphan"]))
    found = examine(Entry(path), chosen, Policy(test_roots=roots))
    return [(one.pointer, one.message) for one in found if one.name == "orphan"]


def beside(root: Path) -> Path:
    """The folder beside the test's file."""
    return root / folder_of(TEST)


TEST_FILE = TEST.partition("::")[0]
ANSWERS = "def test_answers(): ...\n"


def test_an_orphan_is_named_with_the_reason(tmp_path: Path) -> None:
    tree(tmp_path, {TEST_FILE: LAMP})

    assert said(beside(tmp_path)) == [("/test_id", "test_keeper.py has no function test_answers")]


def test_a_recording_whose_test_exists_is_no_orphan(tmp_path: Path) -> None:
    tree(tmp_path, {TEST_FILE: ANSWERS})

    assert said(beside(tmp_path)) == []


def test_a_recording_whose_test_is_unknown_is_no_orphan(tmp_path: Path) -> None:
    tree(tmp_path, {TEST_FILE: "from .shared import *"})

    assert said(beside(tmp_path)) == []


def test_a_recording_without_a_test_is_no_orphan(tmp_path: Path) -> None:
    tree(tmp_path, {TEST_FILE: LAMP})

    assert said(beside(tmp_path), test_id=None) == []
    assert said(beside(tmp_path), test_id=None, roots=(tmp_path,)) == []


@pytest.mark.parametrize(
    "folder",
    [
        folder_of(TEST),
        f"{folder_of(TEST)}/responses",
        folder_of(None),
        f"{folder_of(None)}/responses",
    ],
)
def test_the_root_is_told_from_where_a_recording_lies(folder: str, tmp_path: Path) -> None:
    tree(tmp_path, {"tests/conftest.py": ""})

    assert said(tmp_path / folder) == [("/test_id", f"{TEST_FILE} does not exist")]


def test_a_test_at_the_top_of_the_tree_has_its_root_there(tmp_path: Path) -> None:
    tree(tmp_path, {"test_keeper.py": LAMP})
    folder = tmp_path / "recordings"

    assert said(folder, test_id="test_keeper.py::test_lamp") == []
    assert len(said(folder, test_id="test_keeper.py::test_fog")) == 1


@pytest.mark.parametrize("folder", ["", "recordings", "tests/recordings", "elsewhere/recordings"])
def test_where_a_recording_is_misplaced_there_is_no_root(folder: str, tmp_path: Path) -> None:
    tree(tmp_path, {"tests/conftest.py": ""})

    assert said(tmp_path / folder) == []


@pytest.mark.parametrize("test_id", ["/a/test_x.py::test_b", "../a/test_x.py::test_b", "", "::"])
def test_a_test_id_that_leads_out_of_the_tree_has_no_root(test_id: str, tmp_path: Path) -> None:
    tree(tmp_path, {"setup.py": "", "a/setup.py": ""})

    assert said(tmp_path / "a" / "recordings", test_id=test_id) == []
    assert said(Path("/a/recordings"), test_id=test_id) == []


def test_recordings_that_were_copied_without_their_tests_are_no_orphans(tmp_path: Path) -> None:
    tree(tmp_path, {"setup.py": "", "copy/README.md": ""})

    assert said(beside(tmp_path / "copy")) == []


def test_below_a_configured_root_missing_sources_do_not_matter(tmp_path: Path) -> None:
    assert said(tmp_path, roots=(tmp_path,)) == [("/test_id", f"{TEST_FILE} does not exist")]


def test_with_configured_roots_a_test_must_be_gone_below_each(tmp_path: Path) -> None:
    without = tree(tmp_path / "without", {TEST_FILE: LAMP})
    empty = tree(tmp_path / "empty", {"setup.py": ""})
    having = tree(tmp_path / "having", {TEST_FILE: ANSWERS})
    unclear = tree(tmp_path / "unclear", {TEST_FILE: "def test_answers(:"})
    place = beside(without)

    assert said(place, roots=(without, empty)) == [
        ("/test_id", f"test_keeper.py has no function test_answers; {TEST_FILE} does not exist")
    ]
    assert said(place, roots=(without, having)) == []
    assert said(place, roots=(unclear, without)) == []
    assert said(place, roots=(without, tmp_path / "lost")) == []


def test_configured_roots_take_the_place_of_the_one_told_from_the_folder(tmp_path: Path) -> None:
    tree(tmp_path / "a", {TEST_FILE: ANSWERS})
    other = tree(tmp_path / "b", {TEST_FILE: LAMP})

    assert said(beside(tmp_path / "a"), roots=(other,)) != []
