"""What a stranger wrote into a recording is shown and never obeyed, whoever reads it."""

import base64
import json
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recctl.hashing import canonical
from recctl.safetext import harmless, one_line, shortened
from tests.build import (
    Document,
    assistant_call,
    chat_answer,
    chat_request,
    chat_stream,
    exception,
    function,
    recording,
    tool_call_stream,
    tool_message,
    tool_request,
    tool_result,
    user,
    write,
)
from tests.cli import needs_posix, run, run_here, run_on_terminal

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LINE_ENDS = "\u2028\u2029"

HOSTILE = {
    "colors": "red \x1b[31mlamp\x1b[0m",
    "a cleared screen": "\x1b[2J\x1b[H\x1bc",
    "a window title": "\x1b]0;owned\x07\x1b]2;owned\x1b\\",
    "a link": "\x1b]8;;https://siren.example\x1b\\lamp\x1b]8;;\x1b\\",
    "a clipboard": "\x1b]52;c;c2lyZW4=\x07",
    "C1 controls": "\x9b31mlamp\x9d0;owned\x9c\x90q\x9c\x85",
    "bells and backspaces": "lamp\x07\x08\x08\x08\x08siren\x7f",
    "zero bytes": "la\0mp",
    "carriage returns": "lamp\rsiren\r\nnext\r",
    "reversed text": f"lamp {BIDI} siren",
    "other line ends": f"lamp{LINE_ENDS}siren\x0b\x0c\x1c\x1d\x1e",
    "lone surrogates": "la\ud83dmp \udc80\udfff",
    "tabs": "\tlamp\t\tsiren",
    "markup of rich": "[bold red]lamp[/bold red] [link=https://siren.example]x[/link] [/]",
    "markdown": "# Lamp\n\n**bold** <script>alert(1)</script> ![x](https://siren.example/x.png)",
    "fences": "```\nlamp\n```\n~~~\n````text\n# Siren\n`````\n",
    "backticks": "`lamp` ``siren`` `",
}

every_text = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def unsafe(printed: str) -> set[str]:
    """The characters that a terminal might obey."""
    return {
        one
        for one in printed
        if (unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t") or one in BIDI
    }


def everywhere(text: str) -> list[tuple[str, Document]]:
    """Recordings that hold a text wherever text can be."""
    test = f"tests/integration/chat/test_lamp.py::test_lights[{text}]"
    tool = function("tide_table", text, place=text)
    said = [
        {"role": "system", "content": text},
        user(text),
        assistant_call(text, text, text),
        tool_message(text, text),
        {"role": text, "content": [{"type": "text", "text": text}, {"type": text, "x": text}]},
    ]
    refused = exception(text, kind=text)
    error = {"error": {"message": text}}
    streamed = chat_stream([text, text], model=text, finish=text)
    streamed["body"].append(error)
    return [
        recording(
            chat_request(said, model=text, tools=[tool], stop=[text], stream=True, user=text),
            streamed,
            test_id=test,
        ),
        recording(
            chat_request(text, model=text, metadata={"provider": text}),
            tool_call_stream(text, [json.dumps({"place": text}), text], call_id=text, model=text),
            test_id=test + "1",
        ),
        recording(
            {**chat_request(text), "endpoint": text, "url": f"https://x/{text}"},
            chat_answer(text, model=text, finish=text),
            test_id=test + "2",
        ),
        recording(chat_request(text, seed=1), refused, test_id=test + "3"),
        recording(
            tool_request(text, {text: text}, provider=text),
            {**tool_result(text), "status": 200},
            test_id=test + "4",
        ),
        recording(chat_request(text, seed=2), {"body": {text: text}, "is_streaming": False}),
    ]


@pytest.fixture
def corpus(text: str, tmp_path: Path) -> Path:
    """A corpus that holds the text everywhere; each recording has a finding or more."""
    for number, (_, document) in enumerate(everywhere(text)):
        document[text] = text
        write(tmp_path, "recordings", (f"{number:064x}.json", document))
    return tmp_path


@every_text
def test_validate_prints_nothing_to_obey(text: str, corpus: Path) -> None:
    ran = run_here("validate", corpus)

    assert ran.code == 1
    assert unsafe(ran.stdout + ran.stderr) == set()


@every_text
def test_validate_prints_a_line_for_a_finding(text: str, corpus: Path) -> None:
    findings = run_here("validate", corpus, "--format", "json").json["findings"]

    ran = run_here("validate", corpus, "--format", "concise")

    assert len(ran.lines) == len(findings)


@every_text
def test_ls_prints_a_line_a_recording_and_nothing_to_obey(text: str, corpus: Path) -> None:
    ran = run_here("ls", corpus)

    assert (ran.code, len(ran.lines)) == (0, 7)
    assert unsafe(ran.stdout + ran.stderr) == set()


@every_text
def test_show_prints_nothing_to_obey(text: str, corpus: Path) -> None:
    for number in range(6):
        for options in ([], ["--reasoning"], ["--split-reasoning"], ["--chunks"]):
            ran = run_here("show", f"{number:064x}", corpus, *options)
            assert ran.code == 0
            assert unsafe(ran.stdout + ran.stderr) == set()


@needs_posix
@every_text
def test_a_terminal_is_given_nothing_to_obey(text: str, corpus: Path) -> None:
    for arguments in (["validate"], ["ls"], ["show", "0" * 64], ["show", "0" * 64, "--raw"]):
        ran = run_on_terminal(*arguments, ".", *COLORLESS.get(arguments[0], ()), cwd=corpus)
        assert ran.code in (0, 1)
        assert unsafe(ran.stdout + ran.stderr) == set()


COLORLESS = {"validate": ("--color", "never"), "show": ("--color", "never")}


@needs_posix
@every_text
def test_a_terminal_in_color_is_given_our_own_sequences_only(text: str, corpus: Path) -> None:
    ran = run_on_terminal("show", "0" * 64, ".", "--color", "always", cwd=corpus)

    without_color = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout)
    assert unsafe(without_color) == set()
    assert "\x1b[31mlamp" not in ran.stdout


