"""The configuration: each value, and where it came from.

A command-line option counts before a variable `RECCTL_<KEY>`, that before the nearest
`recctl.toml` or `[tool.recctl]` of a `pyproject.toml`, and that before the default.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from recctl import files
from recctl.errors import UnreadableError, UsageError
from recctl.safetext import one_line

FILE_NAME = "recctl.toml"
BASELINE = "recctl-baseline.json"
"""The baseline's name where nothing else is said."""

MAX_SIZE = 5 * 1024 * 1024
"""Bytes. The largest real recording has 2 MB; files of more make every clone slower for good."""

_MOST_PARTS = 100
_MANY_PARTS = re.compile(
    rb"(?<![^\s.=,\[\]{}])(?:[^\s.=,\[\]{}]++[ \t]*+\.[ \t]*+){%d}" % _MOST_PARTS
)
"""A key of many parts, for which Python's parser takes the square of their number."""

_LISTS = ("roots", "test-roots", "select", "ignore", "allowed-hosts", "allowed-types")
_TEXTS = ("target", "baseline", "max-size", "jobs", "cache")
VARIABLES = {key: f"RECCTL_{key.upper().replace('-', '_')}" for key in (*_LISTS, *_TEXTS)}
"""Key -> the variable that sets it, unless it is empty. Commas separate items; tables have none."""

CONFIG_VARIABLE = "RECCTL_CONFIG"
"""Names the configuration file; then no other is looked for."""


@dataclass(frozen=True)
class Settings:
    """All values. Paths among them count from `folder`; null means that nothing was decided.

    `max_size` is in bytes, `jobs` a number of processes. `severity` has selectors of rules ->
    severities, `per_file_ignores` globs of paths -> selectors, `dialects` names -> keys as in a
    dialect's table. `file` is the configuration file, null where there is none; `origins` has for
    each key that was set where.
    """

    folder: Path
    roots: tuple[str, ...] = ()
    target: str | None = None
    test_roots: tuple[str, ...] = ()
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    baseline: str | None = None
    allowed_hosts: tuple[str, ...] | None = None
    allowed_types: tuple[str, ...] | None = None
    max_size: int = MAX_SIZE
    jobs: int | None = None
    cache: bool = True
    dialects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Key, as it is written in a file -> value."""
        hidden = {"folder", "file", "origins"}
        names = [one.name for one in fields(self) if one.name not in hidden]
        return {name.replace("_", "-"): getattr(self, name) for name in names}

    def covers(self, baseline: Path | None) -> bool:
        """Whether a run without paths sees all that the configuration and a baseline are about.

        It does with roots, or where it starts in or above the folders of both.
        """
        here = _working_directory()
        folders = [self.folder] if baseline is None else [self.folder, baseline.absolute().parent]
        below = [Path(os.path.normpath(folder)).is_relative_to(here) for folder in folders]
        return bool(self.roots) or all(below)

    @property
    def root_paths(self) -> list[str]:
        """The roots, counted from the working directory."""
        return [os.path.relpath(self.folder / root) for root in self.roots]

    @property
    def baseline_path(self) -> Path:
        """The baseline file, counted from the working directory, whether there is one or not."""
        return Path(os.path.relpath(self.folder / (self.baseline or BASELINE)))


def load(environment: Mapping[str, str], file: str | None = None) -> Settings:
    """The settings that hold in the working directory, or those of a given file.

    Raises UsageError for a file that cannot be read, is not TOML, or has an unknown key or a value
    that makes no sense; its text says which.
    """
    here = _working_directory()
    wanted = file or environment.get(CONFIG_VARIABLE)
    found = _named(wanted, file) if wanted else _nearest(here)
    settings = Settings(here)
    if found is not None:
        path, table = found
        place = one_line(os.path.relpath(path))
        values = _checked(table, place)
        folder = Path(os.path.abspath(path)).parent
        origins = dict.fromkeys(values, place)
        settings = _with(replace(settings, folder=folder, file=path, origins=origins), values)
    for key, variable in VARIABLES.items():
        if environment.get(variable):
            value = _checked({key: _of_text(key, environment[variable])}, variable)
            origins = {**settings.origins, key: variable}
            settings = _with(replace(settings, origins=origins), value)
    return settings


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # What needs it says so.
        return Path("/")


def _named(wanted: str, option: str | None) -> tuple[Path, dict[str, Any]]:
    try:
        return _read(Path(wanted))
    except UsageError as error:
        raise error if option else UsageError(f"{CONFIG_VARIABLE}: {error}") from None


def _nearest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    for place in (folder, *folder.parents):
        own = place / FILE_NAME
        if os.path.lexists(own):
            return _read(own)
        shared = place / "pyproject.toml"
        # Most are another tool's affair alone, and need not even be TOML then.
        if os.path.lexists(shared) and b"[tool.recctl" in _bytes(shared):
            return _read(shared)
    return None


def _read(path: Path) -> tuple[Path, dict[str, Any]]:
    place = one_line(os.path.relpath(path))
    raw = _bytes(path)
    if _MANY_PARTS.search(raw):
        raise UsageError(f"{place}: a key has more than {_MOST_PARTS} parts")
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{place}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{place}: not TOML: {one_line(error)}") from None
    except RecursionError:
        raise UsageError(f"{place}: not TOML: nested too deep") from None
    except ValueError:
        # Python refuses integers of more than 4,300 digits in this way.
        raise UsageError(f"{place}: not TOML: an integer has too many digits") from None
    if path.name != "pyproject.toml":
        return path, document
    tools = document.get("tool")
    table = tools.get("recctl") if isinstance(tools, dict) else None
    return path, table if isinstance(table, dict) else {}


def _bytes(path: Path) -> bytes:
    try:
        return files.read(path)
    except UnreadableError as error:
        raise UsageError(f"{one_line(os.path.relpath(path))}: {error}") from None


def _checked(table: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    if not all(is_plainly_right(key, value) for key, value in table.items()):
        from recctl import schema

        if not schema.fits("config", table):
            # pydantic's models take longer to build than all else here, so they only explain.
            from recctl.config.file import checked

            table = checked(table, place)
    return {key: value if key == "dialects" else _frozen(value) for key, value in table.items()}


def is_plainly_right(key: str, value: object) -> bool:
    """Whether a key has a value of its kind, as can be told without the schema.

    Where this is false, the schema tells; its library takes longer to load than all else here.
    """
    match key:
        case "target" | "baseline":
            return isinstance(value, str)
        case "max-size" | "jobs":
            return type(value) is int and value >= 1
        case "cache":
            return isinstance(value, bool)
        case "severity":
            severities = value.values() if isinstance(value, dict) else [None]
            return all(one in ("error", "warning", "info") for one in severities)
        case "per-file-ignores":
            return isinstance(value, dict) and all(map(_are_texts, value.values()))
    return key in _LISTS and _are_texts(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _frozen(value: Any) -> Any:
    """Lists as tuples, also those in a table."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _with(settings: Settings, values: Mapping[str, Any]) -> Settings:
    return replace(settings, **{key.replace("-", "_"): value for key, value in values.items()})


def _of_text(key: str, text: str) -> object:
    if key in _LISTS:
        return [item.strip() for item in text.split(",") if item.strip()]
    if key == "cache":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else text
