"""Which programs may open recordings unseen, when a traced process starts them.

A program is fine that is a Python which will trace itself, or that is known to read no recordings.
What is not understood is not fine.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from typing import Any

    from recctl.tracing.path import recctl_tracer
else:
    import recctl_tracer

HARMLESS = frozenset(
    (
        # What Python's own modules start: ctypes.util, platform, uuid, webbrowser
        *("arp", "crle", "dump", "ifconfig", "ip", "ld", "ldconfig", "lsb_release", "netstat"),
        *("objdump", "sw_vers", "uname", "xcode-select"),
        # What tells of the system, or waits
        *("date", "df", "free", "getconf", "groups", "hostname", "hostnamectl", "id", "locale"),
        *("logname", "lscpu", "lsof", "nproc", "nvidia-smi", "pgrep", "printenv", "ps", "pwd"),
        *("sleep", "stty", "sysctl", "system_profiler", "tput", "tty", "uptime", "vm_stat"),
        *("where", "which", "who", "whoami"),
        # What makes and removes files without reading them, and what does nothing
        *("basename", "chmod", "chown", "dirname", "echo", "false", "kill", "killall"),
        *("ls", "mkdir", "mkfifo", "mktemp", "pkill", "printf", "rm", "rmdir", "seq", "taskkill"),
        *("test", "touch", "true", "["),
    )
)
"""Programs that read no recordings but those that they are told of, and start nothing that does."""

_COMPILERS = frozenset(("c++", "cc", "clang", "gcc"))
"""They are harmless as `ctypes.util` starts them, which has them link nothing but libraries."""

# Git is harmless where it hands out no file's content, and runs nothing else.
_GITS_OPTIONS = frozenset(
    ("--bare", "--literal-pathspecs", "--no-optional-locks", "--no-pager", "--no-replace-objects")
)
_GITS_OPTIONS_WITH_VALUE = frozenset(("--git-dir", "--namespace", "--work-tree", "-C"))
_GIT_WITHOUT = {
    "add": ("-p", "-i", "-e", "--patch", "--interactive", "--edit"),
    "branch": ("--edit-description",),
    "commit": ("-p", "-v", "-e", "--patch", "--verbose", "--interactive", "--edit"),
    "describe": (),
    "for-each-ref": (),
    "init": ("--template",),
    "ls-files": (),
    "ls-tree": (),
    "merge-base": (),
    "remote": ("-f", "--fetch", "update", "show", "prune"),
    "rev-list": (),
    "rev-parse": (),
    "status": ("-v", "--verbose"),
    "symbolic-ref": (),
    "tag": ("-e", "--edit"),
    "version": (),
}
"""Sub-commands, and the words with which they hand out content or run something else."""
_GIT_ONLY_WITH = {
    "config": (
        *("--all", "--bool", "--get", "--get-all", "--get-regexp", "--global", "--int", "--list"),
        *("--local", "--name-only", "--null", "--path", "--show-origin", "--show-scope"),
        *("--system", "--type", "-l", "-z"),
    ),
    "log": (
        *("--abbrev-commit", "--after", "--all", "--author", "--before", "--branches", "--color"),
        *("--date", "--decorate", "--diff-filter", "--first-parent", "--follow", "--format"),
        *("--graph", "--grep", "--max-count", "--merges", "--name-only", "--name-status"),
        *("--no-color", "--no-decorate", "--no-merges", "--no-patch", "--no-show-signature"),
        *("--oneline", "--pretty", "--reverse", "--since", "--skip", "--tags", "--topo-order"),
        *("--until", "-n", "-s", "-z"),
    ),
}
"""Sub-commands, and the only options with which they do not."""
_GITS_OWN_SETTINGS = ("commit.gpgsign", "init.defaultbranch", "user.email", "user.name")
"""What may be set: of others git starts programs."""

_SHELLS = frozenset(("ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"))
_BUILTINS = frozenset(
    (
        *(":", "bg", "break", "cd", "continue", "exit", "export", "fg", "hash", "jobs", "local"),
        *("read", "readonly", "return", "set", "shift", "times", "type", "ulimit", "umask"),
        *("unset", "wait"),
    )
)
"""Of a shell; none runs what it is given."""
_HARMLESS_BUILTINS = frozenset(("[", "echo", "false", "kill", "printf", "pwd", "test", "true"))
"""Of a shell, before any program of that name."""
_BEFORE = frozenset(
    ("!", "do", "elif", "else", "exec", "if", "then", "time", "until", "while", "{")
)
"""Words of a shell after which a command comes."""
_ENDS = frozenset(("done", "fi", "}"))
_OPERATORS = ";|&\n()"
_NOT_UNDERSTOOD = ("`", "$(", "$'", "<")
_NAMES = ("PYTHONPATH", "PYTHONHOME", "RECCTL_", "PATH", "ENV=", "GIT_CONFIG")
"""What a command may not speak of, if it is to be known what runs, and that it is traced.

