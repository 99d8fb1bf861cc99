"""Globs, as recctl reads them: `*` is any text, `?` any character, all else stands for itself.

Brackets are plain, as test ids are full of them, and `*` passes over `/`.
"""

import re
from collections.abc import Callable


def matcher(glob: str, *, any_case: bool = False) -> Callable[[str], bool]:
    """A test of whether a glob matches the whole of a text."""
    first, *others = ["".join("." if one == "?" else re.escape(one) for one in part)
                      for part in glob.split("*")]  # fmt: skip
    # What a star has passed over is never tried again, so that many stars stay fast.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    last = f".*{others[-1]}" if others else ""
    flags = re.DOTALL | (re.IGNORECASE if any_case else 0)
    pattern = re.compile(first + middle + last, flags)
    return lambda text: pattern.fullmatch(text) is not None
