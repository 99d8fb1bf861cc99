"""A search-and-replace over a repository is caught: every recording that it broke, and no other.

What it broke is worked out here once more, from the format's rules, with json and hashlib alone.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.baseline import Baseline
from recctl.corpus import find
from recctl.validate import validate
from tests.build import (
    Document,
    Recorded,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    completion_request,
    embedding_request,
    embeddings,
    exception,
    folder_of,
    gemini_request,
    gemini_stream,
    generate_request,
    generate_stream,
    http_answer,
    http_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import Ran, run_here, snapshot
from tests.repository import Work, work

OLD_WORD, NEW_WORD = b"harbour", b"anchorage"
"""The words of the edit; the old one stands in no key of a recording."""

OLD_DIALECT = "ogx-2025-10-04"
RERANK = "https://api.example.org/v1/rerank"
PORTS = ("Oban", "Mallaig", "Tobermory")


# The truth


def hashes(document: Document) -> set[str]:
    """A request's hashes under the rules of October 2025 and of today.

    They differ for the recordings here only in what is taken out of texts since April 2026.
    """
    return {sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()
            for material in materials(document)}  # fmt: skip


def materials(document: Document) -> Iterable[Document]:
    request = document["request"]
    if "tool_name" in request:
        yield {key: request[key] for key in ("provider", "tool_name", "kwargs")}
    elif "payload" in request:
        for payload in (request["payload"], shortened(request["payload"])):
            yield {key: request[key] for key in ("test_id", "url", "method")} | {"payload": payload}
    else:
        endpoint = urlparse(request["url"]).path
        for body in (request["body"], shortened(request["body"])):
            yield {
                "method": request["method"],
                "endpoint": endpoint,
                "body": body,
                "test_id": document["test_id"],
            }


def shortened(value: Any) -> Any:
    """A value whose texts are without the scores and attributes of search results."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"score: ?[\d.]+", "score: __NORMALIZED__", value)
        return re.sub(r",? ?attributes: ?\{[^}]*\}", "", value)
    return value


def is_right(path: Path, content: bytes) -> bool:
    """Whether a file's name is one that its request hashes to."""
    digits = path.stem.removeprefix("models-").partition("-")[0]
    return digits in hashes(json.loads(content))


# A corpus that has seen some years


def owner(folder: str, function: str) -> str:
    """A test's id."""
    return f"tests/integration/{folder}/test_{folder}.py::{function}"