What asks for a variable only, does not change it.
"""

_SYSTEM = (
    *("/Applications/", "/Library/", "/System/", "/bin/", "/gnu/", "/lib/", "/nix/", "/opt/"),
    *("/run/current-system/", "/sbin/", "/snap/", "/usr/"),
)
"""Where systems and their packages have programs, of which a name tells what they are."""

_PYTHONS_LIBRARY = ("python3", "pypy")
"""How the folder begins in `lib` beside a Python, whose programs lie in `bin`."""


class Started:
    """What is known of a program that is started.

    `doubt` is why it may open recordings unseen, or null: "other", as it is no Python; "isolated",
    as its options keep it from being traced; "environment", as its variables do; or "shell", as
    the command is not understood. `files` are those that it is told of, and may open.
    """

    def __init__(self, program: str, command: str) -> None:
        self.program, self.command = program, command
        self.doubt: str | None = None
        self.files: list[str] = []


def started(
    program: Any,
    arguments: Any,
    environment: Mapping[Any, Any],
    folder: Any,
    trusted: Set[str],
    *,
    roots: Sequence[str] = (),
) -> Started:
    """What is known of a program that is started with these arguments and this environment.

    The first argument is its name. The folder is null where it is that of this process. Below the
    roots is the project, whose programs may do anything, whatever they are called.
    """
    path = os.fsdecode(program if program is not None else arguments[0])
    if isinstance(arguments, (str, bytes)):
        words = os.fsdecode(arguments).replace('"', " ").split()
    else:
        words = [os.fsdecode(one) for one in arguments]
    found = Started(_name(path), " ".join(words))
    place = os.getcwd() if folder is None else os.path.abspath(os.fsdecode(folder))  # noqa: PTH109
    _Judging(found, environment, place, trusted, roots).command([path, *words[1:]])
    return found


class _Judging:
    """Of one start: what is the same for all commands of a shell."""

    def __init__(
        self,
        found: Started,
        environment: Mapping[Any, Any],
        folder: str,
        trusted: Set[str],
        roots: Sequence[str],
    ) -> None:
        self.found, self.folder, self.trusted, self.roots = found, folder, trusted, roots
        self.reaches = recctl_tracer.reaches(environment)
        self.is_prepared = any(os.fsdecode(key) in ("BASH_ENV", "ENV") for key in environment)
        self.sets_git = _sets_git(environment)
        self.path = ""
        for each in (environment, os.environ):
            told = {os.fsdecode(key): each[key] for key in each}.get("PATH", os.defpath)
            self.path += os.fsdecode(told) + os.pathsep

    def command(self, words: list[str]) -> None:
        """Judge a program and its arguments."""
        program, name = words[0], _name(words[0])
        place = self._find(program)
        if place is None:
            return  # it cannot be started
        if not _is_python(name):
            self._add_files(words[1:])
        if not self.trusted.isdisjoint((name, program, place)):
            return
        is_systems = self._is_systems(place)
        if is_systems and self._is_harmless(name, words[1:]):
            return
        if not self.reaches:
            self._doubt(name, "environment")
        elif _is_python(name) and (is_systems or _is_real_python(place)):
            if _is_old(name) or _is_old(_name(os.path.realpath(place))):
                self._doubt(name, "other")
            elif _is_isolated(words[1:]):
                self._doubt(name, "isolated")
        elif is_systems and name in _SHELLS:
            self._shell(name, words[1:])
        elif is_systems and name in _WRAPPERS:
            self._wrapped(name, words[1:])
        elif name in _LAUNCHERS and not self._is_in_tree(place):
            self._launched(name, words[1:])
        else:
            self._script(name, place)

    def _is_harmless(self, name: str, words: list[str]) -> bool:
        return _is_harmless(name, words) and not (name == "git" and self.sets_git)

    def _is_systems(self, place: str) -> bool:
        """Whether a program is one of the system, by where it is, links resolved."""
        if os.name == "nt":  # where what has no folder is not looked for
            return not os.path.dirname(place) or not self._is_in_tree(place)  # noqa: PTH120
        return os.path.realpath(place).startswith(_SYSTEM) and not self._is_in_tree(place)

    def _is_in_tree(self, place: str) -> bool:
        real = os.path.realpath(place)
        return any(real.startswith(os.path.join(os.path.realpath(one), "")) for one in self.roots)  # noqa: PTH118

    def _doubt(self, program: str, why: str) -> None:
        if self.found.doubt is None:
            self.found.program, self.found.doubt = program, why

    def _find(self, program: str) -> str | None:
        """Where a program is; as it is called, where that cannot be said."""
        if os.name == "nt":
            return program
        if "/" in program:
            place = os.path.join(self.folder, program)  # noqa: PTH118
            return place if os.path.exists(place) else None  # noqa: PTH110
        for folder in self.path.split(os.pathsep):
            place = os.path.join(self.folder, folder, program)  # noqa: PTH118
            if os.path.isfile(place) and os.access(place, os.X_OK):  # noqa: PTH113
                return place
        return None

    def _add_files(self, words: list[str]) -> None:
        for word in words:
            for one in {word, word.rpartition("=")[2], word.lstrip("@")}:
                if one.lower().endswith(".json"):
                    self.found.files.append(os.path.join(self.folder, one))  # noqa: PTH118

    def _script(self, name: str, place: str) -> None:
        """Judge a program that may be a script in Python."""
        if name in _INSTALLED and (os.name == "nt" or _chooses(place)):
            return  # an installer's own program that starts the script
        try:
            descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                start = os.read(descriptor, 1000)
            finally:
                os.close(descriptor)
        except OSError:
            start = b""
        words = _interpreter(start)
        if not words or not _is_python(_name(words[0])):
            self._doubt(name, "other")
        elif _is_isolated(words[1:]):
            self._doubt(name, "isolated")

    def _wrapped(self, name: str, words: list[str]) -> None:
        """Judge what is run by a program that runs another."""
        if name == "nice" and words[:1] == ["-n"]:
            words = words[2:]
        if name == "timeout" and words and words[0][:1].isdigit():
            words = words[1:]
        elif name == "timeout":
            words = ["-"]
        while name == "env" and words and _assigns(words[0]):
            if any(words[0].startswith(one) for one in _NAMES):
                self._doubt(name, "shell")
            words = words[1:]
        if words and not words[0].startswith("-"):
            self.command(words)
        elif words:
            self._doubt(name, "shell")

    def _launched(self, name: str, words: list[str]) -> None:
        """Judge what is run by a launcher that is no Python, in the project's own environment.

        It installs that before, of which it is not asked what it reads.
        """
        words, options = words[:], _LAUNCHERS[name]
        if words[:1] != ["run"]:
            self._doubt(name, "other")
            return
        del words[:1]
        while words and words[0].startswith("-"):
            option, sign, _ = words.pop(0).partition("=")
            if option == "--":
                break
            if option not in options:
                self._doubt(name, "other")
                return
            if options[option] and not sign:
                del words[:1]
        if not words:
            return
        above = self.folder
        folders = [above]
        while above != os.path.dirname(above):  # noqa: PTH120
            above = os.path.dirname(above)  # noqa: PTH120
            folders.append(above)
        self.path = "".join(f"{one}/.venv/bin{os.pathsep}" for one in folders) + self.path
        if self._find(words[0]) is not None:
            self.command(words)
        elif words[0].endswith(".py"):
            return  # it is run by a Python
        elif words[0] not in _INSTALLED and not _is_python(words[0]):
            self._doubt(name, "other")
        elif _is_python(words[0]) and _is_isolated(words[1:]):
            self._doubt(words[0], "isolated")

    # Shells

    def _shell(self, name: str, words: list[str]) -> None:
        letters = ""
        while words and words[0][:1] in ("-", "+") and len(words[0]) > 1:
            letters += words[0][1:]
            words = words[1:]
        if not words or self.is_prepared or set(letters) - set("cefux"):
            self._doubt(name, "shell")
        elif "c" in letters:
            self._commands(name, words[0])
        elif _name(words[0]) not in self.trusted:
            self._doubt(_name(words[0]), "other")

    def _commands(self, shell: str, text: str) -> None:
        """Judge a shell's command line, one simple command after the other."""
        told = text.replace("$PATH", "").replace("${PATH}", "")
        parts = None if any(one in told for one in _NAMES) else _split(text)
        if parts is None:
            self._doubt(shell, "shell")
            return
        moved = False
        for words in parts:
            while words and (words[0] in _BEFORE or _assigns(words[0])):
                words.pop(0)
            if not words or words[0] in _ENDS or (words[0] == "for" and words[2:3] == ["in"]):
                self._add_files(words)
            elif words[0] == "hash" and "-p" in "".join(words[1:]):
                self._doubt(shell, "shell")
            elif words[0] in _BUILTINS or words[0] in _HARMLESS_BUILTINS:
                self._add_files(words)
                moved = moved or words[0] == "cd"
            elif words[0] in self.trusted or (words[0] == "command" and words[1:2] == ["-v"]):
                self._add_files(words)
            elif "$" in words[0]:
                self._doubt(shell, "shell")
            elif self._find(words[0]) is None or (moved and "/" in words[0] and words[0][0] != "/"):
                self._doubt(_name(words[0]), "shell")
            else:
                self.command(words)