@needs_posix
@every_text
def test_paths_and_names_of_files_are_given_to_a_terminal_harmless(
    text: str, tmp_path: Path
) -> None:
    name = re.sub(r"[/\0\ud800-\udfff]", "", text)[:60] + ".json"
    document = recording(chat_request("Fog?"), chat_answer("No."))[1]
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / name).write_bytes(canonical(document))

    for arguments in (["ls", "--format", "paths"], ["validate"], ["ls"]):
        ran = run_on_terminal(*arguments, cwd=tmp_path, env=None)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout)
        assert unsafe(plain + ran.stderr) == set()


@every_text
def test_show_says_what_was_there(text: str, corpus: Path) -> None:
    ran = run_here("show", f"{2:064x}", corpus, "--part", "response")

    shown = "".join(line.strip() for line in ran.lines)
    for line in harmless(text).split("\n"):
        assert line.expandtabs(4).strip() in shown


# Programs get all of it


@every_text
def test_show_as_json_keeps_the_text(text: str, corpus: Path) -> None:
    ran = run_here("show", f"{0:064x}", corpus, "--format", "json")

    assert ran.raw.isascii()
    turns = ran.json["request"]["turns"]
    assert turns[0]["parts"] == [{"kind": "text", "text": text}]
    assert turns[2]["calls"] == [{"name": text, "arguments": text, "id": text}]
    assert ran.json["test_id"].endswith(f"[{text}]")
    assert ran.json["model"] == text


@every_text
def test_ls_as_json_keeps_the_text(text: str, corpus: Path) -> None:
    ran = run_here("ls", corpus, "--format", "jsonl")

    assert len(ran.lines) == 6
    assert json.loads(ran.lines[0])["model"] == text


@every_text
def test_assemble_keeps_the_text(text: str, corpus: Path) -> None:
    ran = run_here("assemble", f"{2:064x}", corpus)

    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert ran.raw.isascii()
    (choice,) = ran.json["object"]["choices"]
    assert choice["message"]["content"] == text
    assert ran.json["transcript"]["choices"][0]["text"] in (text, whole)


@every_text
def test_assemble_prints_nothing_to_obey(text: str, corpus: Path) -> None:
    ran = run_here("assemble", corpus)

    assert (ran.code, len(ran.lines)) == (0, 6)
    assert unsafe(ran.stdout + ran.stderr) == set()


@every_text
def test_validate_as_json_is_json(text: str, corpus: Path) -> None:
    ran = run_here("validate", corpus, "--format", "json")

    assert ran.raw.isascii()
    assert ran.json["summary"]["recordings"] == 6


@every_text
def test_show_raw_in_a_pipe_is_the_file(text: str, corpus: Path) -> None:
    path = corpus / "recordings" / f"{0:064x}.json"

    assert run_here("show", path, "--raw").raw == path.read_bytes()


# Markdown


def tokens(markdown: str) -> list[Any]:
    """All tokens, those within paragraphs too."""
    found = []
    for token in MarkdownIt("commonmark", {"html": True}).parse(markdown):
        found.append(token)
        found += token.children or []
    return found