def recordings() -> Iterable[tuple[str, Recorded]]:
    """Forty recordings of all kinds, each with its folder; some are no longer right."""

    def made(
        folder: str, number: int, request: Document, response: Document, **options: Any
    ) -> tuple[str, Recorded]:
        test = owner(folder, f"test_case_{number}")
        return folder_of(test), recording(request, response, test_id=test, **options)

    for number, word in enumerate(["harbour", "quay", "harbours", "mole", "pier"] * 2):
        stream, asked = number > 4, f"Is the {word} lit at {number}?"
        told = f"Yes, {word} {number}."
        answer = chat_stream([told]) if stream else chat_answer(told)
        yield made("chat", number, chat_request(asked, stream=stream), answer)
    for number, port in enumerate(PORTS):
        yield made(
            "chat", 10 + number, completion_request(f"{port} harbour is"), completion(" far.")
        )
        yield made("chat", 20 + number, generate_request(f"{port} is"), generate_stream(["a", "b"]))
        yield made(
            "chat", 30 + number, gemini_request(f"The way to {port}"), gemini_stream(["N", "E"])
        )
        payload = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": f"{port}?"}]}
        yield made(
            "messages",
            number,
            http_request("http://localhost:11434/v1/messages", payload),
            messages_stream(["A ", "harbour."]),
        )
        yield made(
            "messages",
            10 + number,
            http_request(RERANK, {"query": "nearest harbour", "documents": [port]}),
            http_answer({"results": [{"index": 0, "relevance_score": 0.5}]}),
        )
        yield made(
            "search",
            number,
            embedding_request([f"{port} harbour", port]),
            embeddings([[0.5, 0.25], [0.5, 0.125]]),
        )
        yield made(
            "tides",
            number,
            tool_request("tide_table", {"place": f"{port} harbour"}),
            tool_result("6:12"),
        )
    yield made("tides", 20, chat_request("When is high water?"), exception("no such harbour"))
    yield (
        folder_of(None),
        recording(chat_request("Shared: which harbour?"), chat_answer("None."), test_id=None),
    )
    yield folder_of(None), recording(models_request(), model_list(["gull", "tern"]), test_id=None)

    # The same call in two folders: a duplicate.
    yield made(
        "search", 20, tool_request("tide_table", {"place": "Oban harbour"}), tool_result("6:12")
    )

    # What is not part of the hash may change.
    hit = "file: ships.txt, attributes: {'kind': 'harbour'}"
    yield made("search", 30, chat_request(f"Found {hit}. Which?"), chat_answer("The first."))

    # Stale, with the word and without.
    for number, text in enumerate(["harbour, score: 0.25", "mole, score: 0.75"]):
        yield made(
            "search", 40 + number, chat_request(text), chat_answer("Fair."), dialect=OLD_DIALECT
        )

    # Unreachable, because somebody has been here before.
    for number, text in enumerate(["Any harbour?", "Any mole?"]):
        folder, (name, _) = made("chat", 50 + number, chat_request(text), chat_answer("No."))
        _, (_, document) = made("chat", 50 + number, chat_request(f"{text} ?"), chat_answer("No."))
        yield folder, (name, document)


@dataclass(frozen=True)
class Story:
    """What was seen before the edit, after it, and when it was undone."""

    broken: set[str]
    changed: set[str]
    wrong_before: set[str]
    unadopted: Ran
    adopted: Ran
    edited: Ran
    told: Ran
    tree_kept: bool
    restored: Ran

    @property
    def named(self) -> set[str]:
        """The recordings that have findings after the edit."""
        return {one["path"] for one in self.edited.json["findings"]} - {"recctl-baseline.json"}


def replaced(project: Work, old: bytes, new: bytes) -> tuple[set[str], set[str], set[str]]:
    """Replace a word in all recordings, as `sed -i` does.

    Gives those that it changed, those that it broke, and those that were wrong before.
    """
    changed, broken, wrong = set(), set(), set()
    for path, content in project.tree().items():
        if "/recordings/" not in path:
            continue
        edited = content.replace(old, new)
        was_right = is_right(Path(path), content)
        if not was_right:
            wrong.add(path)
        if edited != content:
            changed.add(path)
            project.write(path, edited)
            if was_right and not is_right(Path(path), edited):
                broken.add(path)
    return changed, broken, wrong


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    project = work(tmp_path_factory.mktemp("story") / "project")
    for folder, recorded in recordings():
        write(project.top, folder, recorded)
    unadopted = run_here("validate", "--format", "json", cwd=project.top)
    run_here("validate", "--write-baseline", cwd=project.top)
    project.commit()
    adopted = run_here("validate", "--baseline", cwd=project.top)

    changed, broken, wrong = replaced(project, OLD_WORD, NEW_WORD)
    before = snapshot(project.top)
    edited = run_here("validate", "--baseline", "--format", "json", cwd=project.top)
    told = run_here("validate", "--baseline", cwd=project.top)
    kept = snapshot(project.top) == before
    project.git("checkout", "--", ".")
    restored = run_here("validate", "--baseline", "--format", "json", cwd=project.top)
    return Story(broken, changed, wrong, unadopted, adopted, edited, told, kept, restored)


def test_the_corpus_is_as_old_ones_are(story: Story) -> None:
    rules = {one["name"] for one in story.unadopted.json["findings"]}

    assert story.unadopted.json["summary"]["recordings"] == 40
    assert {"stale", "unreachable", "duplicate"} <= rules
    assert (len(story.changed), len(story.broken), len(story.wrong_before)) == (25, 19, 2)