_WRAPPERS = frozenset(("env", "nice", "nohup", "setsid", "timeout"))

_LAUNCHERS = {
    "uv": {
        **dict.fromkeys(
            (
                *("--active", "--all-extras", "--all-groups", "--all-packages", "--dev"),
                *("--exact", "--frozen", "--isolated", "--locked", "--no-config", "--no-dev"),
                *("--no-default-groups", "--no-editable", "--no-env-file", "--no-progress"),
                *("--no-project", "--no-sync", "--offline", "--quiet", "--verbose", "-q", "-v"),
            ),
            False,
        ),
        **dict.fromkeys(
            (
                *("--extra", "--group", "--no-extra", "--no-group", "--only-group", "--package"),
                *("--python", "--with", "--with-editable", "--with-requirements", "-p", "-w"),
            ),
            True,
        ),
    }
}
"""Programs that run one of the project's environment by `run`; their options, and which have a
value. Those that are Pythons, as tox, nox and poetry, need not be told: they are traced."""

_INSTALLED = frozenset(("coverage", "nox", "py.test", "pytest", "tox"))
"""Programs in Python, where a launcher has yet to install them."""


def _name(program: str) -> str:
    name = os.path.basename(program.replace("\\", "/") if os.name == "nt" else program)  # noqa: PTH119
    return name[:-4] if name.lower().endswith(".exe") else name


