"""Telling git of the drivers, taking that back, and saying how things stand.

The settings go through `git config`, which locks and replaces its files; the attributes' file is
written whole or not at all. Nothing that a setting names is run: a repository may come from anyone.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recctl import __version__, files
from recctl.drivers.lines import (
    DRIVER,
    EVERYWHERE,
    folders_made,
    pattern_of,
    patterns_in,
    with_lines,
    without_lines,
)
from recctl.errors import UnreadableError, UsageError
from recctl.gitstore.running import reason_of
from recctl.safetext import one_line
from recctl.textconv import FORM

_CACHE = f"diff.{DRIVER}.cachetextconv"
_MADE = f"diff.{DRIVER}.madesettings"
"""That there was no file of a user's settings before ours. git itself takes no notice of it."""
_TEXTCONV = " textconv --form "
_MERGE = " git merge %O %A %B %L %P %S %X %Y"
"""How a command goes on that is ours, wherever it is or was."""

_SIGNS_OF_PATTERNS = set(".[]\\()*+?{}|^$")
_CACHE_REF = f"refs/notes/textconv/{DRIVER}"
_SAMPLE = "recordings/sample.json"
_RECORDINGS = "recordings"
_SKIPPED = ("node_modules", "__pycache__")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is installed: for one repository, or for all of a user's.

    `attributes` is the file that the lines go into, `others` are those that may have them, too.
    `top` is the work tree's folder, null for a bare repository and for a user.
    """

    scope: str
    attributes: Path
    others: tuple[Path, ...] = ()
    top: Path | None = None

    @property
    def is_global(self) -> bool:
        """Whether it is for all repositories of a user."""
        return self.scope == "--global"


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the status: what it is about, what there is to say, and whether that is well."""

    about: str
    says: str
    is_well: bool


def here(*, is_global: bool = False, private: bool = False) -> Place:
    """The place for the working directory's repository, or for the user.

    With `private`, and in a bare repository, the attributes are in a file of git's own that is not
    committed. Raises UsageError.
    """
    if is_global:
        return Place("--global", _global_attributes())
    code, told = _asked("rev-parse", "--git-path", "info/attributes")
    if code:
        raise UsageError(f"{told}; for all your repositories: recctl git install --global")
    own = Path(os.path.abspath(told))
    code, told = _asked("rev-parse", "--show-toplevel")
    top = None if code else Path(told)
    if top is None:
        return Place("--local", own)
    tracked = top / ".gitattributes"
    if private:
        return Place("--local", own, (tracked,), top)
    return Place("--local", tracked, (own,), top)


def patterns(place: Place, roots: Sequence[str]) -> list[str]:
    """The patterns of the recordings: those of folders of the usual name, and what roots need.

    Roots are paths as seen from the working directory; one outside of the work tree needs nothing.
    """
    found = [EVERYWHERE]
    for root in roots if place.top is not None else ():
        path, top = Path(os.path.realpath(root)), Path(os.path.realpath(place.top or root))
        if not path.is_relative_to(top) or not path.exists():
            continue
        name = path.relative_to(top).as_posix()
        if path.is_file():
            if _RECORDINGS not in path.relative_to(top).parts[:-1]:
                found.append(pattern_of(name))
        elif _RECORDINGS not in path.relative_to(top).parts and not _holds_recordings(path):
            found.append(pattern_of("" if name == "." else f"{name}/"))
    return list(dict.fromkeys(found))


def install(place: Place, wanted: Sequence[str]) -> list[str]:
    """Tell git of the drivers and of the patterns. Gives a line for each change.

    Raises UsageError; what was changed before that does no harm, and is changed once.
    """
    has_name = _asked("var", "GIT_COMMITTER_IDENT")[0] == 0
    changed = []
    wanted_settings = _settings(cached=has_name)
    if place.is_global and not any(map(os.path.lexists, _global_settings())):
        wanted_settings[_MADE] = "true"
    for key, value in wanted_settings.items():
        known = _values(place.scope, key)
        if known[-1:] == [value]:
            continue
        # Of several values git takes the last: one of the user's stays, and counts again one day.
        _forget(place.scope, key)
        _told(place.scope, "--add", key, value)
        was = f"  (was: {one_line(known[-1])})" if known else ""
        changed.append(f"{key} = {value}{was}")
    if not has_name and _forget(place.scope, _CACHE):
        changed.append(f"{_CACHE} is no longer set")
    before = _content(place.attributes)
    with _named(place.attributes):
        after = with_lines(before, wanted, _folders_missing(place.attributes))
    if after != before:
        _write(place.attributes, after)
        had = patterns_in(before or b"") or ()
        new = [pattern for pattern in wanted if pattern not in had] or list(wanted)
        changed += [f"{_shown(place.attributes)}: {pattern}" for pattern in new]
        gone = [pattern for pattern in had if pattern not in wanted]
        changed += [f"{_shown(place.attributes)}: no longer {one_line(one)}" for one in gone]
    return changed


