"""docs/reference/configuration.md: every key, where else it is set, and an example of it."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from recctl.config import BASELINE, CONFIG_VARIABLE, FILE_NAME, VARIABLES, Settings
from recctl.config.file import Configuration, OwnDialect, checked, schema
from recctl.dialects import published
from recctl.rules import LEFTOVER_RULES, TABLE
from recctl.rules.selection import Choice, choose
from tests.reference.commands import Command, commands
from tests.reference.markdown import block, code, prose, table
from tests.reference.rules import link

_HEAD = f"""# Configuration

recctl needs none. What a team decides for good stands in `{FILE_NAME}`, or in `[tool.recctl]` of
`pyproject.toml`. An option of the command line counts before a variable, a variable before the
file, the file before the default. [`recctl config`](commands.md#config) prints each value and where
it comes from.

The nearest file counts, looked for from the working directory upwards, and no other; beside each
other, `{FILE_NAME}` counts. Paths in it count from its folder. `--config FILE` or the variable
`{CONFIG_VARIABLE}` name another one. An unknown key, a rule that does not exist or a value of the
wrong kind ends every command with one line and exit code 2.

## An example
"""

_EXAMPLE = """roots = ["tests"]                       # where commands look that are given no path
target = "ogx-2026-04-09"               # the dialect that your recorder hashes by
allowed-hosts = ["api.openai.com", "*.openai.azure.com", "localhost"]
ignore = ["usage-not-sent"]
baseline = "recctl-baseline.json"

[severity]
misplaced = "warning"

[per-file-ignores]
"tests/legacy/*" = ["stale"]
"""

_EXAMPLES = {
    "roots": 'roots = ["tests", "packages/client/tests"]',
    "target": 'target = "ogx-2026-04-09"',
    "test-roots": 'test-roots = ["packages/client"]',
    "select": 'select = ["ALL"]',
    "ignore": 'ignore = ["usage-not-sent", "W4"]',
    "severity": '[severity]\nmisplaced = "warning"\nH5 = "info"',
    "per-file-ignores": '[per-file-ignores]\n"tests/legacy/*" = ["stale"]\n"models-*" = ["H"]',
    "baseline": f'baseline = "{BASELINE}"',
    "allowed-hosts": 'allowed-hosts = ["api.openai.com", "*.openai.azure.com", "localhost"]',
    "allowed-types": 'allowed-types = ["openai.types.*", "ollama.*"]',
    "max-size": "max-size = 1048576",
    "jobs": "jobs = 4",
    "cache": "cache = false",
    "dialects": "[dialects.mine]\n"
    'extends = "ogx-2026-04-09"\n'
    'adds = "no seed"\n'
    'steps = [{ step = "drop", path = "/seed" }]',
}

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "target": ("--to",),
    "select": ("--select",),
    "ignore": ("--ignore",),
    "baseline": ("--baseline", "--no-baseline"),
    "jobs": ("--jobs",),
    "cache": ("--no-cache",),
}
"""The options that count before a key; `roots` gives way to PATHS."""

_SELECTORS = """## Which rules are checked

All but those of severity info. `--info` adds these; `select` or `--select` names others instead. A
rule is named by its code (`I302`), its name (`unreachable`) or the beginning of codes (`I3`, `W`);
`ALL` is all. `ignore` and `--ignore` take rules away. Where two of them disagree on a rule, the
longer one counts, and of equally long ones the one that ignores.

`severity` makes a rule an error, a warning or an info. Infos are hidden unless asked for, and never
change the exit code.

Globs of `per-file-ignores` match the whole path, counted from the configuration file. `*` is any
text, `/` included; `?` is any character. A glob without `/` is one of file names.

Fatal [rules](rules.md) are always checked. They cannot be ignored, made less of, or put into a
baseline.

An entry of `ignore`, `per-file-ignores` or the baseline that matches nothing any more is a finding
itself ({unused}), so that none of them hides a later mistake.
Entries of `ignore` are judged where the whole corpus is checked: without PATHS, and with `roots` or
in the configuration's folder or above it. `--write-baseline` with PATHS or `--select` keeps the
entries that it could not judge.

The rule {secret} looks for credentials, and needs a library for it, which comes with the extra
`secrets`: `pip install '.[secrets]'` in a checkout. Without it the rule is not checked, and
selecting it says so. The first time it looks into a suspicious file, the library keeps its compiled
patterns in the user's cache folder.

## Other variables
"""

_VARIABLES = {
    CONFIG_VARIABLE: "The configuration file; then no other is looked for.",
    "RECCTL_CACHE_KEY": "A secret by which machines believe a cache that they share.",
    "RECCTL_DEBUG": "An internal error is shown with the place where it happened.",
    "NO_COLOR": "Text is not colored, unless `--color always`.",
    "FORCE_COLOR": "Text is colored even in a pipe, unless `--color never`.",
    "CI": "Files are as young as their checkout: `recctl prune` gives none a time of grace.",
}


def page() -> str:
    """The whole page."""
    _validate(_EXAMPLE)
    schemas = schema()
    known = tuple(commands())
    defaults = {one.name.replace("_", "-"): one for one in fields(Settings)}
    parts = [_HEAD, block(_EXAMPLE, "toml")]
    parts.append(
        "For an editor that knows JSON Schema, `recctl schema config` prints that of the file"
        " ([schemas](schemas.md#config)).\n"
    )
    rows, sections = [], []
    for name, field in Configuration.model_fields.items():
        key = name.replace("_", "-")
        kind = _kind(schemas["properties"][key])
        default = _default(defaults[key])
        variable = code(VARIABLES[key]) if key in VARIABLES else "none"
        rows.append((f"[{code(key)}](#{key})", kind, prose(field.description or "")))
        facts = (kind, default, variable, _option(key, known))
        _validate(_EXAMPLES[key])
        sections.append(
            f"### {key}\n\n{prose(field.description or '')}\n\n"
            f"{table(('type', 'default', 'variable', 'option'), [facts])}\n"
            f"{block(_EXAMPLES[key], 'toml')}"
        )
    parts += ["## Keys\n", table(("key", "type", "what"), rows)]
    parts.append(
        "In a variable, commas separate the items of a list; an empty one counts as none. Tables"
        " have no variable.\n"
    )
    parts += sections
    unused = ", ".join(link(rule, rule.name, "rules.md") for rule in LEFTOVER_RULES)
    [secret] = [link(rule, rule.name, "rules.md") for rule in TABLE if rule.name == "secret"]
    parts += [_own_dialects(), _SELECTORS.format(unused=unused, secret=secret)]
    parts.append(
        table(
            ("variable", "what it does"), [(code(name), what) for name, what in _VARIABLES.items()]
        )
    )
    return "\n".join(parts)


def _own_dialects() -> str:
    of_file = schema()["$defs"]["OwnDialect"]["properties"]
    rows = []
    for name, field in OwnDialect.model_fields.items():
        key = name.replace("_", "-")
        what = prose(field.description or "The steps, applied in front of those that are extended.")
        rows.append((code(key), _kind(of_file[key]), what))
    return (
        "#### A dialect's keys\n\n"
        f"{table(('key', 'type', 'what'), rows)}\n"
        "The steps are explained under [dialects](dialects.md#steps).\n"
    )


def _kind(found: Mapping[str, Any]) -> str:
    """A value's type in words, from its JSON Schema."""
    match found:
        case {"enum": values}:
            words = "one of " + ", ".join(code(str(value)) for value in values)
        case {"type": "array", "items": {"type": "string"}}:
            words = "list of strings"
        case {"type": "array"}:
            words = "list of tables"
        case {"type": "object", "additionalProperties": {"type": "array"}}:
            words = "table of lists of strings"
        case {"type": "object", "additionalProperties": {"enum": values}}:
            words = "table of " + ", ".join(code(str(value)) for value in values)
        case {"type": "object"}:
            words = "table of tables"
        case {"type": "string", "format": "date"}:
            words = "date"
        case {"type": "integer", "minimum": least}:
            words = f"integer, {least} or more"
        case {"type": "boolean"}:
            words = "`true` or `false`"
        case _:
            words = str(found["type"])
    return words


def _default(field: Any) -> str:
    value = field.default_factory() if callable(field.default_factory) else field.default
    match value:
        case None:
            return "not set"
        case bool():
            return code(str(value).lower())
        case int():
            return f"{value:,}"
        case ():
            return "empty"
    return "empty" if not value else code(str(value))


def _option(key: str, known: tuple[Command, ...]) -> str:
    """The options that count before a key, and whose they are. They must exist."""
    if key == "roots":
        return "PATHS, of most commands"
    told = []
    for flag in _OPTIONS.get(key, ()):
        names = [one.name for one in known if any(flag in opt.names for opt in one.options)]
        if not names:
            raise ValueError(f"no command has {flag}")
        links = ", ".join(f"[{name}](commands.md#{name})" for name in names)
        told.append((code(flag), f"of {links}"))
    if len({whose for _, whose in told}) == 1:
        return f"{', '.join(flag for flag, _ in told)} {told[0][1]}"
    return "; ".join(" ".join(one) for one in told) or "none"


def _validate(example: str) -> None:
    """Raises for an example that recctl would refuse."""
    values = checked(tomllib.loads(example), "the example")
    published().extended(values.get("dialects", {}))
    choose(
        TABLE,
        Choice(
            select=values.get("select"),
            ignore=tuple(values.get("ignore", ())),
            severity=values.get("severity", {}),
            per_file_ignores=values.get("per-file-ignores", {}),
        ),
    )
