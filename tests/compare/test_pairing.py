"""Which recording became which: by place, by name, by an equal request, by likeness."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.compare.features import Features, features_of, similarity
from recctl.compare.pairing import Item, likened, paired
from recctl.dialects import name_under, published
from recctl.recording import Recording
from tests.build import Document, chat_request, embedding_request, function, tool_request, user
from tests.strategies import json_values

FOLDER = "tests/integration/chat/recordings"
TEST = "tests/integration/chat/test_keeper.py::test_answers"
TEXT = (
    "fog lamp tide keeper harbour beacon stone wind north ship bell rope gull sand wave"
    " oil wick glass storm rock buoy mast sail anchor reef"
)
WORDS = TEXT.split()


def item(request: Document, test_id: str | None = TEST, *, folder: str = FOLDER) -> Item:
    """A recording of a request under the name that today's rules give it."""
    recording = Recording("", {"test_id": test_id, "request": request, "response": {}}, 0)
    return Item(f"{folder}/{name_under(published().target, recording)}", test_id, features(request))


def features(request: Any) -> Features:
    """The features of a request."""
    return features_of(Recording("", {"request": request, "response": {}}, 0))


def chat(*said: str, **parameters: Any) -> Document:
    """A chat in which only the user speaks."""
    return chat_request([user(text) for text in said], **parameters)


def pairs(before: Sequence[Item], after: Sequence[Item]) -> dict[str, str]:
    """The paths that are paired."""
    return {match.before.path: match.after.path for match in paired(before, after)}


# Similarity


def test_equal_requests_are_wholly_alike_and_others_never_are() -> None:
    one = features(chat("Any fog?"))
    assert similarity(one, features(chat("Any fog?"))) == 1
    assert 0.9 < similarity(one, features(chat("Any fog?", seed=1))) < 1


def test_the_test_id_in_a_request_has_no_part_in_its_features() -> None:
    request = tool_request("search", {"query": "fog"})
    assert features({"test_id": "a", **request}) == features({"test_id": "b", **request})


def test_requests_of_different_kinds_have_nothing_in_common() -> None:
    body = {"query": "fog"}
    assert similarity(features({"kwargs": body, "tool_name": "x"}), features({"body": body})) == 0


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (chat("Is there fog at the north pier?"), chat("Is there fog at the south pier?")),
        (chat("Any fog?", model="tide-1"), chat("Any fog?")),
        (chat("Any fog?", temperature=1), chat("Any fog?", temperature=1.0)),
        (embedding_request(["Any fog?"]), chat("Any fog?")),
    ],
)
def test_fewer_differences_are_more_alike(less: Document, more: Document) -> None:
    origin = chat("Is there fog at the south pier?", temperature=1.0)
    if "fog at" not in str(less):
        origin = chat("Any fog?", temperature=1.0)
    assert similarity(features(origin), features(more)) > similarity(
        features(origin), features(less)
    )


@given(json_values(), json_values())
def test_any_two_requests_can_be_compared_in_either_order(one: Any, other: Any) -> None:
    a, b = features({"body": one}), features({"body": other})
    assert 0 <= similarity(a, b) == similarity(b, a) <= 1
    assert similarity(a, a) == 1


def test_a_long_text_is_known_by_a_sample_of_its_words() -> None:
    random = Random(7)  # noqa: S311
    text = " ".join(random.choices(WORDS, k=4000) + [str(n) for n in range(3000)])
    near, far = (
        features(chat(f"{text} fog")),
        features(chat(" ".join(map(str, range(9000, 12000))))),
    )
    assert len(features(chat(text)).words) < 1000
    assert similarity(features(chat(text)), near) > 0.8
    assert similarity(features(chat(text)), far) < 0.6


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_words_are_the_same_whatever_letters_stand_beside_them(text: str) -> None:
    assert features(chat(text)).words <= features(chat(f"{text} é")).words


# Stages


def test_one_place_is_one_recording_whatever_it_asks() -> None:
    before = Item("x/a.json", TEST, features(chat("Any fog?")))
    after = Item("x/a.json", None, features(embedding_request(["tide"])))
    assert pairs([before], [after]) == {"x/a.json": "x/a.json"}


