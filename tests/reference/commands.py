"""docs/reference/commands.md: every command, its arguments and options."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

import typer

from recctl.cli import COMMANDS
from recctl.cli.app import _app
from recctl.cli.proof import EVIDENCE
from recctl.cli.selecting import GLOBS
from tests.reference.markdown import block, code, prose, table

_HEAD = """# Commands

`recctl COMMAND --help` prints the same as this page. Results go to stdout; progress, summary and
errors go to stderr. Nothing changes a file of a corpus without `--apply`. Every command ends with
one of the same [exit codes](exit-codes.md).

PATHS are files or folders. None means the configured [`roots`](configuration.md#roots), else every
folder named `recordings` below the working directory. A REF is a hash or its first digits, a
`rec-` id, a path, or `-` for standard input.
"""

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "Look at a corpus": ("validate", "show", "assemble", "ls", "query", "stats"),
    "Compare and explain": ("diff", "why"),
    "Find what is not used": ("trace", "prune"),
    "Change recordings": ("rehash", "migrate", "normalize", "restore"),
    "Carry out and take back": ("apply", "undo", "history"),
    "Let git help": ("git", "textconv"),
    "Look something up": ("rule", "dialects", "hash", "schema", "config"),
}
"""The commands by what they are for."""


@dataclass(frozen=True)
class Option:
    """An option or argument, as a reader needs it."""

    names: tuple[str, ...]
    value: str
    choices: tuple[str, ...]
    default: str
    is_required: bool
    is_repeatable: bool
    help: str

    @property
    def flag(self) -> str:
        """The name that is known by: the long one."""
        return max(self.names, key=len)

    @property
    def row(self) -> tuple[str, str, str]:
        """Names and value, meaning, default."""
        *others, last = self.names
        names = ", ".join([*map(code, others), code(f"{last} {self.value}".strip())])
        is_said = "epeatable" in self.help or "several times" in self.help
        more = [" Repeatable."] if self.is_repeatable and not is_said else []
        if not all(choice in self.help for choice in self.choices):
            more.append(f" One of {', '.join(map(code, self.choices))}.")
        more += [" Required."] if self.is_required else []
        default = code(self.default) if self.default else ""
        return names, f"{prose(self.help, commands='')}{''.join(more)}", default


@dataclass(frozen=True)
class Command:
    """A command, as a reader needs it."""

    name: str
    details: str
    arguments: tuple[Option, ...]
    options: tuple[Option, ...]

    @property
    def usage(self) -> str:
        """How it is called."""
        needed = [f"{one.names[-1]} {one.value}" for one in self.options if one.is_required]
        optional = ["[OPTIONS]"] if len(needed) < len(self.options) else []
        arguments = [
            one.value if one.is_required or one.value[0] == "[" else f"[{one.value}]"
            for one in self.arguments
        ]
        return " ".join(["recctl", self.name, *optional, *needed, *arguments])


def commands() -> Iterator[Command]:
    """All commands, in the order of the help."""
    group: Any = typer.main.get_command(_app)
    for name in COMMANDS:
        found = group.get_command(None, name)
        options = [(one.param_type_name, _option(one, found.annotations)) for one in found.params]
        yield Command(
            name,
            found.help.partition("\n\n")[2],
            tuple(one for kind, one in options if kind == "argument"),
            tuple(one for kind, one in options if kind == "option"),
        )


def _of_itself() -> str:
    """What recctl takes without a command."""
    group: Any = typer.main.get_command(_app)
    options = [_option(one, {}) for one in group.params]
    return f"### Without a command\n\n{_options(options)}"


def _option(parameter: Any, annotations: Mapping[str, Any]) -> Option:
    kind = annotations.get(parameter.name)
    choices = tuple(_choices(kind))
    default = parameter.default
    shown = default.value if isinstance(default, Enum) else default
    is_flag = not isinstance(default, Enum) and isinstance(default, bool)
    names = (*parameter.opts, *parameter.secondary_opts)
    if is_flag and parameter.secondary_opts:
        shown = names[0] if default else names[-1]
    elif is_flag or default is None:
        shown = ""
    is_option = parameter.param_type_name == "option"
    return Option(
        names,
        "" if is_flag else parameter.metavar or "WORD",
        choices if is_option else (),
        str(shown),
        bool(parameter.required),
        is_option and bool(parameter.multiple),
        parameter.help or "",
    )


def _choices(kind: Any) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(one.value) for one in kind)
    for one in get_args(kind):
        yield from _choices(one)


_SHARED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "General": (
        "",
        "Which of these a command takes, is said with it; `--config` is taken by all.",
        ("--config", "--jobs", "--no-cache", "--color"),
    ),
    "Filters": (
        GLOBS,
        "",
        ("--test", "--model", "--endpoint", "--provider", "--kind", "--where"),
    ),
    "Evidence": (
        EVIDENCE,
        "",
        (
            "--tests",
            "--trace",
            "--accept-failed-runs",
            "--accept-older-runs",
            "--expect-shards",
        ),
    ),
    "Plans": (
        "",
        "A command that changes files makes a plan, which is printed, written down, or carried out"
        " ([receipts](receipts.md)).",
        ("--apply", "--check", "--plan-out", "--format", "--allow-dirty", "--root"),
    ),
}
"""Title -> what help texts say of such options, what else is to be said, and the options."""


_TOLD_ONCE = {
    GLOBS: "What a GLOB is, is told under [filters](#filters).",
    EVIDENCE: "What evidence is, is told under [evidence](#evidence).",
}


def page() -> str:
    """The whole page."""
    known = {one.name: one for one in commands()}
    shared = _shared([*known.values()])
    parts = [_HEAD, "## Overview\n"]
    rows = [
        (purpose if name == names[0] else "", f"[{code(name)}](#{name})", prose(COMMANDS[name]))
        for purpose, names in PURPOSES.items()
        for name in names
    ]
    parts.append(table(("to", "command", "what it does"), rows))
    parts.append("## Options that many commands have\n")
    for title, (text, more, _) in _SHARED.items():
        words = "\n\n".join(filter(None, (prose(text, commands=""), more)))
        parts.append(f"### {title}\n\n{words}\n")
        parts.append(_options([one for one, home in shared.items() if home == title]))
    parts.append(_of_itself())
    for purpose, names in PURPOSES.items():
        parts.append(f"## {purpose}\n")
        parts += [_section(known[name], shared) for name in names]
    return "\n".join(part for part in parts if part)


def _shared(known: Sequence[Command]) -> dict[Option, str]:
    """The options that are explained once -> under which title.

    Of options of one name it is the form that most commands have.
    """
    found = {}
    every = [one for command in known for one in command.options]
    for title, (_, _, names) in _SHARED.items():
        for name in names:
            same = [one for one in every if one.flag == name]
            if title == "Plans" and name == "--format":
                same = [one for one in same if one.help == "How to print the plan."]
            found[max(same, key=same.count)] = title
    return found


def _section(command: Command, shared: Mapping[Option, str]) -> str:
    parts = [
        f"### {command.name}\n",
        f"{prose(COMMANDS[command.name])}\n",
        block(command.usage),
        _details(command.details),
        table(("argument", "meaning"), [_argument(one) for one in command.arguments]),
        _options([one for one in command.options if one not in shared]),
        _also(command, shared),
    ]
    return "\n".join(part for part in parts if part)


def _argument(one: Option) -> tuple[str, str]:
    more = "" if one.is_required else " May be left out."
    return code(
        one.value.removeprefix("-- ")
    ), f"{prose(one.help, commands='') or 'What to do.'}{more}"


def _details(text: str) -> str:
    parts = []
    for paragraph in text.split("\n\n"):
        words = " ".join(paragraph.split())
        for shared, instead in _TOLD_ONCE.items():
            words = words.replace(" ".join(shared.split()), instead)
        if paragraph.startswith("  "):
            parts.append(block(paragraph.strip()))
        else:
            parts.append(f"{prose(words, commands='')}\n")
    return "\n".join(parts)


def _options(options: Sequence[Option]) -> str:
    rows = [one.row for one in options]
    if any(default for *_, default in rows):
        return table(("option", "meaning", "default"), rows)
    return table(("option", "meaning"), [row[:2] for row in rows])


def _also(command: Command, shared: Mapping[Option, str]) -> str:
    """The options that are explained elsewhere, in the order in which they stand there."""
    told = []
    for title in _SHARED:
        flags = [
            code(one.flag)
            for one, home in shared.items()
            if home == title and one in command.options
        ]
        anchor = title.lower().replace(" ", "-")
        told += [f"{', '.join(flags)} ([{title.lower()}](#{anchor}))"] if flags else []
    return f"And {'; '.join(told)}.\n" if told else ""