def _is_harmless(name: str, words: list[str]) -> bool:
    """Whether a program with these arguments opens no recordings that it is not told of."""
    if name == "git":
        return _is_harmless_git(words)
    if name in _COMPILERS:
        return _only_links(words)
    if name == "file":  # as `platform` starts it; other options have it read lists of files
        return len(words) == 2 and words[0] in ("-b", "--brief")
    return name in HARMLESS


def _only_links(words: list[str]) -> bool:
    rest = [one for one in words if not one.startswith("-l") and one != "-Wl,-t"]
    return rest in (["--version"], ["-dumpversion"], ["-dumpmachine"]) or (
        len(rest) == 2 and rest[0] == "-o" and rest != words
    )


def _is_harmless_git(words: list[str]) -> bool:
    if words == ["--version"]:
        return True
    words = words[:]
    while words and words[0].startswith("-"):
        name, sign, _ = words.pop(0).partition("=")
        if name not in _GITS_OPTIONS and name not in _GITS_OPTIONS_WITH_VALUE:
            return False
        if name in _GITS_OPTIONS_WITH_VALUE and not sign:
            del words[:1]
    command, words = "".join(words[:1]), words[1:]
    # A shell may put any words in place of a variable; "raw" is the content of what a name is of.
    if any("$" in one or "%(raw" in one for one in words):
        return False
    if command in _GIT_WITHOUT:
        return not any(_is_option(one, _GIT_WITHOUT[command]) for one in words)
    known = _GIT_ONLY_WITH.get(command, ())
    names = [one.partition("=")[0] for one in words if one.startswith("-") and one != "--"]
    if not known or any(one not in known and not _is_count(one) for one in names):
        return False
    values = [one for one in words if not one.startswith("-")]
    is_read = len(values) < 2 or values[0] in ("get", "list") or "--get-regexp" in names
    return command != "config" or is_read or values[0].lower() in _GITS_OWN_SETTINGS


def _is_count(option: str) -> bool:
    return option.removeprefix("-n").removeprefix("-").isdecimal()


def _is_option(word: str, options: tuple[str, ...]) -> bool:
    """Whether a word is one of these options: as it is, shortened, with a value, or with others."""
    if word.startswith("--"):
        name = word.partition("=")[0]
        return len(name) > 2 and any(one.startswith(name) for one in options)
    if word.startswith("-"):
        return any(one[1:] in word[1:] for one in options if one[:2] != "--" and one[0] == "-")
    return word in options


