"""Comparisons as text, Markdown and JSON values; nothing that was recorded acts on a reader."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.compare import Comparison, Difference, Line, Statement
from recctl.difference import ABSENT
from recctl.recording import Recording
from recctl.render.comparison import (
    as_document,
    as_markdown,
    as_text,
    marked_up,
)
from tests.build import Document, chat_answer, chat_request
from tests.compare.reading import compared, recorded

ASKED = recorded(chat_request("Is the lamp lit?"), chat_answer("Yes."))
ASKED_MORE = recorded(chat_request("Is the bell lit?", seed=7), chat_answer("No."))
WORDS = Statement("message `a` edited", (Line("words", "the [-lamp-]{+bell+} is"),))
EVIL = "\x1b[31m <img src=x> `a` ``` @ogx | *b* \u202e \r\n\ud800 [-x-]"


def test_text_has_both_sides_under_headings() -> None:
    assert [line.plain for line in as_text(compared(ASKED, ASKED_MORE))] == [
        "Request",
        "message 1 (user) edited",
        "  ~ Is the [-lamp-]{+bell+} lit?",
        "parameter `seed` added",
        "  + 7",
        "",
        "Response",
        "answer edited",
        "  - Yes.",
        "  + No.",
        "1 volatile difference hidden; shown by --show-volatile",
    ]


def test_of_the_same_recordings_nothing_is_printed() -> None:
    same = compared(ASKED, ASKED)
    assert (list(as_text(same)), as_markdown(same)) == ([], "")


def test_words_that_went_and_came_are_colored() -> None:
    (_, line) = as_text(Comparison(statements=(WORDS,)))
    styles = {line.plain[span.start : span.end]: span.style for span in line.spans}
    assert styles == {"[-lamp-]": "red", "{+bell+}": "green"}


def test_markdown_has_a_fence_below_each_statement() -> None:
    assert as_markdown(compared(ASKED, ASKED_MORE)) == (
        "**Request**\n\n"
        "- message 1 (user) edited\n\n"
        "  ```diff\n  ~ Is the [-lamp-]{+bell+} lit?\n  ```\n\n"
        "- parameter `seed` added\n\n"
        "  ```diff\n  + 7\n  ```\n\n"
        "**Response**\n\n"
        "- answer edited\n\n"
        "  ```diff\n  - Yes.\n  + No.\n  ```\n\n"
        "*1 volatile difference hidden; shown by --show-volatile*\n"
    )


@pytest.mark.parametrize("kind", ["context", "removed", "added", "words"])
def test_recorded_text_is_harmless(kind: Any) -> None:
    said = Comparison(statements=(Statement(f"tool `{EVIL}` added", (Line(kind, EVIL),)),))
    shown = [line.plain for line in as_text(said)]
    markdown = as_markdown(said)
    for text in ("\n".join(shown), markdown):
        assert not set("\x1b\r\u202e\ud800") & set(text)
    assert len(shown) == 2
    fence = markdown.partition("\n\n")[2].split("\n")
    assert (fence[0], fence[-2]) == ("  ````diff", "  ````")
    assert "(@<!-- -->ogx" in marked_up("message 1 (@ogx) edited")
    assert r"\<img" in marked_up("message 1 (<img>) edited")


def test_a_headline_keeps_its_code() -> None:
    assert marked_up("tool `a_b` renamed to `c|d`") == "tool `a_b` renamed to `c|d`"
    assert marked_up("message 2 (x_y) edited") == r"message 2 (x\_y) edited"


def test_differences_become_operations() -> None:
    found = (
        Difference("/a", ABSENT, None),
        Difference("/b", 1, ABSENT),
        Difference("/c", None, 2),
    )
    assert as_document(Comparison(request=found, response=found[:1])) == {
        "request": [
            {"op": "add", "pointer": "/a", "before": None, "after": None},
            {"op": "remove", "pointer": "/b", "before": 1, "after": None},
            {"op": "replace", "pointer": "/c", "before": None, "after": 2},
        ],
        "response": [{"op": "add", "pointer": "/a", "before": None, "after": None}],
    }


PASSWORDS = ("hunter2hunter2", "correcthorse")


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "token", "client_secret", "apiKey", "x-api-key", "pwd"]
)
@pytest.mark.parametrize("as_arguments", [False, True])
def test_what_a_name_makes_a_secret_is_not_shown(name: str, as_arguments: bool) -> None:
    def asked(value: str) -> Recording:
        if not as_arguments:
            return recorded({**chat_request("Hi"), "body": {name: value}})
        call = {"function": {"name": "log_in", "arguments": json.dumps({name: value})}}
        return recorded({**chat_request("Hi"), "body": {"messages": [{"tool_calls": [call]}]}})

    sides = [asked(value) for value in PASSWORDS]
    none = recorded(chat_request("Hi"))
    for before, after in ((sides[0], sides[1]), (none, sides[0]), (sides[0], none)):
        found = compared(before, after)
        for text in (
            "\n".join(line.plain for line in as_text(found)),
            as_markdown(found),
            json.dumps(as_document(found)),
        ):
            assert "not shown" in text
            assert not any(password in text for password in PASSWORDS)


def test_a_password_in_a_value_that_came_whole_is_not_shown() -> None:
    login = {"user": "keeper", "password": PASSWORDS[0]}
    found = compared(recorded(chat_request("Hi")), recorded(chat_request("Hi", login=login)))
    for text in (as_markdown(found), json.dumps(as_document(found))):
        assert PASSWORDS[0] not in text


def test_names_that_only_sound_like_secrets_are_shown() -> None:
    bodies: list[Document] = [
        {"max_tokens": 5, "page_token": "a1", "schema": {"password": {"type": "a"}}},
        {"max_tokens": 6, "page_token": "b1", "schema": {"password": {"type": "b"}}},
    ]
    before, after = ({**chat_request("Hi"), "body": body} for body in bodies)
    document = as_document(compared(recorded(before), recorded(after)))
    shown = {one["pointer"]: (one["before"], one["after"]) for one in document["request"]}
    assert shown == {
        "/body/max_tokens": (5, 6),
        "/body/page_token": ("a1", "b1"),
        "/body/schema/password/type": ("a", "b"),
    }


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_any_text_can_be_printed(before: str, after: str) -> None:
    one, other = (recorded(chat_request(text)) for text in (before, after))
    found = compared(one, other)
    for text in (*(line.plain for line in as_text(found)), as_markdown(found)):
        text.encode("utf-8")
    assert all("\n" not in line.plain for line in as_text(found))
