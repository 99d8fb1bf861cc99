"""Files of a source tree: where they are, what stands in them, which plugins they obey."""

import ast
import codecs
import os
import re
import stat
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from recctl import files
from recctl.errors import UnreadableError
from recctl.sources.nodes import Presence, Sought, UndecidedError

MAX_BYTES = 512 * 1024
"""A larger file is not read: parsing may take a thousand times its size in memory. The largest
test files of large projects have 400 KB."""

MAX_BRACES = 20_000
"""Nor one with more of them: Python 3.11 and 3.12 take seconds for an f-string of so many fields,
and the square of that for more. Large test files have 3,000."""

_ENCODINGS = re.compile(r"utf-8(-sig)?|ascii|iso8859-\d+|cp125\d|koi8-[ru]")
"""Those that are decoded in linear time. Python's punycode, for one, takes minutes for 512 KB."""

CONFTEST = "conftest.py"
_CONFIGURATIONS = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"),
    *("pyproject.toml", "tox.ini", "setup.cfg"),
)
_MOST_PLUGINS = 64
_MOST_IGNORED, _LONGEST_IGNORED = 5_000, 200
"""Lines of a .gitignore and their characters, which are tried one by one. More are not read."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is on the disk: if all of this is the same, so is the content."""

    path: str
    size: int
    stamp: tuple[int, ...]


# Where files are


def locate(root: Path, file: str) -> File | Sought:
    """The file of a node id, or that it is gone. Raises UndecidedError, with the reason."""
    parts = PurePosixPath(file).parts
    if file.startswith(("/", "\\")) or file[1:2] == ":" or ".." in parts:
        raise UndecidedError(f"{file} may lead out of the tree")
    try:
        if not root.is_dir():
            raise UndecidedError(f"{root} is no folder")
        path, linked = str(root), False
        for part in parts:
            path = os.path.join(path, part)  # noqa: PTH118 - Path would cost more than lstat
            try:
                status = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return _missing(root, file)
            if stat.S_ISLNK(status.st_mode):
                linked = True
                status = os.stat(path)  # noqa: PTH116 - as above
        if linked and not Path(path).resolve(strict=True).is_relative_to(root.resolve()):
            raise UndecidedError(f"{file} is a link out of the tree")
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: Python 3.11 and 3.12 say so of links in a circle. ValueError: a NUL byte.
        raise UndecidedError(f"{file} cannot be looked for: {files.reason(error)}") from None
    if not parts or not stat.S_ISREG(status.st_mode):
        raise UndecidedError(f"{file} is no regular file")
    return _stamped(path, status)


def _missing(root: Path, file: str) -> Sought:
    """Of a path that leads nowhere: gone, unless it may be another spelling of one that does.

    Such are letters with accents, which systems write in two ways, and separators of Windows. A
    folder may have `::` in its name, and a path without a suffix may be its first half. What git
    ignores is often made by a program, as is a file beside its template.
    """
    place = PurePosixPath(file)
    if not file.isascii() or "\\" in file or "[" in file or not place.suffix:
        raise UndecidedError(f"{file} does not exist, but may be written in another way")
    template = _template(root / place.parent, place)
    if template is not None:
        raise UndecidedError(f"{file} does not exist, but may be made from {template}")
    for folder in place.parents:
        ignored = file_at(root / folder / ".gitignore")
        if ignored is None:
            continue
        globs = _ignored_names(ignored) if isinstance(ignored, File) else None
        if globs is None:
            raise UndecidedError(f"a .gitignore above {file} cannot be read")
        parts = place.relative_to(folder).parts
        if any(fnmatchcase(part, glob) for glob in globs for part in parts):
            raise UndecidedError(f"{file} does not exist, but git ignores it: it may be made")
    return Sought(Presence.GONE, f"{file} does not exist")


