"""docs/reference/dialects.md: the hash dialects, in words."""

import tomllib
from collections.abc import Sequence
from typing import Any, get_args

from recctl.config import file
from recctl.dialects import published
from recctl.dialects.steps import Drop, Round, Share, Step, Substitute
from recctl.dialects.table import Dialect, Material, Table
from recctl.recording import Kind
from tests.reference.markdown import block, code, table

_HEAD = """# Dialects

A dialect is a dated set of rules that turn a request into a hash, and the hash into a file name. It
is named after its first day, and takes over the steps of the one that it extends. Recorders have
changed these rules {changes} times; every recording still says by its name which of them it fits.
[`recctl hash FILE`](commands.md#hash) prints a request's hash under each,
[`recctl dialects PATHS`](commands.md#dialects) counts which ones the recordings agree with.

A recording whose name fits the target is **reachable**. The target is the newest dialect, unless
the configuration says another ([`target`](configuration.md#target)). One that fits older dialects
only, or has a short name, is **stale**: good, but not found any more. One that fits none is
**unreachable**: its request or test id was edited after it was recorded, or its file renamed.
"""

_MATERIAL = """## What is hashed

The hash is the sha256, in hex, of the *material* as JSON with sorted keys, `, ` and `: ` between,
and ASCII escapes. What the material is depends on the kind of the recording. Numbers keep their
type: `1` and `1.0` give different hashes. How the hash becomes a file's name is told in
[the format](../format.md#file-names).
"""

_STEPS = """## Steps

To normalize is to apply the steps of a dialect to the body or payload, in this order, whatever the
order in which a dialect names them. Only strings that are values are changed, never keys.

{steps}
Several `substitute` steps are applied one after the other, the newest dialect's first. Of several
`round` steps the newest counts. The url's path decides about the test id, and many clients' base
urls end in `/v1`: then `/v1/models` is called as `/v1/v1/models`, which is not shared.
"""

_STEP_WORDS = {
    "substitute": "in every string, each match of `pattern`, a regular expression of Python,"
    " becomes `with`; or, read as a number, is written with `digits` decimals",
    "round": "every float is rounded to `digits` decimals",
    "drop": "the value at `path`, counted from the body, is left out; with `host`, only where that"
    " occurs in the url's host; with `in-lists`, an object that is an item of a list counts as a"
    " body too",
    "test-id": "the test id becomes part of the material",
    "share": "of requests to the url path `path` it does not: they serve every test",
}

_ODDITY = """One oddity is kept as it is: leaving out attributes can bring together text that an
earlier rule would have matched, such as a score. The recorder does not look again, so neither does
recctl.
"""

_OWN = """target = "mine"

[dialects.mine]
extends = "{newest}"
adds = "no seed, no session ids"
steps = [
  {{ step = "drop", path = "/seed" }},
  {{ step = "substitute", pattern = 'session-\\d+', with = "session-0" }},
]
"""

_OWN_HEAD = """## A dialect of your own

If your recorder normalizes more than the published dialects do, say so in the
[configuration](configuration.md#dialects). The steps are applied in front of those of the dialect
that is extended; without `extends` it starts from nothing.
"""

_OWN_TAIL = """1. Write the dialect down, without `target`.
2. `recctl dialects PATHS` counts which recordings agree with it. `recctl hash FILE` shows the hash
   that it gives to one of them.
3. When it gives the names that your recorder asks for, make it the `target`.
4. `recctl rehash` then renames what was recorded before.

A published dialect is a row in `recctl/dialects/dialects.toml`, of the same form. No code changes
for one.
"""


def page() -> str:
    """The whole page."""
    known = published()
    own = _OWN.format(newest=known.target.name)
    known.extended(file.checked(tomllib.loads(own), "the example")["dialects"])
    return "\n".join(
        [
            _HEAD.format(changes=_NUMBERS[len(known.dialects) - 1]),
            "## The published dialects\n",
            table(
                ("dialect", "in use since", "file names", "what it adds"),
                [_row(one) for one in known.dialects],
            ),
            *(_section(one, known) for one in known.dialects),
            _ODDITY,
            _MATERIAL,
            table(("kind", "material"), [_material(kind, known) for kind in Kind]),
            _STEPS.format(steps=_steps()),
            _OWN_HEAD,
            block(own, "toml"),
            _OWN_TAIL,
        ]
    )


_STEP_MODELS = (file.Substitute, file.Round, file.Drop, file.TestId, file.Share)


def _steps() -> str:
    kinds: list[Any] = [one.model_fields["step"].annotation for one in _STEP_MODELS]
    names: list[str] = [get_args(kind)[0] for kind in kinds]
    return table(("step", "what it does"), [(code(one), _STEP_WORDS[one]) for one in names])


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _row(one: Dialect) -> tuple[str, str, str, str]:
    digits = "the hash" if one.hash_digits == 64 else f"{one.hash_digits} digits of the hash"
    return f"[{code(one.name)}](#{one.name})", one.since.isoformat(), digits, one.adds


def _section(one: Dialect, known: Table) -> str:
    place = known.dialects.index(one)
    base = known.dialects[place - 1] if place else None
    own = one.steps[: len(one.steps) - len(base.steps)] if base else one.steps
    if base is not None and own + base.steps != one.steps:
        raise ValueError(f"{one.name} does not extend the one before it")
    head = f"Extends [{code(base.name)}](#{base.name}). " if base else ""
    told = [f"{number}. {_in_words(step)}" for number, step in enumerate(own, 1)]
    rest = "\n".join(told) if told else "No steps: the body is hashed as it is."
    lead = "It adds:\n\n" if told else ""
    return f"### {one.name}\n\n{head}{lead}{rest}\n"


def _in_words(step: Step) -> str:
    match step:
        case Substitute(pattern, None, digits):
            return f"In strings, what matches {code(pattern)} is written with {digits} decimals."
        case Substitute(pattern, text):
            becomes = f"becomes {code(text)}" if text else "is left out"
            return f"In strings, what matches {code(pattern)} {becomes}."
        case Round(digits):
            return f"Floats are rounded to {digits} decimals."
        case Drop(path, host, in_lists):
            where = f" where the url's host contains {code(host)}" if host else ""
            lists = ", in objects that are list items as well" if in_lists else ""
            return f"{code('/' + '/'.join(path))} is left out of the body{where}{lists}."
        case Share(path):
            return f"Recordings of the url path {code(path)} serve every test: no test id for them."
    return "The test id becomes part of the material."


_FORMS = {
    "plain": "{source}",
    "upper": "{source} in upper case",
    "path": "the path of {source}",
    "normalized": "{source}, normalized",
    "constant": "the word {source}",
}


def _material(kind: Kind, known: Table) -> tuple[str, str]:
    material = known.materials[kind]
    told = []
    for key, (form, source) in material.fields.items():
        words = _FORMS[form].format(source=code(source))
        told.append(words if (form, source) == ("plain", key) else f"{code(key)}: {words}")
    return code(kind.value), "; ".join([*told, *_more(material)])


def _more(material: Material) -> Sequence[str]:
    more = ["the test id, as the dialect says"] if material.test_id_by_dialect else []
    if material.lost:
        lost = " and ".join(map(code, material.lost))
        more.append(f"{lost}, which the file does not keep, so that recctl cannot compute the hash")
    if material.retired:
        more.append(f"retired on {material.retired}")
    return more