def test_a_recording_that_moved_to_another_folder_keeps_its_name() -> None:
    before, after = (item(chat("Any fog?"), folder=folder) for folder in ("a", "b"))
    decoy = item(chat("Any fog!"), folder="b")
    assert pairs([before], [decoy, after]) == {before.path: after.path}


def test_equal_names_of_other_files_mean_nothing() -> None:
    before = Item("a/notes.json", "a.py::test_a", features(chat("Any fog?")))
    after = Item("b/notes.json", "b.py::test_b", features(embedding_request(["tide"])))
    assert pairs([before], [after]) == {}


def test_a_renamed_test_is_found_by_its_requests() -> None:
    asked = [chat(f"What of the {word}?") for word in WORDS]
    before = [item(request, "tests/test_a.py::test_x") for request in asked]
    after = [item(request, "tests/test_b.py::test_y") for request in asked]
    assert pairs(before, after) == {
        one.path: other.path for one, other in zip(before, after, strict=True)
    }


def test_of_equal_requests_the_tests_of_the_most_alike_names_are_paired() -> None:
    tests = [
        f"tests/test_sea.py::test_{name}[{model}]" for name in ("fog", "tide") for model in "ab"
    ]
    renamed = [one.replace("test_sea", "test_ocean") for one in tests]
    before = [item(chat("Any news?"), one) for one in tests]
    after = [item(chat("Any news?"), one) for one in renamed]
    assert pairs(before, after) == {
        one.path: other.path for one, other in zip(before, after, strict=True)
    }


def test_what_one_test_asks_is_not_given_to_another_that_is_a_little_more_alike() -> None:
    before = item(chat("Is there fog at the north pier today?"), "t.py::test_a")
    own = item(chat("Is there fog at the north pier now, keeper?"), "t.py::test_a")
    other = item(chat("Is there fog at the north pier today, keeper?"), "t.py::test_b")
    assert pairs([before], [own, other]) == {before.path: own.path}


def test_turns_of_one_conversation_are_paired_by_their_position() -> None:
    said = [f"{word} and {WORDS[place - 1]}?" for place, word in enumerate(WORDS)]
    before = [item(chat(*said[: place + 1])) for place in range(len(said))]
    after = [item(chat("Be brief.", *said[: place + 1])) for place in range(len(said))]
    assert pairs(before, after) == {
        one.path: other.path for one, other in zip(before, after, strict=True)
    }


def test_strangers_stay_alone() -> None:
    before, after = item(chat("Any fog?")), item(embedding_request(["tide", "wind"]))
    assert paired([before], [after]) == []
    elsewhere = item(chat("Where do gulls sleep in a storm?"), "other/test_z.py::test_z[q]")
    assert paired([before], [elsewhere]) == []


def test_the_similarity_is_that_of_the_requests() -> None:
    before, after = item(chat("Any fog?")), item(chat("Any fog?", seed=1))
    (match,) = paired([before], [after])
    assert match.similarity == similarity(before.features, after.features)


# What is like another


def test_an_added_recording_is_like_the_one_that_was_left_behind() -> None:
    stays = [item(chat("Any fog?")), item(chat("How high is the tide?"))]
    added = item(chat("How high is the tide?", seed=7))
    assert likened([added], stays)[added.path].before is stays[1]


def test_several_may_be_like_one_but_each_gets_its_own_first() -> None:
    stays = [item(chat(f"What of the {word}?")) for word in WORDS[:4]]
    added = [item(chat(f"What of the {word}?", seed=seed)) for seed in (1, 2) for word in WORDS[:4]]
    found = likened(added, stays)
    assert len(found) == len(added)
    assert {match.before.path for match in found.values()} == {one.path for one in stays}


def test_what_resembles_nothing_is_like_nothing() -> None:
    assert likened([item(embedding_request(["tide"]))], [item(chat("Any fog?"))]) == {}
    assert likened([item(chat("Any fog?"))], []) == {}


# Generated corpora, of which the truth is known