def _is_python(name: str) -> bool:
    """Whether a program is a Python, by its name."""
    name = name.lower()
    if name == "py":  # which chooses one of several
        return os.name == "nt"
    for start in ("python", "pypy"):
        if name.startswith(start):
            return not name[len(start) :].rstrip("wdt").strip("0123456789.")
    return False


def _is_real_python(place: str) -> bool:
    """Whether a program that is called one is a Python, by what lies beside it.

    Of programs that choose one of several, it is told by their folder.
    """
    if _chooses(place):
        return True
    try:
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            is_script = os.read(descriptor, 2) == b"#!"
        finally:
            os.close(descriptor)
        above = os.path.dirname(os.path.dirname(os.path.realpath(place)))  # noqa: PTH120
        if os.name == "nt":
            return os.path.exists(os.path.join(above, "pyvenv.cfg"))  # noqa: PTH110, PTH118
        names = os.listdir(os.path.join(above, "lib"))  # noqa: PTH118, PTH208
    except OSError:
        return False
    return not is_script and any(one.startswith(_PYTHONS_LIBRARY) for one in names)


def _chooses(place: str) -> bool:
    """Whether a program runs one of its name, of several that are installed."""
    return os.path.basename(os.path.dirname(place)) == "shims"  # noqa: PTH119, PTH120


def _sets_git(environment: Mapping[Any, Any]) -> bool:
    """Whether variables set what git starts programs by, or other than it is known to be safe."""
    known = {os.fsdecode(key): os.fsdecode(environment[key]) for key in environment}
    if "GIT_CONFIG_PARAMETERS" in known or not known.get("GIT_EXEC_PATH", "/usr/").startswith(
        _SYSTEM
    ):
        return True
    for key, name in known.items():
        if key.startswith("GIT_CONFIG_KEY_"):
            value = known.get(key.replace("KEY", "VALUE", 1), "")
            if (name.lower(), value) not in _SAFE and name.lower() not in _GITS_OWN_SETTINGS:
                return True
    return False


_SAFE = (("core.fsmonitor", "false"), ("core.hookspath", os.devnull), ("safe.directory", "*"))


def _is_old(name: str) -> bool:
    """Whether a Python is known to be one that has no audit hooks."""
    version = name.lower().replace("python", "").replace("pypy", "")
    return version.startswith("2") or version in ("3.5", "3.6", "3.7")


def _is_isolated(words: list[str]) -> bool:
    """Whether the options of a Python keep it from being traced."""
    words = words[:]
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


def _interpreter(start: bytes) -> list[str]:
    """The program that runs a script, and its options; nothing where that cannot be said.

    Where the path of a Python is long or has spaces, installers have a shell find it: the second
    line is one of the shell as well as a string of Python.
    """
    if not start.startswith(b"#!"):
        return []
    lines = os.fsdecode(start[2:]).split("\n")
    words = lines[0].split()
    if words and _name(words[0]) == "env":
        words = words[2:] if words[1:2] == ["-S"] else words[1:]
    if words and _name(words[0]) in _SHELLS and lines[1:2]:
        line = lines[1].strip()
        for begun in ("'''exec' ", '"""exec" ', '"exec" '):
            if line.startswith(begun) and line.endswith('"$0" "$@"'):
                path = line[len(begun) : -len('"$0" "$@"')].strip()
                name = path.rpartition("/")[2]
                # Options come after the closing quotation mark.
                words = name.replace('"', " ").replace("'", " ").split()
    return words


def _assigns(word: str) -> bool:
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()


def _split(text: str) -> list[list[str]] | None:
    """The simple commands of a shell's command line, as words.

    Null for what this does not understand: commands in commands, documents, redirected input. A
    quoted operator counts as one, so that more words than need be are taken for commands.
    """
    if any(one in text for one in _NOT_UNDERSTOOD):
        return None
    from shlex import shlex  # few processes start a shell

    reader = shlex(text.replace("\\\n", ""), posix=True, punctuation_chars=_OPERATORS + ">")
    reader.whitespace, reader.whitespace_split, reader.commenters = " \t\r", True, ""
    parts: list[list[str]] = [[]]
    is_target = False
    try:
        for token in reader:
            if token and not token.strip(_OPERATORS + ">"):
                is_target = ">" in token
                if not is_target:
                    parts.append([])
            elif is_target:
                is_target = False
            else:
                parts[-1].append(token)
    except ValueError:
        return None
    return parts
