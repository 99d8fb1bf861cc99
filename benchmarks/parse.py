"""The floor of every tool that reads recordings: `python benchmarks/parse.py FOLDER`.

Reads each recording and parses it with the fastest JSON parser at hand, in one thread, and does
nothing with it. Prints which parser that was, and how many files there were.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

_PARSERS = (
    ("orjson", "orjson", "loads"),
    ("msgspec", "msgspec.json", "decode"),
    ("pydantic_core", "pydantic_core", "from_json"),
    ("json", "json", "loads"),
)
"""Distribution, module and function, the fastest first."""


def parser() -> tuple[str, Callable[[bytes], object]]:
    """The fastest parser that can be imported, and its name."""
    for name, module, function in _PARSERS:
        try:
            return name, getattr(import_module(module), function)
        except ImportError:
            continue
    raise AssertionError("json is always there")


def recordings(root: str) -> Iterator[str]:
    """Path of each JSON file in a folder named recordings."""
    for folder, _, files in os.walk(root):
        if os.path.basename(folder) == "recordings":  # noqa: PTH119 - a floor loads no pathlib
            yield from (f"{folder}/{name}" for name in files if name.endswith(".json"))


def main() -> None:
    """Read and parse what is below the folder that the command line names."""
    name, parse = parser()
    count = 0
    for path in recordings(sys.argv[1]):
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            parse(file.read())
        count += 1
    sys.stdout.write(f"{name} {count}\n")


if __name__ == "__main__":
    main()
