"""Notes which recordings this process opens, a line each, at the end of a file that many share.

An audit hook sees each file that Python opens, each program it starts and each connection it makes.
Nothing here may make the process fail, or cost it more than a little: it imports next to nothing,
and looks at the names of files only.

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
    from collections.abc import Callable, Mapping
    from types import FrameType, ModuleType
    from typing import Any

try:
    from _json import encode_basestring_ascii as _quoted
except ImportError:  # another Python than the usual one
    from json.encoder import py_encode_basestring_ascii as _quoted

FILE = "RECCTL_TRACE"
RUN = "RECCTL_TRACE_RUN"
ROOT = "RECCTL_TRACE_ROOT"
TRUST = "RECCTL_TRACE_TRUST"
"""Variables of the environment: the trace's path, the run's id, the root of the tree, and the
programs and addresses that are said to read no recordings, separated by commas."""

MOST_BYTES = 16_000
"""Of a line, and of what is held back. Only a test id can be longer; of a test with such a one
nothing is known."""

HERE = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would be most of the start-up
"""The folder that traced processes import this from."""

_MOST_SEEN = 20_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_APPENDING = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CURRENT_TEST = "PYTEST_CURRENT_TEST"
_PLUGIN = "recctl_pytest"
_PROGRAMS = "recctl_programs"
_SEP = os.sep
_IS_WINDOWS = os.name == "nt"

_PLUGINS_LOAD = os.path.join("_pytest", "")  # noqa: PTH118
_PLUGINS_LOAD_NAME = "setuponly."
"""In the path of a module that pytest imports when it is about to load plugins, never before."""

_UNSEEN_CLIENTS = frozenset(("curl_cffi", "grpc", "primp", "pycurl", "rnet", "uvloop"))
"""Packages that connect without Python being told to what.

