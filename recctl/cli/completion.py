"""What a shell offers when Tab is pressed, and how it learns to.

The shell's script calls `recctl --complete` with the words of the line up to the cursor, and shows
the lines that are printed: a word, a tab, what it means. Nothing is offered where files are wanted,
which shells find by themselves. Whatever is wrong, nothing is said: there is a line being typed.
Only plain words are offered, as some of them come from the tree, and a shell might obey others.
"""

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from recctl.cli import COMMANDS
from recctl.errors import ExitCode, UsageError

_PLAIN = re.compile(r"[\w.,/@+=-]+", re.ASCII)
_HASH_BEGINS = re.compile(r"[0-9a-f]{2,64}")
_MOST = 200
"""Recordings offered at once; who sees more types on."""


class Shell(StrEnum):
    """The shells that can be taught."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Offer(NamedTuple):
    """A word that could stand at the cursor."""

    word: str
    meaning: str = ""


def complete(words: Sequence[str]) -> int:
    """Print what could stand in place of the last word, after those before it."""
    try:
        lines = [
            f"{one.word}\t{' '.join(one.meaning.split())}\n"
            for one in offers(words)
            if _PLAIN.fullmatch(one.word)
        ]
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    except Exception:  # noqa: S110 - anything said now would garble the line being typed
        pass
    return ExitCode.FINE


def offers(words: Sequence[str]) -> list[Offer]:
    """What could stand in place of the last word. Raises whatever stands in the way of knowing."""
    *before, current = _joined(words)
    name, sign, value = current.partition("=")
    if name.startswith("--") and sign:  # the word goes on: the shell replaces all of it
        line = _line([*before, name])
        offered = line.offers(value) if line and line.awaits else []
        return [Offer(f"{name}={one.word}", one.meaning) for one in offered]
    line = _line(before)
    return line.offers(current) if line else []


def _joined(words: Sequence[str]) -> list[str]:
    """The words, where bash has made three of `--format=json`: the last then stands alone."""
    *before, current = words or [""]
    return [*(one for one in before if one != "="), "" if current == "=" else current]


def _line(words: Sequence[str]) -> "_Line | None":
    """What the words say so far; null where there is no such command."""
    from recctl.cli.app import root  # loads the library of command lines

    group = root()
    place = next((at for at, word in enumerate(words) if not word.startswith("-")), None)
    if place is None:
        return _Line(group.params, words, {"[SHELL]": _shells}, otherwise=_commands)
    command = group.get_command(None, words[place])
    if command is None:
        return None
    known = _KNOWN | _WORDS.get(words[place], {})
    return _Line(command.params, words[place + 1 :], known, optional=command.optional_values)


class _Line:
    """The words after a command, told apart by its parameters.

    `known` has what parameters take, by what they are called in the help; `optional` the options
    that may go without their value; `otherwise` is what stands where no parameter does.
    """

    def __init__(
        self,
        parameters: Sequence[Any],
        words: Sequence[str],
        known: "Mapping[str, _Words]",
        *,
        optional: Collection[str] = (),
        otherwise: "_Words | None" = None,
    ) -> None:
        self._options = [one for one in parameters if one.param_type_name == "option"]
        self._arguments = [one for one in parameters if one.param_type_name == "argument"]
        self._optional, self._known, self._otherwise = optional, known, otherwise
        self._given = set[str]()
        self._count = 0
        self._is_over = False
        self.awaits: Any = None
        """The option whose value comes next; null where something else does."""
        for word in words:
            self._take(word)

    def _take(self, word: str) -> None:
        waiting, self.awaits = self.awaits, None
        if waiting and not (word.startswith("-") and set(waiting.opts) & set(self._optional)):
            return
        if self._is_over or word == "-" or not word.startswith("-"):
            self._count += 1
        elif word == "--":
            self._is_over = True
        else:
            name, sign, _ = word.partition("=")
            self._given.add(name)
            found = next((one for one in self._options if name in one.opts), None)
            self.awaits = found if found and not found.is_flag and not sign else None

    def offers(self, current: str) -> list[Offer]:
        """What could stand at the end of the line, where `current` is begun."""
        may_be_option = not self.awaits or set(self.awaits.opts) & set(self._optional)
        if current.startswith("-") and may_be_option and not self._is_over:
            return _beginning(current, self._left())
        parameter = self.awaits or self._argument()
        if parameter is None:
            return self._otherwise(current) if self._otherwise else []
        listed = self._known.get(parameter.metavar)
        if listed is not None:
            return listed(current)
        return [Offer(str(one.value)) for one in parameter.shell_complete(None, current)]

    def _argument(self) -> Any:
        """The argument that comes next: the last one may take all that is left."""
        left = self._arguments[self._count :] or self._arguments[-1:]
        is_full = self._count >= len(self._arguments)
        return left[0] if left and not (is_full and left[0].nargs != -1) else None

    def _left(self) -> Iterator[Offer]:
        yield Offer("--help", "Show this message and exit.")
        for one in self._options:
            names = [*one.opts, *one.secondary_opts]
            if not one.hidden and (one.multiple or self._given.isdisjoint(names)):
                yield from (Offer(name, one.help or "") for name in names if name[:2] == "--")


_Words = Callable[[str], list[Offer]]


def _commands(current: str) -> list[Offer]:
    return _beginning(current, (Offer(*one) for one in COMMANDS.items()))


def _beginning(current: str, all_of: Iterable[Offer]) -> list[Offer]:
    return [one for one in all_of if one.word.startswith(current)]


def _shells(current: str) -> list[Offer]:
    return _beginning(current, map(Offer, Shell))


def _rules(current: str) -> list[Offer]:
    from recctl.rules import TABLE

    by_name = [Offer(one.name, one.title) for one in TABLE]
    by_code = [Offer(one.code, f"{one.name}: {one.title}") for one in TABLE]
    return _beginning(current, by_code if current[:1].isupper() else by_name)


def _several_rules(current: str) -> list[Offer]:
    done, comma, last = current.rpartition(",")
    return [Offer(done + comma + one.word, one.meaning) for one in _rules(last)]


def _dialects(current: str) -> list[Offer]:
    from recctl.cli.settings import current as settings
    from recctl.cli.settings import table_of
    from recctl.dialects import published

    try:
        table = table_of(settings())
    except UsageError:
        table = published()
    return _beginning(current, (Offer(one.name) for one in table.dialects))


def _schemas(current: str) -> list[Offer]:
    from recctl import schema

    return _beginning(current, (Offer(name, schema.title(name)) for name in schema.names()))


def _recordings(current: str) -> list[Offer]:
    """Short hashes, once a hash is begun that could not as well be the beginning of a path."""
    if not _HASH_BEGINS.fullmatch(current) or next(Path().glob(f"{current}*"), None):
        return []
    from recctl.cli.settings import current as settings
    from recctl.corpus import find

    names = (one.path.stem.removeprefix("models-") for one in find(settings().root_paths).entries)
    hashes = sorted({name[: max(12, len(current))] for name in names if name.startswith(current)})
    return [Offer(one) for one in islice(hashes, _MOST)]


def _changes(current: str) -> list[Offer]:
    from recctl.plan import receipts
    from recctl.plan.disk import Disk
    from recctl.plan.places import root_of

    return _beginning(current, map(Offer, reversed(receipts.ids(Disk(root_of([]))))))


_KNOWN: dict[str, _Words] = {
    "RULES": _several_rules,
    "CODE|NAME": _rules,
    "DIALECT": _dialects,
    "REF": _recordings,
    "HASH": _recordings,
    "PATHS|REFS": _recordings,
    "A B|PATHS": _recordings,
    "[HASH|-] [PATHS]": _recordings,
}
"""What is offered where a parameter is called so in the help of any command."""

_WORDS: dict[str, dict[str, _Words]] = {
    "hash": {"NAME": _dialects},
    "schema": {"NAME": _schemas},
    "undo": {"ID": _changes},
}
"""The same, where only one command means that by the name."""


def script(shell: str | None) -> str:
    """What the shell has to run to complete recctl's words. Raises UsageError without a shell."""
    return (Path(__file__).with_name("shells") / f"recctl.{_chosen(shell)}").read_text("utf-8")


