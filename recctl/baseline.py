"""The findings that a team has decided to live with (schemas/baseline.schema.json).

An entry is a file, a rule and a place in the file; lines and messages may change. A file of its
own kind of finding may appear several times, and then as often as the entry stands there.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from recctl.diagnostics import Finding
from recctl.errors import UnreadableError, UsageError
from recctl.files import read
from recctl.safetext import argument, one_line

VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """A finding that is known: its file, counted from the baseline's folder, rule and pointer."""

    path: str
    rule: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings of a baseline file, each as often as it is known."""

    file: Path
    entries: tuple[Known, ...] = ()

    @classmethod
    def read(cls, file: Path) -> Self:
        """The baseline in a file. Raises UsageError for what is none, or of another version."""
        place = one_line(file)
        try:
            document = json.loads(read(file).decode("utf-8"))
        except UnreadableError as error:
            raise UsageError(
                f"baseline {place}: {error}; make one with:"
                f" recctl validate --write-baseline={argument(str(file))}"
            ) from None
        except (ValueError, RecursionError):
            raise UsageError(f"baseline {place}: not JSON; {_advice(file)}") from None
        version = document.get("version") if isinstance(document, dict) else None
        if version != VERSION:
            raise UsageError(
                f"baseline {place}: not a baseline of version {VERSION}; {_advice(file)}"
            )
        try:
            entries = tuple(
                Known(*(_text(entry, key) for key in ("path", "rule", "pointer")))
                for entry in document["findings"]
            )
        except (KeyError, TypeError):
            raise UsageError(
                f"baseline {place}: a finding lacks its path, rule or pointer;"
                " see: recctl schema baseline"
            ) from None
        return cls(file, entries)

    @classmethod
    def of(cls, findings: Iterable[Finding], file: Path, kept: Iterable[Known] = ()) -> Self:
        """The baseline that holds findings, and entries of an older one, to be put into a file."""
        made = [_known(finding, file) for finding in findings]
        return cls(file, tuple(sorted([*made, *kept])))

    def text(self) -> str:
        """The file's text: a line for each finding, so that branches can be merged."""
        rows = [
            json.dumps({"path": one.path, "rule": one.rule, "pointer": one.pointer})
            for one in self.entries
        ]
        lines = "".join(f"\n    {row}," for row in rows).removesuffix(",")
        listed = f"[{lines}\n  ]" if rows else "[]"
        return f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'

    def split(self, findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Known, ...]]:
        """The findings that are not known, and the entries that none of the findings is."""
        left = Counter(self.entries)
        new = []
        for finding in findings:
            known = _known(finding, self.file)
            if left[known] > 0:
                left[known] -= 1
            else:
                new.append(finding)
        return tuple(new), tuple(sorted(left.elements()))

    def place_of(self, path: str) -> str:
        """A path, counted from the baseline's folder, as entries have it."""
        return _from_folder(path, self.file)


def _advice(file: Path) -> str:
    return f"delete it, then: recctl validate --write-baseline={argument(str(file))}"


def _known(finding: Finding, file: Path) -> Known:
    return Known(_from_folder(finding.path, file), finding.name, finding.pointer)


def _from_folder(path: str, file: Path) -> str:
    return Path(os.path.relpath(path, file.parent)).as_posix()


def _text(entry: Any, key: str) -> str:
    if not isinstance(entry[key], str):
        raise TypeError
    return str(entry[key])