They count where the project's own code imports them: what is installed imports some of them for
suites that never connect to anything.
"""

_INTERPRETER = "sub-interpreter"
"""What a further interpreter in the same process is called, where programs have names."""

_RIGHTS = (
    *("chroot", "initgroups", "setegid", "seteuid", "setgid", "setgroups", "setns", "setregid"),
    *("setresgid", "setresuid", "setreuid", "setuid", "unshare"),
)
"""Functions of the system after which a process may be unable to write the trace."""

_DIRECTORY = getattr(os, "O_DIRECTORY", 0)

_CODE = frozenset((".py", "pyc", ".so", "pyd"))
"""How the names of files end that programs open most, and that are no links to recordings."""


class _System:
    """What this asks of the system, as it was when the process began: tests may replace it."""

    def __init__(self) -> None:
        self.open, self.write, self.close = os.open, os.write, os.close
        self.lstat, self.scandir = os.lstat, os.scandir
        self.getcwd, self.getpid = os.getcwd, os.getpid


_system = _System()


class _Folder:
    """A folder in which files are opened.

    `places` are its names, as it is and without links, and whether that is in the tree. `plain`
    are the files in it that are no links, once more than one was asked for.
    """

    __slots__ = ("asked", "path", "places", "plain")

    def __init__(self, path: str, places: tuple[tuple[str, bool], ...]) -> None:
        self.path = path
        self.places = places
        self.asked = 0
        self.plain: set[str] = set()


class Tracer:
    """Writes the lines of one run. `live` says whether the hook sees what is opened."""

    def __init__(self, file: str, run: str, root: str) -> None:
        self.live = False
        self._environment = os.environ
        # What `os.environ` looks variables up in: decoding them would be most of a note's cost.
        self._raw: Mapping[Any, Any] = getattr(os.environ, "_data", {})
        encoded = getattr(os.environ, "encodekey", str)
        self._raw_key = encoded(_CURRENT_TEST)
        self.aim(file, run, root)

    def aim(self, file: str, run: str, root: str) -> None:
        """Write to this file from now on, as part of this run."""
        self.file, self.run, self.pid = file, run, _system.getpid()
        self._folders: dict[str, _Folder] = {}
        self._real: dict[str, str] = {}
        self._opening = f'{{"kind":"open","run":{_json(run)},"path":'
        self._ending = f'{{"kind":"test","run":{_json(run)},"session":"'
        self._closing = f',"pid":{self.pid}'
        # Of the test that last opened something: the variable, the id, and what is written.
        self._last_current, self._last_test, self._last_quoted, self._last_whose = "", "", '""', ""
        both = (_below(one) for one in (root, os.path.realpath(root)))
        self.roots = tuple(dict.fromkeys(both))
        self.trust(self._environment.get(TRUST, ""))
        self.lost = 0
        self._held: list[str] | None = None
        self._held_length = 0
        self._torn = False
        self._seen: set[str] = set()
        self._bound: list[Any] = []

    def trust(self, told: str) -> None:
        """Trust these programs and addresses from now on, as the variable has them."""
        self.trusted = frozenset(told.split(",")) - {""}
        self.trusted |= {_on_this_machine(one) for one in self.trusted}

    def write(self, kind: str, **fields: Any) -> bool:
        """Add a line; whether that could be done. What could not, a later line tells of."""
        return self._add(line_of(kind, self.run, **fields).decode("ascii"))

    def hold(self) -> None:
        """Hold lines back from now on, to write several at once; what is held, `flush` writes.

        Their order stays: if a process dies with some, what it wrote before is still true.
        """
        if self._held is None:
            self._held = []

    def release(self) -> bool:
        """Hold no more lines back; whether those that were could be written."""
        held, self._held = self._held, None
        return held is None or self._drain(held)

    def below_root(self, path: str) -> str:
        """A path from the root, with slashes; empty for the root, absolute outside of it."""
        for root in self.roots:
            if path.startswith(root) or path + _SEP == root:
                return path[len(root) :].replace(_SEP, "/")
        return path.replace(_SEP, "/")

    # Files

    def take_open(self, arguments: tuple[Any, ...]) -> None:
        """Note a file that is opened, if it may be a recording."""
        path = arguments[0]
        if path.__class__ is str:
            if path[-3:] in _CODE:
                if _PLUGINS_LOAD_NAME in path and _PLUGINS_LOAD in path:
                    _ask_for_plugin()
                return
            if path is self.file:
                return
            if path[-5:] == ".json":
                self._note(path, arguments[2], by_os=arguments[1] is None)
                return
        elif path.__class__ is int:
            return
        try:
            self._note_unusual(path, arguments[2], by_os=arguments[1] is None)
        except Exception:
            self.lost += 1

    def _note_unusual(self, path: Any, flags: int, *, by_os: bool) -> None:
        """Note a file whose path is no plain text or seems to be that of no recording."""
        if isinstance(path, int):
            return
        text = _text_of(path)
        if _IS_WINDOWS:  # where names end before such characters, and may name a stream
            text = text.partition("::$")[0].rstrip(" .")
        if text[-5:].lower() == ".json":
            self._note(text, flags, by_os=by_os)
        elif text[-3:] not in _CODE and text != self.file and _is_link(text):
            real = self._real_path(text)
            if real[-5:].lower() == ".json":
                self._note(real, _WRITING)

    def take_source(self, arguments: tuple[Any, ...]) -> None:
        """Note a file that gets another name as well or instead, and that name."""
        try:
            self._folders.clear()  # links may come to lie where none were
            self._real.clear()
            for path, flags in ((arguments[0], 0), (arguments[1], _WRITING)):
                if not isinstance(path, int):
                    text = _text_of(path)
                    if text[-5:].lower() == ".json":
                        # From a folder that is open, of which only the number is known.
                        elsewhere = any(one not in (-1, None) for one in arguments[2:])
                        self._note(text, flags, by_os=elsewhere)
        except Exception:
            self.lost += 1

    def take_link(self, arguments: tuple[Any, ...]) -> None:
        """Note what a symbolic link leads to, which counts from the link."""
        try:
            source, link = _text_of(arguments[0]), _text_of(arguments[1])
            there = os.path.join(os.path.dirname(link), source)  # noqa: PTH118, PTH120
            self.take_source((there, link, *arguments[2:]))
        except Exception:
            self.lost += 1

    def _note(self, path: str, flags: int, *, by_os: bool = False) -> None:
        """Note that a file is opened. Nothing may come of it in the traced program.

        What is looked for and is not there is not used; what is to be written is. A relative path
        given to the system may count from a folder that is not known: then the name is noted, too.
        """
        try:
            if flags & _DIRECTORY:
                return
            if _IS_WINDOWS:
                path = path.replace("/", _SEP)
            head, slash, name = path.rpartition(_SEP)
            is_relative = not os.path.isabs(path) if _IS_WINDOWS else path[:1] != _SEP  # noqa: PTH117
            key = f"{_system.getcwd()}{_SEP}{head}" if is_relative else head
            folder = self._folders.get(key)
            if folder is None:
                if len(self._folders) >= _MOST_SEEN:
                    self._folders.clear()
                folder = self._folders[key] = self._folder(key + slash)
            whose = self._whose()
            kind = "plain" if name in folder.plain else self._kind(folder, name)
            if kind == "folder":
                return
            if kind != "missing" or flags & _WRITING:
                for place, is_inside in folder.places:
                    self._note_place(place + name, whose, is_inside=is_inside)
            if kind == "link":
                self._note_path(self._real_path(path), whose)
            if by_os and is_relative:
                self._note_place(name, whose, is_inside=True)
        except Exception:
            self.lost += 1

    def _kind(self, folder: _Folder, name: str) -> str:
        """What a name stands for in a folder, of which it is not known that it is a plain file."""
        folder.asked += 1
        try:
            form = _system.lstat(folder.path + name).st_mode & 0o170000
        except OSError:
            return "missing"
        if form in (0o120000, 0o040000):
            return "link" if form == 0o120000 else "folder"
        # Listing is worth it where more is opened, and again where much more has come since.
        if folder.asked > 1 and folder.asked & (folder.asked - 1) == 0:
            with _system.scandir(folder.path) as entries:
                folder.plain = {one.name for one in entries if one.is_file(follow_symlinks=False)}
        return "plain"

    def _folder(self, path: str) -> _Folder:
        place = _below(os.path.abspath(path))
        real = _below(self._real_path(path))
        places = []
        for one in dict.fromkeys((place, real)):
            named = self.below_root(one)
            places.append((named, named != one.replace(_SEP, "/")))
        return _Folder(real, tuple(places))

    def _real_path(self, path: str) -> str:
        """A path without links. Folders are asked once, from the last that is known."""
        path = path.rstrip(_SEP)
        known = self._real.get(path)
        if known is None and (_IS_WINDOWS or _is_odd(path)):
            known = os.path.realpath(path or _SEP)
        if known is not None:
            return known
        head, _, name = path.rpartition(_SEP)
        if not name:
            return _SEP
        if _is_link(path):
            real = os.path.realpath(path)
        else:
            real = f"{self._real_path(head + _SEP).rstrip(_SEP)}{_SEP}{name}"
        if len(self._real) >= _MOST_SEEN:
            self._real.clear()
        self._real[path] = real
        return real

    def _note_path(self, path: str, whose: str) -> None:
        named = self.below_root(path)
        self._note_place(named, whose, is_inside=named != path.replace(_SEP, "/"))

    def _note_place(self, named: str, whose: str, *, is_inside: bool) -> None:
        mark = named + whose  # a tuple would be collected
        if mark in self._seen or not (is_inside or _is_recording(named)):
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        if self._add(f"{self._opening}{_json(named)}{self._closing}{whose}}}\n"):
            self._seen.add(mark)

    # Tests

    def _whose(self) -> str:
        """The end of a line that names the test, if one runs; an id may be too long for a line.

        Pytest has a variable that tells, with what is done after the id.
        """
        current = self._current()
        if current is None:
            return ""
        if current != self._last_current:
            test = current.rpartition(" (")[0] or current
            if test != self._last_test:
                self._last_test, self._last_quoted = test, _json(test)
            self._last_current = current
            quoted = self._last_quoted
            self._last_whose = f',"test":{quoted}' if len(quoted) < MOST_BYTES // 2 else ""
        return self._last_whose

    def _current(self) -> str | None:
        environment = os.environ
        if environment is not self._environment or self._raw_key not in self._raw:
            return environment.get(_CURRENT_TEST)  # a test may have put another one there
        value = self._raw[self._raw_key]
        return value if value.__class__ is str else os.fsdecode(value)

    def ended(self, session: str, test: str, outcome: str) -> None:
        """Note that a test has ended, or was not selected."""
        quoted = self._last_quoted if test == self._last_test else _json(test)
        self._add(f'{self._ending}{session}","id":{quoted},"outcome":"{outcome}"}}\n')

    # Programs

    def take_start(
        self, program: Any, arguments: Any, environment: Any = None, folder: Any = None
    ) -> None:
        """Note that a program is started, if it may open recordings and is not traced.

        The environment is null for that of this process.
        """
        try:
            started = _load(_PROGRAMS).started(
                program,
                arguments,
                self._environment if environment is None else environment,
                folder,
                self.trusted,
                roots=self.roots,
            )
            for path in started.files:
                self._note(path, 0)
            if started.doubt is not None:
                self._note_untraced(started.program, started.command, started.doubt)
        except Exception:
            self.lost += 1

    def take_windows(self, arguments: tuple[Any, ...]) -> None:
        """Note that Windows starts a program. Only this process's own environment is known."""
        if not reaches(self._environment):
            self.take_start(arguments[0] or arguments[1], arguments[1])

    def take_interpreter(self, _: tuple[Any, ...]) -> None:
        """Note that Python starts another interpreter in this process, which has no hook."""
        if _INTERPRETER not in self.trusted:
            self._note_untraced(_INTERPRETER, _INTERPRETER, "interpreter")

    def _note_untraced(self, program: str, command: str, why: str) -> None:
        mark = f"\0{program}\n{why}"
        if mark not in self._seen:
            words = {"program": program[:200], "command": command[:200], "why": why}
            if self.write("untraced", pid=self.pid, **words):
                self._seen.add(mark)

    # Connections

    def take_connect(self, arguments: tuple[Any, ...]) -> None:
        """Note to where this process connects."""
        try:
            self.note_listening()
            address = _address(*arguments)
            if address is not None:
                # To any address is to one's own.
                self._note_address("connect", address.replace("*:", "127.0.0.1:", 1))
        except Exception:
            self.lost += 1

    def take_bind(self, arguments: tuple[Any, ...]) -> None:
        """Keep in mind what may come to listen. Where it does, is known only later."""
        try:
            if _address(*arguments) is not None:
                from _weakref import ref  # most processes bind nothing

                self._bound.append(ref(arguments[0]))
        except TypeError:
            pass  # a socket of another kind; then it is not known that it listens
        except Exception:
            self.lost += 1

    def note_listening(self, _: Any = None) -> None:
        """Note where this process listens, of what it has bound."""
        if not self._bound:
            return
        try:
            for one in self._bound[:]:
                done = one() is None or one().fileno() == -1
                if not done and _listens(one()):
                    address = _address(one(), one().getsockname())
                    self._note_address("listen", address or "?")
                    done = True
                if done and one in self._bound:
                    self._bound.remove(one)
        except Exception:  # noqa: S110 - then it is not known that it listens
            pass

    def _note_address(self, kind: str, address: str) -> None:
        mark = f"\0{kind}\n{address}"
        if address in self.trusted or _on_this_machine(address) in self.trusted:
            return
        if mark not in self._seen and self.write(kind, address=address[:300], pid=self.pid):
            self._seen.add(mark)

    def take_import(self, arguments: tuple[Any, ...]) -> None:
        """Do what is to be done before a module is imported."""
        name = arguments[0]
        if name == "_posixsubprocess":
            self.watch_forks()
        elif name in _UNSEEN_CLIENTS and not _is_imported_by_package():
            self._note_address("connect", name)

    def watch_forks(self) -> None:
        """See what `multiprocessing` and others start by a function that tells no hook.

        What `subprocess` starts by it, is told already.
        """
        try:
            module = __import__("_posixsubprocess")
            start = module.fork_exec
        except Exception:
            return
        if hasattr(start, "recctl"):
            return
        taken = self._take_fork

        def fork_exec(*arguments: Any) -> Any:
            caller = sys._getframe(1)
            if caller.f_globals.get("__name__") != "subprocess":
                taken(arguments)
            elif any(caller.f_locals.get(one) is not None for one in ("uid", "gid", "gids")):
                self.take_other_rights(arguments[0])
            return start(*arguments)

        vars(fork_exec)["recctl"] = True
        vars(module)["fork_exec"] = fork_exec

    def _take_fork(self, arguments: tuple[Any, ...]) -> None:
        try:
            self.note_listening()
            words, (program, *_), folder, pairs = (arguments[place] for place in (0, 1, 4, 5))
            known = None
            if pairs is not None:
                known = dict(os.fsdecode(one).partition("=")[::2] for one in pairs)
            self.take_start(program, words, known, folder)
        except Exception:
            self.lost += 1

    def take_other_rights(self, arguments: Any) -> None:
        """Note a program that is started as another user, who may not write the trace."""
        try:
            words = [os.fsdecode(one) for one in arguments]
            if self.trusted.isdisjoint((words[0], words[0].rpartition(_SEP)[2])):
                self._note_untraced(words[0].rpartition(_SEP)[2], " ".join(words), "rights")
        except Exception:
            self.lost += 1

    def watch_rights(self) -> None:
        """See when this process may come to be unable to write, which it then could not tell."""
        for name in _RIGHTS:
            change = getattr(os, name, None)
            if change is not None and not hasattr(change, "recctl"):
                setattr(os, name, self._guarded(change))

    def _guarded(self, change: Any) -> Any:
        def guarded(*arguments: Any, **options: Any) -> Any:
            try:
                spare = _system.open(self.file, _APPENDING)
            except OSError:
                return change(*arguments, **options)
            try:
                return change(*arguments, **options)
            finally:
                self._leave(spare)

        guarded.__name__, guarded.__doc__ = change.__name__, change.__doc__
        vars(guarded)["recctl"] = True
        return guarded

    def _leave(self, spare: int) -> None:
        """Close a descriptor of the trace, after a last word if no other can be had."""
        try:
            _system.close(_system.open(self.file, _APPENDING))
        except OSError:
            held, self._held = self._held or [], None
            last = line_of("lost", self.run, lines=1, pid=self.pid)
            try:
                _system.write(spare, "".join(held).encode("ascii") + last)
            except OSError:
                self._tear(spare)
        _system.close(spare)

    def fork(self) -> None:
        """Go on in a forked process. It may end without a word; what is held its parent writes."""
        self._held, self.pid = None, _system.getpid()
        self._closing = f',"pid":{self.pid}'

    # Lines

    def _add(self, line: str) -> bool:
        if len(line) > MOST_BYTES:
            return False
        held = self._held
        if held is None:
            return self._put(line.encode("ascii"), 1)
        held.append(line)
        self._held_length += len(line)
        if self._held_length < MOST_BYTES and self._held is held:
            return True
        return self._drain(held)

    def _drain(self, held: list[str]) -> bool:
        """Write what is held back, though other threads may add to it."""
        self._held_length = 0
        lines = []
        while held:
            try:
                lines.append(held.pop(0))
            except IndexError:
                break
        return not lines or self._put("".join(lines).encode("ascii"), len(lines))

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
            descriptor = _system.open(self.file, _APPENDING)
        except OSError:
            return False
        try:
            if _system.write(descriptor, lines) == len(lines):
                return True
        except OSError:
            self._tear(descriptor)
        finally:
            _system.close(descriptor)
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
    """The audit hook. Python calls it for whatever it does, some twenty times for each test."""

    def live(_: tuple[Any, ...]) -> None:
        tracer.live = True

    start = tracer.take_start

    takers = {
        "open": tracer.take_open,
        "import": tracer.take_import,
        "os.rename": tracer.take_source,
        "os.link": tracer.take_source,
        "os.symlink": tracer.take_link,
        "shutil.copyfile": tracer.take_source,
        "subprocess.Popen": lambda given: start(given[0], given[1], given[3], given[2]),
        "os.exec": lambda given: start(given[0], given[1], given[2]),
        "os.posix_spawn": lambda given: start(given[0], given[1], given[2]),
        "os.spawn": lambda given: start(given[1], given[2], given[3]),
        "os.system": lambda given: start("/bin/sh", ["sh", "-c", given[0]]),
        "os.startfile": lambda given: start(given[0], [given[0]]),
        "_winapi.CreateProcess": tracer.take_windows,
        "cpython.PyInterpreterState_New": tracer.take_interpreter,
        "socket.connect": tracer.take_connect,
        "socket.bind": tracer.take_bind,
        "socket.__new__": tracer.note_listening,
        "recctl.live": live,
    }
    events = frozenset(takers)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        # The most frequent ones, before the name of the event has to be hashed.
        if event == "object.__getattr__" or event == "os.putenv":  # noqa: PLR1714 - it is faster
            return
        if event in events:
            takers[event](arguments)

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
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(_hook_of(_tracer))
            sys.audit("recctl.live")  # another hook may have forbidden this one
        if "_posixsubprocess" in sys.modules:
            _tracer.watch_forks()
        _tracer.watch_rights()
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