def install(shell: str | None) -> str:
    """Put the script where the shell finds it, and say where.

    What is in the shell's own file stays, and gets a line. Raises UsageError.
    """
    from recctl import files
    from recctl.safetext import one_line

    chosen, text = _chosen(shell), script(shell)
    home = Path.home()
    startup: Path | None
    match chosen:
        case Shell.BASH:
            place, startup = home / ".bash_completions" / "recctl.sh", home / ".bashrc"
            line = f"source '{place}'"
        case Shell.ZSH:
            place = home / ".zfunc" / "_recctl"
            startup = Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"
            line = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
        case Shell.FISH:
            config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
            place, startup, line = config / "fish" / "completions" / "recctl.fish", None, ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {one_line(place.parent)}: {files.reason(error)}") from None
    files.write(place, text.encode())
    if startup is not None:
        old = files.read(startup) if startup.exists() else b""
        if line.encode() not in old.splitlines():
            start = b"\n" if old and not old.endswith(b"\n") else b""
            files.write(startup, old + start + line.encode() + b"\n")
    return f"{chosen} completes recctl's words by {one_line(place)}, from its next start on"


def _chosen(shell: str | None) -> Shell:
    name = shell or Path(os.environ.get("SHELL", "")).name
    try:
        return Shell(name)
    except ValueError:
        known = ", ".join(Shell)
        raise UsageError(f"{name or 'no SHELL'}: name one of {known} after the option") from None