@every_text
@pytest.mark.parametrize("option", ["--part=all", "--reasoning", "--chunks"])
def test_markdown_holds_no_markup_but_ours(option: str, text: str, corpus: Path) -> None:
    for number in range(6):
        ran = run_here("show", f"{number:064x}", corpus, "--format", "markdown", option)
        kinds = {token.type for token in tokens(ran.stdout)}
        assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_block"}
        assert not kinds & {"blockquote_open", "hr", "ordered_list_open", "em_open"}
        headings = [
            token.content
            for before, token in zip(tokens(ran.stdout), tokens(ran.stdout)[1:], strict=False)
            if before.type == "heading_open"
        ]
        assert headings == ["Request", "Response"]
        assert unsafe(ran.stdout) == set()


@every_text
def test_markdown_cannot_be_broken_out_of(text: str, corpus: Path) -> None:
    ran = run_here("show", f"{2:064x}", corpus, "--format", "markdown", "--part", "response")

    (fence,) = [token.content for token in tokens(ran.stdout) if token.type == "fence"]
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert fence == "".join(f"{line.expandtabs(4)}\n" for line in harmless(whole).split("\n"))


@every_text
def test_markdown_keeps_a_header_on_its_line(text: str, corpus: Path) -> None:
    ran = run_here("show", f"{0:064x}", corpus, "--format", "markdown")

    header = ran.stdout.partition("\n\n")[0].split("\n")
    assert all(re.match(r"- [a-z]+: `", line) for line in header)
    spans = [token.content for token in tokens(ran.stdout) if token.type == "code_inline"]
    assert len(spans) == len(header)
    # CommonMark strips one space on either side where both have one.
    assert one_line(text).strip() in [span.strip() for span in spans]


# Base64


BLOB = base64.b64encode(random.Random(7).randbytes(3_000)).decode()  # noqa: S311
WRAPPED = "\n".join(BLOB[at : at + 76] for at in range(0, len(BLOB), 76))
URL_SAFE = BLOB.replace("+", "-").replace("/", "_")

BLOBS = {
    "bare": BLOB,
    "in a data url": f"data:image/png;base64,{BLOB}",
    "wrapped": WRAPPED,
    "wrapped with carriage returns": WRAPPED.replace("\n", "\r\n"),
    "for urls": URL_SAFE,
    "within words": f"look: {BLOB} there",
}

every_blob = pytest.mark.parametrize("blob", BLOBS.values(), ids=BLOBS.keys())


def shown(request: Document, response: Document, *options: str, test_id: str = "t.py::t") -> str:
    _, document = recording(request, response, test_id=test_id)
    return run_here("show", "-", *options, stdin=canonical(document)).stdout


def assert_shortened(printed: str, times: int = 1) -> None:
    assert len(re.findall(r"\(base64, [34],\d{3} characters\)", printed)) == times
    assert len(max(printed.split("\n"), key=len)) < 400
    assert BLOB[200:260] not in printed
    assert BLOB[76 * 20 : 76 * 20 + 60] not in printed


@every_blob
def test_base64_in_a_prompt_is_shortened(blob: str) -> None:
    assert_shortened(shown(chat_request(blob), chat_answer("A gull.")))


@every_blob
def test_base64_in_an_image_is_shortened(blob: str) -> None:
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": blob}}]}

    printed = shown(chat_request([message]), chat_answer("A gull."))

    assert_shortened(printed)
    assert "[image] " in printed


@every_blob
def test_base64_in_an_answer_is_shortened(blob: str) -> None:
    assert_shortened(shown(chat_request("Draw a gull."), chat_answer(blob)))


@every_blob
def test_base64_in_the_pieces_of_a_stream_is_shortened(blob: str) -> None:
    pieces = [blob[at : at + 50] for at in range(0, len(blob), 50)]

    assert_shortened(shown(chat_request("Draw a gull.", stream=True), chat_stream(pieces)))


@every_blob
def test_base64_in_the_arguments_of_a_call_is_shortened(blob: str) -> None:
    arguments = json.dumps({"picture": blob})

    printed = shown(
        chat_request("Look.", stream=True), tool_call_stream("see", [arguments], call_id="call_1")
    )

    assert_shortened(printed)


@every_blob
def test_base64_in_the_arguments_of_an_earlier_call_is_shortened(blob: str) -> None:
    said = [user("Look."), assistant_call("call_1", "see", json.dumps({"picture": blob}))]

    assert_shortened(shown(chat_request(said), chat_answer("A gull.")))


@every_blob
def test_base64_in_a_tools_result_is_shortened(blob: str) -> None:
    said = [user("Look."), tool_message("call_1", json.dumps({"picture": blob}))]

    assert_shortened(shown(chat_request(said), chat_answer("A gull.")))