@dataclass
class Corpus:
    """Requests with their tests, and what each became."""

    before: list[tuple[Document, str]]
    after: list[tuple[Document, str]]

    def right(self, seed: int) -> float:
        """The share of pairs that are right; any of several equal partners is."""
        olds = [item(*one) for one in self.before]
        news = [item(*one) for one in self.after]
        truth = {old.path: new for old, new in zip(olds, news, strict=True) if old.path != new.path}
        shuffled = Random(seed)  # noqa: S311
        sides = [
            shuffled.sample(unique, len(unique))
            for unique in (
                list({one.path: one for one in items if one.path not in places}.values())
                for items, places in (
                    (olds, {one.path for one in news}),
                    (news, {one.path for one in olds}),
                )
            )
        ]
        found = {match.before.path: match.after for match in paired(*sides)}
        known = [one for one in sides[0] if one.path in truth]
        right = [
            one.path in found and found[one.path].features.digest == truth[one.path].features.digest
            for one in known
        ]
        assert len(known) > 300
        return sum(right) / len(right)


def made(random: Random) -> list[tuple[Document, str]]:
    """Tests with conversations that grow, with and without tools, some asking the same."""
    corpus = []
    tools = [function("tide", "Give the tide.", port="The port."), function("fog", "Any fog?")]
    for number in range(110):
        test = (
            f"tests/sea/test_{number % 7}.py::test_{WORDS[number % 25]}_{number % 11}[{number % 3}]"
        )
        said = [" ".join(random.choices(WORDS, k=random.randint(3, 30))) for _ in range(5)]
        if number % 10 == 0:
            said = ["Any fog?", "And now?", "Why?", "Since when?", "Until when?"]
        options: dict[str, Any] = {"tools": tools} if number % 2 else {"temperature": number / 100}
        corpus += [(chat(*said[:turn], **options), test) for turn in (1, 2, 4, 5)]
    return corpus


def reworded(random: Random, body: Document) -> None:
    """A few words of one message are other ones."""
    message = random.choice(body["messages"])
    words = message["content"].split()
    words[random.randrange(len(words))] = random.choice(["harpoon", "oyster", "compass"])
    message["content"] = " ".join([*words, "please"])


def instructed(_: Random, body: Document) -> None:
    """A system prompt stands before all messages."""
    body["messages"].insert(0, {"role": "system", "content": "Speak as a keeper of the lamps."})


def continued(random: Random, body: Document) -> None:
    """One more message was said."""
    body["messages"].append(user(" ".join(random.choices(WORDS, k=4))))


def parametrised(_: Random, body: Document) -> None:
    """A parameter is added."""
    body["parallel_tool_calls"] = False


def remodelled(_: Random, body: Document) -> None:
    """Another model is asked."""
    body["model"] = "tide-2-large"


def retooled(_: Random, body: Document) -> None:
    """A tool has another name."""
    for tool in body.get("tools", [])[:1]:
        tool["function"]["name"] = "tide_table"


EDITS = [reworded, instructed, continued, parametrised, remodelled, retooled]


@pytest.mark.parametrize("edits", [*([one] for one in EDITS[:-1]), EDITS])
@pytest.mark.parametrize("rename", ["", "file", "function"])
def test_nearly_all_pairs_of_a_generated_corpus_are_right(edits: list[Any], rename: str) -> None:
    random = Random(f"{len(edits)} {rename}")  # noqa: S311
    before = made(random)
    after = []
    for request, test in before:
        new = deepcopy(request)
        random.choice(edits)(random, new["body"])
        new["model"] = new["body"]["model"]
        renamed = {
            "": test,
            "file": test.replace("/test_", "/test_deep_", 1),
            "function": test.replace("::test_", "::test_that_", 1),
        }[rename]
        after.append((new, renamed))
    assert Corpus(before, after).right(1) >= 0.99