def test_a_baseline_lets_the_old_corpus_through(story: Story) -> None:
    assert (story.adopted.code, story.adopted.stdout) == (0, "")


def test_the_edit_is_told_by_exactly_the_files_that_it_broke(story: Story) -> None:
    assert story.named == story.broken
    assert story.edited.code == 1


def test_each_broken_file_is_called_unreachable(story: Story) -> None:
    found = story.edited.json["findings"]

    assert {one["path"] for one in found if one["name"] == "unreachable"} == story.broken


def test_the_text_names_the_same_files(story: Story) -> None:
    paths = {line for line in story.told.lines if line.endswith(".json") and not line[0].isspace()}

    assert paths - {"recctl-baseline.json"} == story.broken
    assert story.told.code == 1


def test_what_the_baseline_knows_of_a_broken_file_is_told_as_outdated(story: Story) -> None:
    """A stale recording is not stale any more when it has become unreachable."""
    others = [one for one in story.edited.json["findings"] if one["path"] not in story.broken]

    assert {one["name"] for one in others} == {"unused-baseline"}
    assert any("stale" in one["message"] for one in others)


def test_looking_changes_no_file(story: Story) -> None:
    assert story.tree_kept


def test_when_the_edit_is_undone_nothing_is_left_to_tell(story: Story) -> None:
    assert (story.restored.code, story.restored.json["findings"]) == (0, [])


# Any words, any corpus

WORDS = st.text("jkqvwxz", min_size=4, max_size=6)
"""Words without vowels and hex digits, which occur in no key, type or hash."""


@st.composite
def sentences(draw: st.DrawFn, words: list[str]) -> str:
    """A few of the words, some in places that today's rules leave out of the hash."""
    forms = st.sampled_from(["{}", "{}s", "score: 0.25 {}", "attributes: {{'kind': '{}'}}"])
    chosen = draw(st.lists(st.tuples(forms, st.sampled_from(words)), min_size=1, max_size=3))
    return " ".join(form.format(word) for form, word in chosen)


@st.composite
def corpora(draw: st.DrawFn, words: list[str]) -> dict[str, Recorded]:
    """Recordings by folder and name: chats, tools and plain calls, in two dialects."""
    made = {}
    for number in range(draw(st.integers(1, 5))):
        asked, told = draw(sentences(words)), draw(sentences(words))
        request, response = draw(
            st.sampled_from(
                [
                    (chat_request(asked), chat_answer(told)),
                    (chat_request(asked, stream=True), chat_stream([told])),
                    (tool_request("ask", {"query": asked}), tool_result(told)),
                    (http_request(RERANK, {"query": asked}), http_answer({"results": [told]})),
                ]
            )
        )
        test = owner(draw(st.sampled_from(["chat", "search"])), f"test_{number}")
        dialect = draw(st.sampled_from([None, OLD_DIALECT]))
        name, document = recording(request, response, test_id=test, dialect=dialect)
        if draw(st.integers(0, 5)) == 0:
            name = f"{sha256(name.encode()).hexdigest()}.json"
        made[f"{folder_of(test)}/{name}"] = (name, document)
    return made


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_edit_of_any_corpus_is_told_by_exactly_the_files_that_it_broke(
    data: st.DataObject,
) -> None:
    words = data.draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
    corpus = data.draw(corpora(words))
    old, new = data.draw(st.sampled_from(words)), data.draw(st.sampled_from(words) | WORDS)
    with TemporaryDirectory() as top:
        project = Work(Path(top))
        for path, recorded in corpus.items():
            write(project.top, path.rpartition("/")[0], recorded)
        first = validate(find([top]), whole=True)
        baseline = Baseline.of(first.findings, project.top / "recctl-baseline.json")
        _, broken, _ = replaced(project, old.encode(), new.encode())

        report = validate(find([top]), baseline=baseline, whole=True)

    found = {one.path for one in report.findings if one.name == "unreachable"}
    assert found == {str(project.top / path) for path in broken}
