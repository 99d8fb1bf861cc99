"""Recorded text inside Markdown, so that nothing in it is markup."""

import re


def code(value: str) -> str:
    """An inline code span: longer backticks than any within (CommonMark, section 6.1)."""
    ticks = "`" * (longest_run(value) + 1)
    space = " " if not value or value.startswith("`") or value.endswith("`") else ""
    return f"{ticks}{space}{value}{space}{ticks}"


def longest_run(text: str) -> int:
    """How many backticks stand together at most."""
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def code_cell(value: str) -> str:
    """A code span in a table, in which a bar would end the cell even there."""
    return code(value).replace("|", r"\|")


def escaped(text: str) -> str:
    """Text between words of Markdown. A comment keeps GitHub from taking an @ for a mention."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", text).replace("@", "@<!-- -->")