def reaches(environment: Mapping[Any, Any]) -> bool:
    """Whether a Python that is given these variables will trace itself."""
    known = {os.fsdecode(key): os.fsdecode(environment[key]) for key in environment}
    paths = known.get("PYTHONPATH", "").split(os.pathsep)
    if not (FILE in known and RUN in known and ROOT in known and HERE in paths):
        return False
    # Another one found before hides this one's.
    before = (os.path.join(one, "sitecustomize") for one in paths[: paths.index(HERE)])  # noqa: PTH118
    return not any(os.path.exists(one) or os.path.exists(f"{one}.py") for one in before)  # noqa: PTH110


def _json(value: Any) -> str:  # noqa: PLR0911 - a case for each type
    """JSON. Its module is not imported for it, as that takes a third of Python's own start."""
    if value.__class__ is str and value.isascii():
        if '"' not in value and "\\" not in value and value.isprintable():
            return f'"{value}"'  # which is faster
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


def _text_of(path: Any) -> str:
    """A path as plain text. Raises TypeError for what is none."""
    text = os.fsdecode(path)
    return text if text.__class__ is str else str.__str__(text)


def _below(folder: str) -> str:
    return folder if folder[-1:] == _SEP else folder + _SEP


def _is_odd(path: str) -> bool:
    """Whether a path is relative, or does not name each folder once."""
    return path[:1] != _SEP or "//" in path or "/./" in f"{path}/" or "/../" in f"{path}/"