@every_blob
def test_base64_in_a_parameter_is_shortened(blob: str) -> None:
    assert_shortened(shown(chat_request("Look.", picture=blob), chat_answer("A gull.")))


@every_blob
def test_base64_in_json_of_a_format_not_known_yet_is_shortened(blob: str) -> None:
    assert_shortened(shown(tool_request("see", {}), tool_result(blob)))


@every_blob
def test_base64_is_shortened_in_markdown(blob: str) -> None:
    assert_shortened(shown(chat_request(blob), chat_answer("A gull."), "--format", "markdown"))


@pytest.mark.parametrize("where", ["test id", "model", "url", "role", "call id", "exception"])
def test_base64_where_nobody_expects_it_is_shortened(where: str) -> None:
    request, response = chat_request("Look."), chat_answer("A gull.")
    if where == "model":
        request = chat_request("Look.", model=BLOB)
    elif where == "url":
        request["url"] = f"https://x/v1?picture={BLOB}"
    elif where == "role":
        request = chat_request([{"role": BLOB, "content": "Look."}])
    elif where == "call id":
        request = chat_request([assistant_call(BLOB, "see", "{}")])
    elif where == "exception":
        response = exception(f"bad picture: {BLOB}")
    test_id = f"t.py::t[{BLOB}]" if where == "test id" else "t.py::t"

    assert_shortened(shown(request, response, test_id=test_id))


@pytest.mark.parametrize("where", ["model", "test id"])
def test_base64_does_not_widen_a_table(where: str, tmp_path: Path) -> None:
    request = chat_request("Look.", model=BLOB if where == "model" else "tern")
    test_id = f"t.py::t[{BLOB}]" if where == "test id" else "t.py::t"
    write(tmp_path, "recordings", recording(request, chat_answer("A gull."), test_id=test_id))

    ran = run_here("ls", cwd=tmp_path)

    assert max(map(len, ran.lines)) < 500


@every_blob
def test_base64_is_kept_whole_in_json(blob: str) -> None:
    _, document = recording(chat_request(blob), chat_answer(blob))

    sheet = run_here("show", "-", "--format", "json", stdin=canonical(document)).json

    assert sheet["request"]["turns"][0]["parts"][0]["text"] == blob
    assert sheet["response"]["transcript"]["choices"][0]["text"] == blob


def test_the_length_that_is_said_is_that_of_the_base64() -> None:
    assert f"(base64, {len(BLOB):,} characters)" in shortened(f"data:image/png;base64,{BLOB}")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 64,
        "0123456789abcdef" * 8,
        "/".join(["tests", "integration", "chat", "recordings"] * 6) + ".json",
        "the lamp was lit at dusk " * 40,
        "----- " * 60,
        "https://almanac.example.com/tides/gull-bay/springs/and/neaps?year=2026",
    ],
    ids=["hash", "sha512", "path", "prose", "rules", "url"],
)
def test_what_is_no_base64_is_left_whole(text: str) -> None:
    assert shortened(text) == text


@pytest.mark.parametrize("ruler", ["-" * 300, "_" * 300, "=" * 300, "/" * 300, "─" * 300])
def test_a_long_ruler_is_not_called_base64(ruler: str) -> None:
    assert "base64" not in shortened(ruler)


def test_shortening_what_is_almost_base64_takes_no_age() -> None:
    almost = ("Ab3d" * 19 + "\n") * 20_000 + "!"

    assert len(shortened(almost)) < 200


# Every text there is


any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_harmless_text_has_nothing_to_obey(text: str) -> None:
    assert unsafe(harmless(text)) == set()


@given(any_text)
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)

    assert unsafe(line) == set()
    assert not set("\n\t") & set(line)


@given(any_text)
def test_harmless_text_can_always_be_written(text: str) -> None:
    harmless(text).encode("utf-8")
    one_line(text).encode("utf-8")


@given(any_text)
def test_making_harmless_twice_changes_nothing_more(text: str) -> None:
    assert harmless(harmless(text)) == harmless(text)


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(any_text)
def test_shortening_never_lengthens_but_by_a_little(text: str) -> None:
    assert len(shortened(text)) <= len(text) + 60


def test_output_that_is_not_utf8_is_escaped_and_not_refused() -> None:
    _, document = recording(chat_request("Fog \u2026 \U0001f32b?"), chat_answer("\u4e00"))

    ran = run("show", "-", stdin=canonical(document), env={"PYTHONIOENCODING": "latin-1"})

    assert ran.code == 0
    assert b"\\u2026" in ran.raw