def uninstall(place: Place) -> list[str]:
    """Take back what `install` did, and the texts that git has kept. Gives a line for each change.

    Raises UsageError.
    """
    changed = []
    links = [path for path in (place.attributes, *place.others) if _is_unfollowed(path)]
    for path in (place.attributes, *place.others):
        before = None if path in links else _content(path)
        if before is None:
            continue
        with _named(path):
            after = without_lines(before)
        if after is None:
            _remove(path)
            changed.append(f"{_shown(path)}: removed")
            changed += _without_folders(path, folders_made(before))
        elif after != before:
            _write(path, after)
            changed.append(f"{_shown(path)}: without our lines")
    made = place.is_global and bool(_values(place.scope, _MADE))
    for key in (*reversed(_settings(cached=True)), _MADE):
        if _forget(place.scope, key):
            left = _values(place.scope, key)
            now = f"is {one_line(left[-1])} again" if left else "is no longer set"
            changed.append(f"{key} {now}")
    for path in _global_settings() if made else ():
        if _is_empty(path):
            _remove(path)
            changed.append(f"{_shown(path)}: removed")
    if not place.is_global and _asked("show-ref", "--verify", "--quiet", _CACHE_REF)[0] == 0:
        _run("update-ref", "-d", _CACHE_REF)
        changed.append(f"{_CACHE_REF}: removed, texts that git has kept")
    if changed:
        changed += [f"{_shown(path)}: a link, which git does not follow: left" for path in links]
    return changed


def status(place: Place) -> list[Fact]:
    """How things stand: the drivers, the attributes, the command they run.

    For a repository that is what git makes of all its settings, for a user what the user's say.
    """
    scope = (place.scope,) if place.is_global else ()
    wanted = _settings(cached=True)
    facts = [*_driver_facts(scope, wanted)]
    facts.append(_cache_fact(scope))
    facts += _attribute_facts(place)
    facts += _command_facts(scope, wanted)
    return facts


def command() -> str:
    """How git is to call this recctl, as a word or more of a shell's line.

    The script beside this Python, for it need not be on the PATH, or this Python itself; then with
    `-P`, for git calls it in the work tree, and no module there may take another one's place.
    """
    program = Path(sys.executable)
    script = program.with_name("recctl.exe" if os.name == "nt" else "recctl")
    words = [program.as_posix(), "-P", "-m", "recctl"]
    if script.is_file() and os.access(script, os.X_OK):
        words = [script.as_posix()]
    return shlex.join(words)


def _settings(*, cached: bool) -> dict[str, str]:
    own = command()
    found = {f"diff.{DRIVER}.textconv": f"{own}{_TEXTCONV}{FORM}"}
    if cached:
        found[_CACHE] = "true"
    return found | {
        # First, and last to go: git fails at a merge driver that has a name and no command.
        f"merge.{DRIVER}.driver": f"{own}{_MERGE}",
        f"merge.{DRIVER}.name": "one of two recordings of the same request",
        # What several common ancestors are merged into has no time at which it was recorded.
        f"merge.{DRIVER}.recursive": "text",
    }


def _driver_facts(scope: tuple[str, ...], wanted: dict[str, str]) -> Iterator[Fact]:
    for about, key in (
        ("diff driver", f"diff.{DRIVER}.textconv"),
        ("merge driver", f"merge.{DRIVER}.driver"),
    ):
        code, told = _asked("config", *scope, "--show-origin", "--get", key)
        origin, _, value = told.partition("\t")
        if code:
            yield Fact(about, "not installed", is_well=False)
        else:
            place = one_line(origin.removeprefix("file:"))
            other = "" if value == wanted[key] else "; this recctl would set another"
            yield Fact(about, f"{one_line(value)}  ({place}{other})", is_well=True)


def _cache_fact(scope: tuple[str, ...]) -> Fact:
    if _asked("config", *scope, "--type=bool", "--get", _CACHE) != (0, "true"):
        return Fact("cache", "off: every text is made anew", is_well=True)
    if _asked("var", "GIT_COMMITTER_IDENT")[0]:
        reason = "git knows no name for you, and will fail: git config user.name, user.email"
        return Fact("cache", f"on, but {reason}", is_well=False)
    return Fact("cache", "on", is_well=True)


def _attribute_facts(place: Place) -> Iterator[Fact]:
    paths = [place.attributes, *place.others]
    if not place.is_global:
        paths.append(_global_attributes())
    found = False
    for path in paths:
        content = _content(path)
        with _named(path):
            own = patterns_in(content) if content else None
        for pattern in own or ():
            found = True
            yield Fact("attributes", f"{one_line(pattern)}  ({_shown(path)})", is_well=True)
    if place.is_global:
        if not found:
            yield Fact("attributes", "none", is_well=False)
        return
    _, told = _asked("check-attr", "diff", "merge", "--", _SAMPLE)
    values = [line.rpartition(": ")[2] for line in told.splitlines()]
    if values != [DRIVER, DRIVER]:
        says = ", ".join(one_line(value) for value in values) or one_line(told)
        about = f"overruled: {_SAMPLE} has {says}" if found else "none"
        yield Fact("attributes", about, is_well=False)
    elif not found:
        yield Fact("attributes", "by lines of your own", is_well=True)


