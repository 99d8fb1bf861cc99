"""Reasoning in tags, taken out of an answer's text."""

import pytest

from recctl.transcript import Choice, Transcript
from recctl.wire import reasoning


def split(text: str | None, before: str | None = None) -> tuple[str | None, str | None]:
    """The reasoning and the text of an answer after splitting."""
    choice = Choice(0, "assistant", text=text, reasoning=before)
    whole = Transcript("openai-chat", True, 1, None, None, None, choices=(choice,))
    made = reasoning.split(whole).choices[0]
    return made.reasoning, made.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>fog?</think>No fog.", ("fog?", "No fog.")),
        ("<think>\nfog?\n</think>\n\nNo fog.", ("\nfog?\n", "No fog.")),
        ("<reasoning>a</reasoning><reasoning> b</reasoning>Hi", ("a b", "Hi")),
        (" <think>a</think>Hi", ("a", "Hi")),
        ("<think></think>Hi", ("", "Hi")),
    ],
)
def test_leading_pairs_become_reasoning(text: str, expected: tuple[str, str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize(
    "text",
    ["No tags.", "Later <think>x</think>", "<think>cut off", "<think>x</reasoning>y", "", None],
)
def test_other_text_stays_as_it_is(text: str | None) -> None:
    assert split(text) == (None, text)


def test_reasoning_of_its_own_field_comes_first() -> None:
    assert split("<think>b</think>Hi", before="a") == ("ab", "Hi")
