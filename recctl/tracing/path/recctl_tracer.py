"""Notes which recordings this process opens, a line each, at the end of a file that many share.

An audit hook sees each file that Python opens. Nothing here may make the process fail, or cost it
more than a little: it imports next to nothing, and looks at the names of files only.

A line is one write to a file opened for appending, so that lines of several processes do not mix.
The file is opened anew each time: a program may close descriptors that it does not know. Where a
line cannot be written, the file is torn: its last line feed is cut off, which needs no space on
the disk. Whoever reads the trace then knows that something is missing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

try:
    from _json import encode_basestring_ascii as _quoted
except ImportError:  # another Python than the usual one
    from json.encoder import py_encode_basestring_ascii as _quoted

FILE = "RECCTL_TRACE"
RUN = "RECCTL_TRACE_RUN"
ROOT = "RECCTL_TRACE_ROOT"
"""Variables of the environment: the trace's path, the run's id, and the root of the tree."""

MOST_BYTES = 16_000
"""Of a line, and of what is held back. Only a test id can be longer; of a test with such a one
nothing is known."""

_MOST_SEEN = 20_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_APPENDING = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CURRENT_TEST = "PYTEST_CURRENT_TEST"
_PLUGIN = "recctl_pytest"

_PLUGINS_LOAD = os.path.join("_pytest", "")  # noqa: PTH118
_PLUGINS_LOAD_NAME = "setuponly."
"""In the path of a module that pytest imports when it is about to load plugins, never before."""


class Tracer:
    """Writes the lines of one run. `live` says whether the hook sees what is opened."""

    def __init__(self, file: str, run: str, root: str) -> None:
        self.live = False
        self._inherited = os.environ.get(_CURRENT_TEST)
        self.aim(file, run, root)

    def aim(self, file: str, run: str, root: str) -> None:
        """Write to this file from now on, as part of this run."""
        self.file, self.run, self.pid = file, run, os.getpid()
        self._opening = f'{{"kind":"open","run":{_json(run)},"path":'
        both = (os.path.join(one, "") for one in (root, os.path.realpath(root)))  # noqa: PTH118
        self.roots = tuple(dict.fromkeys(both))
        self.lost = 0
        self._held: list[bytes] | None = None
        self._held_bytes = 0
        self._torn = False
        self._seen: set[str] = set()
        self._folders: dict[tuple[str, str], tuple[tuple[str, bool], ...]] = {}

    def write(self, kind: str, **fields: Any) -> bool:
        """Add a line; whether that could be done. What could not, a later line tells of."""
        return self._add(line_of(kind, self.run, **fields))

    def hold(self) -> None:
        """Hold lines back from now on, to write several at once; what is held, `flush` writes.

        Their order stays: if a process dies with some, what it wrote before is still true.
        """
        if self._held is None:
            self._held = []

    def flush(self) -> bool:
        """Write the lines that are held back; whether that could be done."""
        lines, self._held_bytes = self._held, 0
        if not lines:
            return True
        self._held = []
        return self._put(b"".join(lines), len(lines))

    def below_root(self, path: str) -> str:
        """A path from the root, with slashes; empty for the root, absolute outside of it."""
        for root in self.roots:
            if path.startswith(root) or path + os.sep == root:
                return path[len(root) :].replace(os.sep, "/")
        return path.replace(os.sep, "/")

    def note(self, path: str, flags: int) -> None:
        """Note that a file is opened. Nothing may come of it in the traced program."""
        try:
            mode = 0
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                # What is looked for and is not there is not used; what is to be written is.
                if not flags & _WRITING:
                    return
            current = os.environ.get(_CURRENT_TEST)
            test = _id_of(current) if current else None
            self._note_place(path, test)
            if mode & 0o170000 == 0o120000:
                self._note_place(os.path.realpath(path), test)
        except Exception:
            self.lost += 1

    def _note_place(self, path: str, test: str | None) -> None:
        folder, slash, name = path.rpartition(os.sep)
        key = (folder, "" if folder.startswith(os.sep) else os.getcwd())  # noqa: PTH109
        places = self._folders.get(key)
        if places is None:
            if len(self._folders) >= _MOST_SEEN:
                self._folders.clear()
            places = self._folders[key] = self._places(folder + slash or os.curdir)
        for place, is_inside in places:
            named = place + name
            mark = named if test is None else f"{named}\n{test}"  # a tuple would be collected
            if mark in self._seen or not (is_inside or _is_recording(named)):
                continue
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            line = f'{self._opening}{_json(named)},"pid":{self.pid}'
            whose = "" if test is None else f',"test":{_json(test)}'
            if len(line) + len(whose) > MOST_BYTES - 2:
                whose = ""  # a test id may be too long for a line, a path is not
            if self._add(f"{line}{whose}}}\n".encode("ascii")):
                self._seen.add(mark)

    def ended(self, session: str, test: str, outcome: str) -> None:
        """Note that a test has ended, or was not selected."""
        start = f'{{"kind":"test","run":"{self.run}","session":"{session}","id":'
        self._add(f'{start}{_json(test)},"outcome":"{outcome}"}}\n'.encode("ascii"))

    def _places(self, folder: str) -> tuple[tuple[str, bool], ...]:
        """What a folder is called, as it is and without links, and whether that is in the tree."""
        place = os.path.abspath(folder)  # noqa: PTH100 - pathlib would be most of the start-up
        both = dict.fromkeys(os.path.join(one, "") for one in (place, os.path.realpath(place)))  # noqa: PTH118
        named = ((self.below_root(one), one) for one in both)
        return tuple((name, name != one.replace(os.sep, "/")) for name, one in named)

    def note_start(self, program: Any, arguments: Any, environment: Any) -> None:
        """Note that a Python is started, if it will not be traced."""
        try:
            name = os.path.basename(os.fsdecode(program)).lower()  # noqa: PTH119
            if not name.startswith(("python", "pypy")):
                return
            words = [os.fsdecode(one) for one in arguments]
            if _is_isolated(words) or not _reaches(environment):
                current = os.environ.get(_CURRENT_TEST)
                fields = {"test": _id_of(current)} if current and self._is_in_call(current) else {}
                self.write("untraced", program=" ".join(words)[:200], pid=self.pid, **fields)
        except Exception:
            self.lost += 1

    def _is_in_call(self, current: str) -> bool:
        """Whether what is done now is done for one test alone, and not for all that follow."""
        return current != self._inherited and not current.endswith(" (setup)")

    def fork(self) -> None:
        """Go on in a forked process. It may end without a word; what is held its parent writes."""
        self._held, self.pid = None, os.getpid()

    def _add(self, line: bytes) -> bool:
        if len(line) > MOST_BYTES:
            return False
        if self._held is None:
            return self._put(line, 1)
        self._held.append(line)
        self._held_bytes += len(line)
        return self._held_bytes < MOST_BYTES or self.flush()

    def _put(self, lines: bytes, number: int) -> bool:
        """Append whole lines; the lost ones are told of first, once that can be done."""
        if self.lost and self._append(line_of("lost", self.run, lines=self.lost, pid=self.pid)):
            self.lost = 0
        done = not self.lost and self._append(lines)
        if not done:
            self.lost += number
        return done

    def _append(self, lines: bytes) -> bool:
        try:
            descriptor = os.open(self.file, _APPENDING)
        except OSError:
            return False
        try:
            if os.write(descriptor, lines) == len(lines):
                return True
        except OSError:
            self._tear(descriptor)
        finally:
            os.close(descriptor)
        self._torn = True
        return False

    def _tear(self, descriptor: int) -> None:
        """Cut off the last line feed; once, as more would take lines away."""
        try:
            if not self._torn:
                os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - 1))
        except OSError:
            pass  # then the lost line that is written later has to tell


def _hook_of(tracer: Tracer) -> Callable[[str, tuple[Any, ...]], None]:
    """The audit hook. Python calls it for whatever it does, some ten times for each test."""
    note, others = tracer.note, _OTHERS

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = arguments[0]
            if path.__class__ is str:
                if path[-5:] == ".json":
                    note(path, arguments[2])
                elif _PLUGINS_LOAD_NAME in path and _PLUGINS_LOAD in path:
                    _ask_for_plugin()
            elif path.__class__ is bytes and path[-5:] == b".json":
                note(os.fsdecode(path), arguments[2])
        elif event in others:
            if event == "os.rename":
                path = arguments[1]
                if path.__class__ in (str, bytes) and path[-5:] in (".json", b".json"):
                    note(os.fsdecode(path), _WRITING)
            elif event == "recctl.live":
                tracer.live = True
            else:
                tracer.note_start(*(arguments[place] for place in _STARTS[event]))

    return hook


_tracer: Tracer | None = None


def begin() -> Tracer | None:
    """Trace this process, if its environment says so. Gives its tracer; null without one."""
    global _tracer  # noqa: PLW0603 - a process has one hook, which cannot be taken away
    file, run, root = (os.environ.get(key, "") for key in (FILE, RUN, ROOT))
    if not (file and run and root):
        return None
    if _tracer is None:
        _tracer = Tracer(file, run, root)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_tracer.fork)
        sys.addaudithook(_hook_of(_tracer))
        sys.audit("recctl.live")  # another hook may have forbidden this one
        version = ".".join(map(str, sys.version_info[:3]))
        _tracer.write("process", pid=_tracer.pid, python=version, traced=_tracer.live)
    elif _tracer.run != run:
        _tracer.aim(file, run, root)
    return _tracer


def line_of(kind: str, run: str, **fields: Any) -> bytes:
    """A line as it stands in a trace."""
    members = {"kind": kind, "run": run, **fields}
    return f"{_json(members)}\n".encode("ascii")


def environment_for(
    folder: str, file: str, run: str, root: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """The variables that make a Python trace itself, given those it would have without."""
    path = environment.get("PYTHONPATH")
    paths = folder if not path else f"{folder}{os.pathsep}{path}"
    return {FILE: file, RUN: run, ROOT: root, "PYTHONPATH": paths}


def _json(value: Any) -> str:
    """JSON. Its module is not imported for it, as that takes a third of Python's own start."""
    if value.__class__ is str and value.isascii():
        return str(_quoted(value))
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(key)}:{_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_json, value)) + "]"
    text = str(value)
    if not text.isascii():
        # Halves of surrogate pairs, as in names that are no UTF-8, are no characters.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return str(_quoted(text))