def _command_facts(scope: tuple[str, ...], wanted: dict[str, str]) -> Iterator[Fact]:
    key = f"diff.{DRIVER}.textconv"
    code, value = _asked("config", *scope, "--get", key)
    if code:
        return
    if value == wanted[key]:
        yield Fact("command", f"works: this recctl, {__version__}", is_well=True)
        return
    try:
        program = shlex.split(value)[0]
    except (ValueError, IndexError):
        program = value
    if shutil.which(program) is None:
        yield Fact("command", f"{one_line(program)} is not there", is_well=False)
    else:
        says = f"{one_line(program)} is there, another recctl or setting; it was not run"
        yield Fact("command", says, is_well=True)


def _global_attributes() -> Path:
    """The user's file of attributes. Source: git-config(1), core.attributesFile."""
    for scope in ("--global", "--system"):
        asked = ("config", scope, "--includes", "--type=path", "--get", "core.attributesFile")
        code, told = _asked(*asked)
        if code == 0:
            path = Path(told)
            if not path.is_absolute():
                raise UsageError(f"core.attributesFile is {one_line(told)!r}: name it in full")
            return path
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(_home(), ".config")  # noqa: PTH118
    return Path(base) / "git" / "attributes"


def _global_settings() -> list[Path]:
    """The files that a user's settings may be in. Source: git-config(1), FILES."""
    if named := os.environ.get("GIT_CONFIG_GLOBAL"):
        return [Path(named)]
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(_home(), ".config")  # noqa: PTH118
    return [Path(_home()) / ".gitconfig", Path(base) / "git" / "config"]


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.read_bytes().strip()


def _folders_missing(path: Path) -> int:
    """How many of the folders above a file are not there, from the nearest on."""
    return sum(not os.path.lexists(folder) for folder in path.parents)


def _without_folders(path: Path, count: int) -> list[str]:
    """Remove so many of the folders above a file, as far as nothing else is in them."""
    changed = []
    for folder in path.parents[:count]:
        try:
            folder.rmdir()
        except OSError:
            break
        changed.append(f"{_shown(folder)}: removed")
    return changed


def _home() -> str:
    home = os.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - as git does
    if home in ("", "~"):
        raise UsageError("HOME is not set: git has no settings of yours")
    return home


def _holds_recordings(folder: Path) -> bool:
    for _, names, _ in os.walk(folder):
        if _RECORDINGS in names:
            return True
        names[:] = [name for name in names if not name.startswith(".") and name not in _SKIPPED]
    return False


def _content(path: Path) -> bytes | None:
    if not os.path.lexists(path):
        return None
    if _is_unfollowed(path):
        raise UsageError(f"{one_line(path)} is a link, which git does not follow")
    try:
        return files.read(path)
    except UnreadableError as error:
        raise UsageError(f"{one_line(path)}: {error}") from None


def _is_unfollowed(path: Path) -> bool:
    """Whether it is a link in a place where git does not follow one."""
    return path.name == ".gitattributes" and path.is_symlink()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Where something is said of a file's content, say of which file's."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{_shown(path)}: {error}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {one_line(path)}: {files.reason(error)}") from None
    files.write(path, content)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"cannot remove {one_line(path)}: {files.reason(error)}") from None


def _shown(path: Path) -> str:
    shorter = os.path.relpath(path)
    return one_line(path if shorter.startswith("..") else shorter)


def _values(scope: str, key: str) -> list[str]:
    """The values of a setting in one file; a newline in one would be another program's doing."""
    code, told = _asked("config", scope, "--get-all", key)
    return [] if code else told.split("\n")


def _forget(scope: str, key: str) -> bool:
    """Take away the values of a setting that are ours, and say if there were any."""
    ours = [value for value in dict.fromkeys(_values(scope, key)) if _is_ours(key, value)]
    for value in ours:
        plain = "".join(f"\\{sign}" if sign in _SIGNS_OF_PATTERNS else sign for sign in value)
        _told(scope, "--unset-all", key, f"^{plain}$")
    return bool(ours)


def _is_ours(key: str, value: str) -> bool:
    """Whether a value is one that some recctl has set."""
    wanted = _settings(cached=True) | {_MADE: "true"}
    command, form, number = value.rpartition(_TEXTCONV)
    if form and key == f"diff.{DRIVER}.textconv":
        return bool(command) and number.isdigit()
    if value.endswith(_MERGE) and key == f"merge.{DRIVER}.driver":
        return True
    return value == wanted[key]


def _told(*arguments: str) -> None:
    _run("config", *arguments)


def _run(*arguments: str) -> None:
    """Have git change something. Raises UsageError with the reason where it does not."""
    code, told = _asked(*arguments)
    if code:
        raise UsageError(told)


def _asked(*arguments: str) -> tuple[int, str]:
    """The exit code of a git command, and what it prints, or the reason why it failed."""
    git = shutil.which("git")
    if git is None:
        raise UsageError("git is not installed, or not on the PATH")
    environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [git, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"git cannot be run: {files.reason(error)}") from None
    if done.returncode == 0:
        return 0, os.fsdecode(done.stdout).removesuffix("\n")
    return done.returncode, f"git: {reason_of(done.stderr, done.returncode)}"