def _is_link(path: str) -> bool:
    try:
        return _system.lstat(path).st_mode & 0o170000 == 0o120000
    except OSError:
        return False


def _is_recording(path: str) -> bool:
    """Whether a file outside of the tree may be a recording, by its name or its folder."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    stem = name[:-5]
    return (
        "/recordings" in folder
        or stem.startswith("models-")
        or (len(stem) in (12, 64) and not set(stem) - set("0123456789abcdef"))
    )


# Addresses

_STREAM = 1
"""What SOCK_STREAM is on all systems."""


def _address(socket: Any, address: Any) -> str | None:
    """An address as it stands in a trace; null where nobody answers who may have read recordings.

    A star stands for any host.
    """
    if socket.type & 0xF != _STREAM or not int(socket.family):
        return None
    if isinstance(address, (str, bytes, bytearray)):
        path = os.fsdecode(bytes(address) if isinstance(address, bytearray) else address)
        return f"unix:{path if path[:1] == chr(0) else os.path.abspath(path)}"
    if not isinstance(address, tuple) or len(address) < 2 or address[1] == _DNS:
        return None
    host = address[0]
    host = os.fsdecode(host) if isinstance(host, (str, bytes)) else str(host)
    host = host.lower().replace("::ffff:", "")
    if host in ("", "0.0.0.0", "::"):  # noqa: S104
        host = "*"
    return f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


_DNS = 53


def _on_this_machine(address: str) -> str:
    """The same for all names by which a machine calls itself; any other address as it is."""
    host, _, port = address.rpartition(":")
    own = host in ("localhost", "[::1]") or host.startswith("127.")
    return f"localhost:{port}" if own else address


def _listens(socket: Any) -> bool:
    from _socket import SO_ACCEPTCONN, SOL_SOCKET  # there is a socket

    return bool(socket.getsockopt(SOL_SOCKET, SO_ACCEPTCONN))


# Other modules


def _is_imported_by_package() -> bool:
    """Whether what imports now is an installed package, rather than the project."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen") and f"importlib{_SEP}" not in file:
            return f"-packages{_SEP}" in file
        frame = frame.f_back
    return False


def _load(name: str) -> ModuleType:
    """A module beside this one, whatever has become of the path that Python searches."""
    known = sys.modules.get(name)
    if known is not None:
        return known
    path = sys.path[:]
    try:
        sys.path.insert(0, HERE)
        return __import__(name)
    finally:
        sys.path[:] = path


def _ask_for_plugin() -> None:
    """Have pytest, which loads its plugins now, load one more. It takes this back itself.

    It is imported at once: pytest may find it then, whatever becomes of the path.
    """
    wanted = [one for one in os.environ.get("PYTEST_PLUGINS", "").split(",") if one]
    if _PLUGIN in wanted:
        return
    try:
        _load(_PLUGIN)
    except Exception:
        return  # then no tests are noted, and it is not known that any ran
    os.environ["PYTEST_PLUGINS"] = ",".join([*wanted, _PLUGIN])
