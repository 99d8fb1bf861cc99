"""The table of dialects, read from `dialects.toml` into frozen values."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from recctl.dialects.steps import AddTestId, Drop, Round, Share, Step, Substitute
from recctl.errors import UsageError, did_you_mean
from recctl.recording import Kind


@dataclass(frozen=True)
class Dialect:
    """Dated rules that turn a request into a hash and the hash into a file name.

    `hash_digits` of the hash stand in file names; `digests` are the algorithms a model list's
    digest may have been made with, the last one the one that is written.
    """

    name: str
    since: date
    adds: str
    hash_digits: int
    digests: tuple[str, ...]
    steps: tuple[Step, ...]

    def takes_test_id(self, url_path: str) -> bool:
        """Whether the test id is part of the material of a request to that path."""
        return self._adds_test_id and url_path not in self._shared_paths

    @cached_property
    def _adds_test_id(self) -> bool:
        return AddTestId() in self.steps

    @cached_property
    def _shared_paths(self) -> frozenset[str]:
        return frozenset(step.path for step in self.steps if isinstance(step, Share))


@dataclass(frozen=True, slots=True)
class Material:
    """What goes into the hash of one kind: key -> (form, source), and what the file lacks."""

    fields: Mapping[str, tuple[str, str]]
    test_id_by_dialect: bool
    lost: tuple[str, ...]
    retired: date | None


@dataclass(frozen=True)
class Table:
    """All that is known of hashes and file names.

    `dialects` has the published ones, oldest first, and after them a team's own. `target` is the
    one by which recordings are looked for today.
    """

    dialects: tuple[Dialect, ...]
    target: Dialect
    materials: Mapping[Kind, Material]
    model_lists: Mapping[str, str]
    beside_test: str
    old_subfolder: str
    shared_folder: str

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all dialects, each once."""
        several = (dialect.steps for dialect in (*self.dialects, self.target))
        return tuple(dict.fromkeys(step for steps in several for step in steps))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each dialect among all, by its name."""
        return {dialect.name: place for place, dialect in enumerate(self.dialects)}

    def find(self, name: str) -> Dialect:
        """The dialect of that name. Raises UsageError, with the nearest name."""
        known = {dialect.name: dialect for dialect in self.dialects}
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(f"no dialect {name!r}{hint or ';'} recctl dialects lists all")
        return known[name]

    def aimed_at(self, name: str) -> Self:
        """The same table with another target. Raises UsageError."""
        return replace(self, target=self.find(name))

    def extended(self, own: Mapping[str, Mapping[str, Any]]) -> Self:
        """The table with a team's own dialects: name -> keys as in `dialects.toml`.

        Each may extend a published one or another of its own. The target stays. Raises UsageError
        for a name that is taken, a base that does not exist, and steps that make no sense.
        """
        known = {dialect.name: dialect for dialect in self.dialects}
        waiting = dict(own)
        for name in own:
            if name in known:
                raise UsageError(f"dialect {name}: there is one of that name already")
        while waiting:
            ready = [name for name, one in waiting.items() if one.get("extends") not in waiting]
            if not ready:
                raise UsageError(f"dialect {min(waiting)}: it extends itself, through others")
            for name in ready:
                base = waiting[name].get("extends")
                if base is not None and base not in known:
                    hint = did_you_mean(base, known)
                    raise UsageError(f"dialect {name}: extends {base!r}, which is none{hint}")
                try:
                    known[name] = _dialect({"name": name, **waiting.pop(name)}, known)
                except (re.error, ValueError, OverflowError) as error:
                    raise UsageError(f"dialect {name}: {error}") from None
        return replace(self, dialects=tuple(known.values()))


@cache
def published() -> Table:
    """The table that comes with recctl. Its target is the newest dialect."""
    text = Path(__file__).with_name("dialects.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    dialects: dict[str, Dialect] = {}
    for entry in data["dialects"]:
        dialects[entry["name"]] = _dialect(entry, dialects)
    return Table(
        dialects=tuple(dialects.values()),
        target=[*dialects.values()][-1],
        materials={Kind(name): _material(entry) for name, entry in data["kinds"].items()},
        model_lists=data["model_lists"],
        beside_test=data["folders"]["beside_test"],
        old_subfolder=data["folders"]["old_subfolder"],
        shared_folder=data["folders"]["shared"],
    )


def _dialect(entry: Mapping[str, Any], older: Mapping[str, Dialect]) -> Dialect:
    base = older[entry["extends"]] if "extends" in entry else None
    own = tuple(_step(step) for step in entry.get("steps", ()))
    return Dialect(
        name=entry["name"],
        since=entry.get("since", base.since if base else date.min),
        adds=entry.get("adds", ""),
        hash_digits=entry.get("hash-digits", base.hash_digits if base else 64),
        digests=tuple(entry.get("digests", base.digests if base else ("sha256",))),
        steps=own + (base.steps if base else ()),
    )


def _step(entry: Mapping[str, Any]) -> Step:
    match entry["step"]:
        case "substitute":
            re.compile(entry["pattern"])
            if ("with" in entry) is ("digits" in entry):
                raise ValueError("a substitute step takes either with or digits")
            return Substitute(entry["pattern"], entry.get("with"), entry.get("digits"))
        case "round":
            return Round(entry["digits"])
        case "drop":
            path = tuple(entry["path"].removeprefix("/").split("/"))
            return Drop(path, entry.get("host", ""), entry.get("in-lists", False))
        case "test-id":
            return AddTestId()
        case "share":
            return Share(entry["path"])
        case other:
            raise ValueError(f"{other} is no step of a dialect")


def _material(entry: Mapping[str, Any]) -> Material:
    fields = {}
    for key, words in entry["material"].items():
        form, source = words.split(" ")
        fields[key] = (form, source)
    return Material(
        fields=fields,
        test_id_by_dialect=entry.get("test_id") == "by dialect",
        lost=tuple(entry.get("lost", ())),
        retired=entry.get("retired"),
    )
