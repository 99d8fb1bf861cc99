"""Reasoning that a server left in the text, in tags. Source: docs/streams.md, "Reasoning"."""

import re

from recctl.transcript import Choice, Transcript

_PAIR = re.compile(r"\s*<(think|reasoning)>(.*?)</\1>", re.DOTALL)


def split(transcript: Transcript) -> Transcript:
    """A transcript whose texts have their leading reasoning taken out of them."""
    return transcript._replace(choices=tuple(map(_split, transcript.choices)))


def _split(choice: Choice) -> Choice:
    """Pairs of tags that follow one another at the start: Bedrock sends one in each chunk."""
    text, end, found = choice.text or "", 0, []
    while match := _PAIR.match(text, end):
        found.append(match[2])
        end = match.end()
    if not found:
        return choice
    reasoning = "".join([choice.reasoning or "", *found])
    return choice._replace(text=text[end:].lstrip("\n"), reasoning=reasoning)