def _template(folder: Path, place: PurePosixPath) -> str | None:
    """A file that differs in what follows the stem: `test_x.py.in`, `test_x.ipynb`."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (OSError, ValueError):
        return None  # there is no such folder, and nothing in it
    return min((name for name in names if name.startswith(f"{place.stem}.")), default=None)


@lru_cache(maxsize=1024)
def _ignored_names(file: File) -> tuple[str, ...] | None:
    """What the lines of a .gitignore end in, which is more than what they match."""
    try:
        lines = read(file).decode("utf-8", "replace").splitlines()
    except UnreadableError:
        return None
    if len(lines) > _MOST_IGNORED or any(len(line) > _LONGEST_IGNORED for line in lines):
        return None
    globs = []
    for line in lines:
        parts = [part for part in line.strip().split("/") if part]
        if parts and not line.startswith(("#", "!")):
            globs.append(next((part for part in reversed(parts) if part.strip("*")), "*"))
    return tuple(dict.fromkeys(globs))


def file_at(path: Path) -> File | bool | None:
    """What is at a path: null for nothing, true for what cannot be read as a file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RuntimeError, ValueError):
        return True
    return _stamped(str(path), status) if stat.S_ISREG(status.st_mode) else True


def _stamped(path: str, status: os.stat_result) -> File:
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return File(path, status.st_size, stamp)


# What stands in them


def read(file: File) -> bytes:
    """All bytes of a file. Raises UnreadableError, whose text says why, after the file's name."""
    if file.size > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES >> 10} KiB")
    try:
        return files.read(Path(file.path))
    except UnreadableError as error:
        raise UnreadableError(f"cannot be read: {error}") from None


def parse(raw: bytes) -> ast.Module:
    """The syntax tree of a file. Raises UnreadableError as `read` does."""
    if raw.count(b"{") > MAX_BRACES:
        raise UnreadableError(f"has more than {MAX_BRACES} braces")
    try:
        encoding = codecs.lookup(tokenize.detect_encoding(BytesIO(raw).readline)[0]).name
        if not _ENCODINGS.fullmatch(encoding):
            raise UnreadableError(f"is in {encoding}, which is not read")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's escape sequences
            return ast.parse(raw)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        # ValueError: a NUL byte. The last two: expressions nested too deep.
        raise UnreadableError("cannot be parsed") from None


# Which plugins they obey


@dataclass(frozen=True, slots=True)
class Plugin:
    """A conftest.py or plugin of the tree, as it is obeyed by a test file.

    `file` is null where it cannot be read, or where it cannot be told which file it is.
    """

    name: str
    file: File | None
    is_conftest: bool


def plugins(root: Path, file: str) -> Iterator[Plugin]:
    """All conftest.py files above a test's file, and the plugins of the tree that are asked for.

    Those are asked for by `pytest_plugins`, by star imports, by `-p` or as `pytest11` in a
    configuration. What is not in the tree is installed, and not given.
    """
    waiting: list[Plugin] = []
    for folder in PurePosixPath(file).parents:
        found = file_at(root / folder / CONFTEST)
        if found is not None:
            at = found if isinstance(found, File) else None
            waiting.append(Plugin(f"a {CONFTEST}", at, is_conftest=True))
    for configuration in configurations(root, file):
        for dotted in _configured(configuration) if configuration else ():
            waiting += _modules(root, root, dotted)
    seen: set[str] = set()
    while waiting:
        plugin = waiting.pop(0)
        if plugin.file is None:
            yield plugin
        elif plugin.file.path not in seen:
            seen.add(plugin.file.path)
            yield plugin
            asked = asked_for(plugin.file)
            if asked is None or len(seen) > _MOST_PLUGINS:
                yield Plugin("a plugin", None, is_conftest=False)
                continue
            for dotted in asked:
                waiting += _modules(root, Path(plugin.file.path).parent, dotted)


def configurations(root: Path, file: str) -> Iterator[File | None]:
    """The files that may configure pytest, from a test's folder up; null: one cannot be read."""
    for folder in PurePosixPath(file).parents:
        for name in _CONFIGURATIONS:
            found = file_at(root / folder / name)
            if found is not None:
                yield found if isinstance(found, File) else None