def _id_of(current: str) -> str:
    """The test's id in the variable that pytest sets, which is followed by what is done."""
    return current.rpartition(" (")[0] or current


def _is_recording(path: str) -> bool:
    """Whether a file outside of the tree may be a recording, by its name or its folder."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    stem = name[:-5]
    return (
        "/recordings" in folder
        or stem.startswith("models-")
        or (len(stem) in (12, 64) and not set(stem) - set("0123456789abcdef"))
    )


def _ask_for_plugin() -> None:
    """Have pytest, which loads its plugins now, load one more. It takes this back itself.

    It is imported at once: pytest may find it then, whatever becomes of the path.
    """
    wanted = [one for one in os.environ.get("PYTEST_PLUGINS", "").split(",") if one]
    if _PLUGIN in wanted:
        return
    path = sys.path[:]
    try:
        sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120
        __import__(_PLUGIN)
    except Exception:
        return  # then no tests are noted, and it is not known that any ran
    finally:
        sys.path[:] = path
    os.environ["PYTEST_PLUGINS"] = ",".join([*wanted, _PLUGIN])


_STARTS = {
    "subprocess.Popen": (0, 1, 3),
    "os.exec": (0, 1, 2),
    "os.posix_spawn": (0, 1, 2),
    "os.spawn": (1, 2, 3),
}
"""The events that tell of a new program: where its path, arguments and environment stand."""

_OTHERS = frozenset((*_STARTS, "os.rename", "recctl.live"))


def _is_isolated(words: Iterable[str]) -> bool:
    """Whether the options of a Python keep it from being traced."""
    words = list(words)[1:]
    while words and words[0].startswith("-") and words[0] != "-":
        option = words.pop(0)
        if option.startswith("--"):
            continue
        for place, letter in enumerate(option[1:], start=2):
            if letter in "IES":
                return True
            if letter in "cm":
                return False
            if letter in "WX":
                if not option[place:]:
                    del words[:1]
                break
    return False


def _reaches(environment: Any) -> bool:
    """Whether a Python that is given these variables, null for this one's, will trace itself."""
    if environment is None:
        environment = os.environ
    known = {os.fsdecode(key): os.fsdecode(environment[key]) for key in environment}
    here = os.path.dirname(__file__)  # noqa: PTH120
    paths = known.get("PYTHONPATH", "").split(os.pathsep)
    return FILE in known and RUN in known and ROOT in known and here in paths
