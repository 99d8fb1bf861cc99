"""What counts as a recording, where it is looked for, and what a reference means."""

import os
from pathlib import Path

import pytest

from recctl.corpus import Corpus, Entry, find, named, read, resolve
from recctl.dialects import Name
from recctl.errors import NothingFoundError, UnreadableError, UsageError
from tests.build import (
    Recorded,
    chat_answer,
    chat_request,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import needs_posix

LAMP = recording(chat_request("Is the lamp lit?"), chat_answer("It is."))
TIDE = recording(tool_request("tide_table", {"place": "Gull Bay"}), tool_result("06:41"))
MODELS = recording(models_request(), model_list(["fog-horn:1b"]), test_id=None)


def put(root: Path, folder: str, recorded: Recorded = LAMP) -> str:
    """Write a recording and give its path from the root, as a listing has it."""
    return write(root, folder, recorded).relative_to(root).as_posix()


def touch(root: Path, path: str) -> str:
    """Make an empty file at a path below the root."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).touch()
    return path


def found(corpus: Corpus) -> list[str]:
    return [entry.path.as_posix() for entry in corpus.entries]


def strays(corpus: Corpus) -> dict[str, str]:
    return {Path(stray.path).as_posix(): stray.reason for stray in corpus.strays}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "lighthouse"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# Finding


@pytest.mark.parametrize("depth", ["", "tests/", "tests/integration/chat/harbour/pier/"])
def test_a_folder_named_recordings_is_found_at_any_depth(depth: str, here: Path) -> None:
    lamp = put(here, f"{depth}recordings")

    assert found(find([])) == [lamp]


def test_a_folder_responses_below_recordings_counts(here: Path) -> None:
    lamp = put(here, "tests/recordings/responses")

    assert found(find([])) == [lamp]


def test_any_json_file_below_recordings_counts_whatever_its_name(here: Path) -> None:
    named_by_hand = touch(here, "recordings/ship-at-noon.json")

    assert found(find([])) == [named_by_hand]


def test_json_files_elsewhere_do_not_count(here: Path) -> None:
    lamp = put(here, "recordings")
    touch(here, "package.json")
    touch(here, "tests/fixtures/ship.json")

    assert found(find([])) == [lamp]


def test_files_of_a_recordings_name_do_not_count_beside_recordings_folders(here: Path) -> None:
    lamp = put(here, "recordings")
    put(here, "backup")

    assert found(find(["."])) == [lamp]


@pytest.mark.parametrize("folder", [".git", ".venv", "node_modules", "__pycache__", ".cache/deep"])
def test_hidden_folders_and_those_of_other_tools_are_passed_over(folder: str, here: Path) -> None:
    lamp = put(here, "recordings")
    put(here, f"{folder}/recordings")
    put(here, f"recordings/{folder}")

    assert found(find([])) == [lamp]


def test_a_hidden_folder_that_is_named_is_searched(here: Path) -> None:
    lamp = put(here, ".spare/recordings")

    assert found(find([".spare"])) == [lamp]


def test_below_a_named_folder_without_recordings_folders_files_count_by_name(here: Path) -> None:
    lamp, tide, models = (put(here, "seeds/all", one) for one in (LAMP, TIDE, MODELS))
    touch(here, "seeds/all/notes.json")
    touch(here, "seeds/all/abcdef.json")

    assert sorted(found(find(["seeds"]))) == sorted([lamp, tide, models])


def test_without_paths_files_do_not_count_by_name(here: Path) -> None:
    put(here, "seeds")

    with pytest.raises(NothingFoundError, match="the working directory"):
        find([])


def test_a_named_folder_that_is_called_recordings_counts_itself(here: Path) -> None:
    lamp = put(here, "tests/recordings")

    assert found(find(["tests/recordings"])) == [lamp]


def test_a_folder_below_recordings_can_be_named(here: Path) -> None:
    hand_named = touch(here, "tests/recordings/responses/ship.json")

    assert found(find(["tests/recordings/responses"])) == [hand_named]


def test_the_working_directory_may_be_the_recordings_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, "recordings")
    monkeypatch.chdir(here / "recordings")

    assert found(find([])) == [LAMP[0]]


def test_a_named_file_counts_whatever_its_name_and_place(here: Path) -> None:
    letter = touch(here, "letters/from-a-stranger.txt")

    assert found(find([letter])) == [letter]


def test_overlapping_paths_give_one_entry_each(here: Path) -> None:
    lamp = put(here, "tests/recordings")

    corpus = find(["tests", ".", lamp, str(here / lamp), "tests/../tests"])

    assert len(corpus.entries) == 1


def test_entries_are_in_order_of_path(here: Path) -> None:
    paths = [
        touch(here, path)
        for path in (
            "b/recordings/a.json",
            "a-b/recordings/z.json",
            "a/recordings/sub/a.json",
            "a/recordings/b.json",
            "a/recordings/a.json",
        )
    ]

    assert found(find([])) == sorted(paths, key=lambda path: Path(path).parts)


def test_the_order_does_not_depend_on_that_of_the_arguments(here: Path) -> None:
    put(here, "a/recordings")
    put(here, "b/recordings", TIDE)

    assert found(find(["b", "a"])) == found(find(["a", "b"]))


def test_paths_are_given_back_as_they_were_given(here: Path) -> None:
    lamp = put(here, "tests/recordings")

    assert found(find([str(here)])) == [(here / lamp).as_posix()]
    assert found(find(["tests"])) == [lamp]


def test_missing_paths_are_named_and_the_others_searched(here: Path) -> None:
    lamp = put(here, "tests/recordings")

    corpus = find(["lost", "tests", "at/sea"])

    assert corpus.missing == ("lost", "at/sea")
    assert found(corpus) == [lamp]


def test_a_path_with_a_zero_byte_is_a_missing_one(here: Path) -> None:
    assert find(["fog\0horn"]).missing == ("fog\0horn",)


def test_no_recordings_at_all_is_an_error_that_names_the_places(here: Path) -> None:
    (here / "pier").mkdir()
    (here / "quay").mkdir()

    with pytest.raises(NothingFoundError, match="below pier, quay:"):
        find(["pier", "quay"])


# Strays


@pytest.mark.parametrize("name", ["notes.txt", "README", "conflict.json.orig", "archive.JSON"])
def test_a_file_among_recordings_that_is_no_json_is_named(name: str, here: Path) -> None:
    put(here, "recordings")
    touch(here, f"recordings/{name}")

    assert list(strays(find([]))) == [f"recordings/{name}"]


@pytest.mark.parametrize("name", ["._ship.json", ".#ship.json", ".ship.json"])
def test_hidden_files_are_no_recordings_as_editors_and_systems_leave_them(
    name: str, here: Path
) -> None:
    lamp = put(here, "recordings")
    touch(here, f"recordings/{name}")

    assert found(find([])) == [lamp]


def test_hidden_files_are_no_strays(here: Path) -> None:
    put(here, "recordings")
    touch(here, "recordings/.gitkeep")

    assert strays(find([])) == {}


def test_files_outside_recordings_are_no_strays(here: Path) -> None:
    put(here, "recordings")
    touch(here, "test_keeper.py")

    assert strays(find([])) == {}


@needs_posix
def test_a_link_to_a_folder_is_a_stray_and_not_followed(here: Path) -> None:
    lamp = put(here, "recordings")
    put(here.parent, "elsewhere", TIDE)
    (here / "recordings" / "more").symlink_to(here.parent / "elsewhere")

    corpus = find([])

    assert found(corpus) == [lamp]
    assert strays(corpus) == {"recordings/more": "a link to a folder, not followed"}


@needs_posix
def test_a_link_by_a_recordings_ending_is_not_looked_through_even_if_named(here: Path) -> None:
    outside = here.parent / "elsewhere" / "recordings"
    outside.mkdir(parents=True)
    (outside / f"{'a' * 64}.json").write_text("{}")
    put(here, "recordings")
    link = here / "recordings" / "more.json"
    link.symlink_to(outside)

    corpus = find([str(link)])

    assert [entry.path for entry in corpus.entries] == [link]
    with pytest.raises(UnreadableError):
        read(corpus.entries[0])


@needs_posix
def test_a_link_that_is_named_is_followed(here: Path) -> None:
    put(here.parent, "elsewhere/recordings", TIDE)
    (here / "more").symlink_to(here.parent / "elsewhere")

    assert found(find(["more"])) == [f"more/recordings/{TIDE[0]}"]


# Resolving


@pytest.fixture
def corpus(here: Path) -> Corpus:
    """A chat, a tool call and a list of models."""
    for recorded in (LAMP, TIDE, MODELS):
        put(here, "tests/recordings", recorded)
    return find([])


def meant(reference: str, corpus: Corpus) -> str:
    """The file name of the entry that a reference means."""
    return resolve(reference, corpus).path.name


@pytest.mark.parametrize("digits", [4, 5, 12, 63, 64])
def test_digits_of_the_hash_mean_the_recording(digits: int, corpus: Corpus) -> None:
    assert meant(LAMP[0][:digits], corpus) == LAMP[0]


def test_digits_may_be_in_upper_case(corpus: Corpus) -> None:
    assert meant(LAMP[0][:12].upper(), corpus) == LAMP[0]


def test_a_file_name_means_its_recording(corpus: Corpus) -> None:
    assert meant(TIDE[0], corpus) == TIDE[0]


def test_a_model_list_is_meant_by_the_digits_of_its_hash(corpus: Corpus) -> None:
    name = Name.parse(MODELS[0])
    assert name is not None

    assert meant(name.digits[:8], corpus) == MODELS[0]


@pytest.mark.parametrize("end", [None, -5, -9, -13])
def test_a_model_list_is_meant_by_its_name_or_the_start_of_it(
    end: int | None, corpus: Corpus
) -> None:
    assert meant(MODELS[0][:end], corpus) == MODELS[0]


def test_the_digest_tells_model_lists_of_one_hash_apart(here: Path) -> None:
    other = recording(models_request(), model_list(["fog-horn:1b", "tern:2b"]), test_id=None)
    put(here, "recordings", MODELS)
    put(here, "recordings", other)
    corpus = find([])

    assert meant(other[0], corpus) == other[0]
    with pytest.raises(UsageError, match="ambiguous"):
        resolve(other[0][:20], corpus)


def test_a_chat_is_not_meant_by_the_name_of_a_model_list(corpus: Corpus) -> None:
    with pytest.raises(NothingFoundError):
        resolve(f"models-{LAMP[0][:12]}", corpus)


def test_a_full_hash_means_the_recording_of_a_short_name(here: Path) -> None:
    put(here, "recordings/responses", (LAMP[0][:12] + ".json", LAMP[1]))

    assert meant(LAMP[0][:64], find([])) == LAMP[0][:12] + ".json"


def test_an_answers_id_means_the_recording_of_its_name(corpus: Corpus) -> None:
    assert meant(f"rec-{LAMP[0][:12]}", corpus) == LAMP[0]


def test_an_answers_id_means_the_recording_that_holds_it(here: Path) -> None:
    put(here, "recordings", TIDE)
    put(here, "recordings", ("f" * 64 + ".json", LAMP[1]))

    assert meant(f"rec-{LAMP[0][:12]}", find([])) == "f" * 64 + ".json"


def test_an_answers_id_in_upper_case_is_looked_for_in_files_too(here: Path) -> None:
    put(here, "recordings", ("f" * 64 + ".json", LAMP[1]))

    assert meant(f"REC-{LAMP[0][:12].upper()}", find([])) == "f" * 64 + ".json"


def test_several_candidates_are_all_listed(here: Path) -> None:
    names = ["abcd" + digit * 60 + ".json" for digit in "012"]
    for name in names:
        put(here, "recordings", (name, LAMP[1]))

    with pytest.raises(UsageError, match="ambiguous") as raised:
        resolve("abcd", find([]))

    assert str(raised.value).splitlines()[1:] == [
        "  " + str(Path("recordings") / name) for name in names
    ]


def test_of_many_candidates_the_first_are_listed_and_the_rest_counted(here: Path) -> None:
    for number in range(30):
        put(here, "recordings", (f"abcd{number:060}.json", LAMP[1]))

    with pytest.raises(UsageError, match="… and 10 more"):
        resolve("abcd", find([]))


def test_one_name_in_two_folders_is_ambiguous(here: Path) -> None:
    put(here, "a/recordings")
    put(here, "b/recordings")

    with pytest.raises(UsageError, match="ambiguous"):
        resolve(LAMP[0], find([]))


@pytest.mark.parametrize(
    "reference", ["abc", "ship", "", ".json", "models-", "rec-", "rec-abc", "g" * 64, "a" * 65, "-"]
)
def test_a_text_that_cannot_be_a_reference_is_a_usage_error(reference: str, corpus: Corpus) -> None:
    with pytest.raises(UsageError, match="no reference"):
        resolve(reference, corpus)


def test_digits_of_no_recording_are_nothing_found(corpus: Corpus) -> None:
    with pytest.raises(NothingFoundError, match="among 3"):
        resolve("0123456789ab", corpus)


def test_a_files_path_is_meant_as_such(here: Path) -> None:
    lamp = put(here, "recordings")

    assert named(lamp) == Entry(Path(lamp))


def test_a_files_name_in_the_working_directory_is_meant_as_a_path(here: Path) -> None:
    put(here, ".")

    assert named(LAMP[0]) == Entry(Path(LAMP[0]))


def test_a_folder_whose_name_is_like_a_hash_is_not_meant(here: Path) -> None:
    (here / "abcd").mkdir()

    assert named("abcd") is None


def test_a_word_without_a_separator_may_be_a_hash(here: Path) -> None:
    assert named("abcdef012345") is None


def test_a_path_that_leads_nowhere_is_nothing_found(here: Path) -> None:
    with pytest.raises(NothingFoundError, match="no such file"):
        named(os.path.join("recordings", "abcd.json"))  # noqa: PTH118