@lru_cache(maxsize=1024)
def text(file: File) -> bytes | None:
    """All bytes of a small file that is looked at often; null where it cannot be read."""
    try:
        return read(file)
    except UnreadableError:
        return None


_ON_THE_COMMAND_LINE = re.compile(rb"(?<![\w-])-p[\s=\"',]*([A-Za-z_][\w.]*)")
_VALUE = re.compile(rb"=\s*[\"']?([A-Za-z_][\w.]*)")


@lru_cache(maxsize=1024)
def _configured(file: File) -> tuple[str, ...]:
    """The plugins that a configuration asks for, by what looks like it."""
    raw = text(file) or b""
    found = [one.group(1) for one in _ON_THE_COMMAND_LINE.finditer(raw)]
    is_listed = False
    for line in raw.splitlines():
        begins = line.lstrip().startswith(b"[")
        is_listed = b"pytest11" in line or (is_listed and not begins)
        if is_listed:
            found += [one.group(1) for one in _VALUE.finditer(line)]
    return tuple(dict.fromkeys(name.decode() for name in found))


@lru_cache(maxsize=1024)
def asked_for(file: File) -> tuple[str, ...] | None:
    """The modules that a plugin takes hooks from: dotted, relative ones with leading dots.

    Null where they cannot be told.
    """
    raw = text(file)
    if raw is None:
        return None
    if b"pytest_plugins" not in raw and b"*" not in raw:
        return ()
    try:
        tree = parse(raw)
    except UnreadableError:
        return None
    asked = [
        "." * node.level + (node.module or "")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names)
    ]
    if b"pytest_plugins" not in raw:
        return tuple(asked)
    named = _named_plugins(tree)
    return None if named is None else (*asked, *named)


def _named_plugins(tree: ast.Module) -> list[str] | None:
    """What `pytest_plugins` lists; null where that is not written out, once."""
    mentions, listed = 0, list[ast.expr]()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="pytest_plugins") | ast.alias(name="pytest_plugins"):
                mentions += 1
            case ast.Constant(value="pytest_plugins") | ast.Global():
                return None
            case _:
                pass
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="pytest_plugins")], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id="pytest_plugins"), value=ast.expr() as value)
            ):
                listed += value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
                mentions -= 1
            case _:
                pass
    names = []
    for one in listed:
        if not isinstance(one, ast.Constant) or not isinstance(one.value, str):
            return None
        names += [name.strip() for name in one.value.split(",")]
    return None if mentions else names


def _modules(root: Path, folder: Path, dotted: str) -> list[Plugin]:
    """The file of a module of the tree, as it is imported from a folder; none if it is installed.

    Which of several is imported depends on the path, so all are given.
    """
    name = dotted.lstrip(".")
    level = len(dotted) - len(name)
    if level:
        bases = [folder.joinpath(*[".."] * (level - 1))]
    else:
        bases = [root, root / "src", *_between(root, folder)]
    parts = name.split(".") if name else []
    found = []
    is_ours = bool(level)
    for base in dict.fromkeys(bases):
        place = base.joinpath(*parts)
        candidates = [place / "__init__.py", *([place.with_name(f"{parts[-1]}.py")] * bool(parts))]
        for candidate in candidates:
            at = file_at(candidate)
            if at is not None:
                found.append(Plugin(dotted, at if isinstance(at, File) else None, False))
        is_ours = is_ours or (bool(parts) and file_at(base / parts[0]) is not None)
    if is_ours and not found:
        found.append(Plugin(dotted, None, is_conftest=False))
    return found


def modules(root: Path, folder: Path, dotted: str) -> list[File | None]:
    """As a plugin's, the files that a module of the tree may be; null for one not found."""
    return [one.file for one in _modules(root, folder, dotted)]


def _between(root: Path, folder: Path) -> Iterator[Path]:
    """A folder and those above it, below the root."""
    while folder != root and folder.is_relative_to(root):
        yield folder
        folder = folder.parent