@pytest.mark.parametrize("edits", [[reworded], EDITS])
def test_what_was_really_added_is_seldom_paired_with_what_was_really_removed(
    edits: list[Any],
) -> None:
    random = Random(len(edits))  # noqa: S311
    before, after, truth = [], [], {}
    for number in range(240):
        said = [" ".join(random.choices(WORDS, k=random.randint(5, 30))) for _ in range(3)]
        request = chat(*said)
        keeper = "You keep the lamps at sea. Answer briefly and never guess; name port and hour."
        request["body"]["messages"].insert(0, {"role": "system", "content": keeper})
        test = f"tests/sea/test_{number % 7}.py::test_{WORDS[number % 25]}_{number % 60}"
        old, new = item(request, test), deepcopy(request)
        random.choice(edits)(random, new["body"])
        if number % 6 != 0:
            before.append(old)
        if number % 6 != 1:
            after.append(item(new, test))
        if number % 6 > 1:
            truth[old.path] = after[-1].path
    found = pairs(before, after)
    assert sum(found.get(old) == new for old, new in truth.items()) >= 0.99 * len(truth)
    orphans = {one.path for one in before} - truth.keys()
    assert len(orphans & found.keys()) <= 0.25 * 40


# Invariants

REQUESTS = st.builds(
    lambda words, seed, model: chat(*words, seed=seed, model=model),
    st.lists(
        st.sampled_from(["Any fog?", "Why?", "The tide is high today.", "Go on."]), max_size=3
    ),
    st.integers(0, 2),
    st.sampled_from(["a", "b"]),
)
TESTS = st.sampled_from([None, "a.py::test_a[x]", "a.py::test_a[y]", "b.py::test_a[x]"])
ITEMS = st.lists(
    st.builds(item, REQUESTS, TESTS, folder=st.sampled_from(["a/recordings", "b/recordings"])),
    max_size=12,
    unique_by=lambda one: one.path,
)


@settings(max_examples=60)
@given(ITEMS, ITEMS, st.randoms(use_true_random=False))
def test_a_recording_is_in_one_pair_at_most_whatever_the_order(
    before: list[Item], after: list[Item], random: Random
) -> None:
    found = paired(before, after)
    assert len({match.before.path for match in found}) == len(found)
    assert len({match.after.path for match in found}) == len(found)
    again = paired(random.sample(before, len(before)), random.sample(after, len(after)))
    assert again == found


@settings(max_examples=60)
@given(ITEMS, ITEMS)
def test_swapped_sides_give_the_same_pairs(before: list[Item], after: list[Item]) -> None:
    one_way = {(match.before.path, match.after.path) for match in paired(before, after)}
    other_way = {(match.after.path, match.before.path) for match in paired(after, before)}
    assert one_way == other_way


@settings(max_examples=30)
@given(ITEMS)
def test_a_side_is_paired_with_itself_place_by_place(items: list[Item]) -> None:
    assert pairs(items, items) == {one.path: one.path for one in items}


@pytest.mark.parametrize("kinds", [1, 10, 1000])
def test_a_thousand_of_one_test_are_paired_with_a_thousand(kinds: int) -> None:
    requests = [chat(f"Which ship is number {number % kinds}?") for number in range(1000)]
    before = [
        Item(f"a/{number}.json", TEST, features(request)) for number, request in enumerate(requests)
    ]
    after = [
        Item(f"b/{number}.json", TEST, features({**request, "body": {**request["body"], "n": 1}}))
        for number, request in enumerate(requests)
    ]
    found = pairs(before, after)
    assert len(found) == 1000
    same = [int(a[2:-5]) % kinds == int(b[2:-5]) % kinds for a, b in found.items()]
    assert sum(same) >= 990


# Work


def said(random: Random, count: int, of: int = 3_000) -> str:
    return " ".join(f"w{random.randrange(of)}" for _ in range(count))


def test_what_a_recording_tells_is_added_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(5)  # noqa: S311
    before, after = ([item(chat(said(random, 300))) for _ in range(60)] for _ in range(2))
    added = []

    def counted(some: Iterable[int]) -> Iterator[int]:
        added.append(1)
        return accumulate(some)

    monkeypatch.setattr("recctl.compare.pairing.accumulate", counted)
    assert pairs(before, after) == {}
    assert len(added) == len(before) + len(after)


def test_a_very_long_text_and_short_ones_may_have_no_sample_in_common() -> None:
    random = Random(5)  # noqa: S311
    long = [item(chat(said(random, 20_000, 1_000_000)))]
    assert pairs(long, [item(chat(said(random, 258))) for _ in range(200)]) == {}
