"""Prints the oldest libraries that recctl promises to work with: `python -m tests.lowest`.

They follow from `pyproject.toml`, as constraints for pip: `make lowest` runs all tests with them.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+)")


def constraints() -> list[str]:
    """A line for each library that recctl itself loads, those of the extra `secrets` among them.

    Raises ValueError for a requirement that does not say where it begins, and that alone.
    """
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return list(_exact([*project["dependencies"], *project["optional-dependencies"]["secrets"]]))


def _exact(requirements: Iterable[str]) -> Iterable[str]:
    for requirement in requirements:
        found = _REQUIREMENT.fullmatch(requirement)
        if not found:
            raise ValueError(f"{requirement}: not of the form name>=version")
        yield f"{found['name']}=={found['version']}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in constraints())
