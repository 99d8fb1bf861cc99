"""The law of pruning: what a test opens that passes, or of which nothing is known, never goes.

A machine grows corpora, changes, records and commits them, runs suites of several configurations
and packages, and prunes by all evidence that it ever got. What the tests open is found by reading
as the recorder does, and not by anything that pruning is made of.
"""

import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from recctl.errors import UsageError
from recctl.evidence import Ending, Evidence, Opening, Outcome, Run, TestList
from recctl.evidence.spelling import spelled_path
from recctl.gitstore import Blob
from recctl.hashing import canonical
from recctl.prune import Ground
from tests.build import Recorded, chat_answer, chat_request, folder_of, tool_request, tool_result
from tests.build import recording as recorded
from tests.test_prune import SHARED, STALE, UNUSED, pruned, put, removed

FOG, RED, BLUE, SHIP = (
    "tests/a/test_fog.py::test_fog",
    "tests/b/test_buoy.py::test_buoy[red]",
    "tests/b/test_buoy.py::test_buoy[blue]",
    "tests/c/test_ship.py::test_ship",
)
BASES = {"": (FOG, RED, BLUE), "sub": (FOG, SHIP)}
"""Two packages, and the tests that each may have."""

OWNED = [(base, test) for base, tests in BASES.items() for test in tests]
CONFIGURATIONS = "AB"


@dataclass(frozen=True)
class Asked:
    """A request that a test makes: a chat, which is its own, or a tool's call, which is not."""

    text: str
    is_tool: bool = False

    def by(self, test: str, answer: str = "Yes.", dialect: str | None = None) -> Recorded:
        if self.is_tool:
            request, response = tool_request("search", {"query": self.text}), tool_result(answer)
            return _salted(recorded(request, response, test_id=test), dialect)
        if dialect == SALT:
            return _salted(self.by(test, answer), dialect)
        text = f"{self.text} score: 0.5 document" if dialect else self.text
        return recorded(chat_request(text), chat_answer(answer), test_id=test, dialect=dialect)


SALT = "salt"
"""What a recorder goes by that hashes more than any dialect."""


def _salted(made: Recorded, dialect: str | None) -> Recorded:
    name, document = made
    salted = sha256(f"{SALT} {name}".encode()).hexdigest() + ".json"
    return (salted if dialect == SALT else name), document


ASKED = [Asked("fog"), Asked("ice"), Asked("fog", is_tool=True)]
MORE = Asked("ice")
"""What is asked as well where the answer to anything is no."""

ASKS = st.lists(st.sampled_from(ASKED), min_size=1, max_size=2, unique=True)
FOLDERS = ("tests/a/recordings", "tests/b/recordings", "tests/c/recordings", SHARED)
PLACES = st.tuples(
    st.sampled_from(OWNED), st.sampled_from(ASKED), st.sampled_from([*[None] * 8, *FOLDERS])
)
ANSWERS = st.sampled_from(["Yes.", "Yes.", "No."])
GROUNDS: list[Collection[Ground]] = [
    *({one} for one in Ground),
    set(Ground),
    {Ground.UNUSED, Ground.DUPLICATE},
]
GROUNDS += [UNUSED] * len(GROUNDS)
OUTCOMES = st.lists(
    st.sampled_from([*[Outcome.PASSED] * 16, None, *Outcome]), min_size=5, max_size=5
)


@dataclass
class History:
    """A repository as far as pruning asks for it, of whole trees in memory."""

    top: Path
    commits: list[dict[str, bytes]] = field(default_factory=list)

    def commit(self) -> None:
        self.commits.append(self.files())

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.top.rglob("*") if path.is_file())
        return {path.relative_to(self.top).as_posix(): path.read_bytes() for path in paths}

    def head(self) -> str:
        return f"{len(self.commits):040}"

    def is_dirty(self) -> bool:
        here, last = self.files(), self.commits[-1]
        changed = any(here.get(name) != content for name, content in last.items())
        return changed or any(name.endswith(".py") for name in here.keys() - last.keys())

    def resolve(self, commit: str) -> str:
        return commit

    def tree(self, commit: str) -> Mapping[str, Blob]:
        files = self.commits[int(commit) - 1]
        return {
            name: Blob(sha256(content).hexdigest(), 0o100644) for name, content in files.items()
        }

    def staged(self) -> Mapping[str, Blob]:
        return self.tree(self.head())

    def unknown_files(self) -> Collection[str]:
        return self.files().keys() - self.commits[-1].keys()

    def hidden(self) -> Collection[str]:
        return ()

    def kept_out(self) -> Collection[str]:
        return ()

    def place_of(self, _: Path) -> str:
        return ""

    def uncommitted(self, paths: Iterable[Path]) -> Collection[Path]:
        here, last = self.files(), self.commits[-1]
        names = {path: path.relative_to(self.top).as_posix() for path in paths}
        return {path for path, name in names.items() if here.get(name) != last.get(name)}

    def changed_since(self, commit: str) -> frozenset[str]:
        here, then, last = self.files(), self.commits[int(commit) - 1], self.commits[-1]
        return frozenset(
            name
            for name in here.keys() | then.keys()
            if here.get(name) != then.get(name)
            and (name in then or name in last or name.endswith(".py"))
        )


class Suites(RuleBasedStateMachine):
    """No recording that a test opens is ever planned for removal, whatever is known of the test.

    But for what evidence cannot know: that a test which passed opens more in a configuration in
    which it was never run, and by what a recorder goes of which nothing was opened.
    """

    @initialize(
        left_out=st.sets(st.integers(0, len(OWNED) * len(ASKED) - 1), max_size=5),
        places=st.lists(st.tuples(PLACES, ANSWERS), max_size=6),
        asks=st.dictionaries(
            st.tuples(st.sampled_from(OWNED), st.sampled_from(CONFIGURATIONS)), ASKS, min_size=4
        ),
        has_git=st.booleans(),
        is_written=st.booleans(),
        reader=st.sampled_from([None, None, STALE, SALT]),
        keeps_answers=st.booleans(),
    )
    def grow(
        self,
        *,
        left_out: set[int],
        places: list[tuple[tuple[tuple[str, str], Asked, str | None], str]],
        asks: dict[tuple[tuple[str, str], str], list[Asked]],
        has_git: bool,
        is_written: bool,
        reader: str | None,
        keeps_answers: bool,
    ) -> None:
        self.root = Path(mkdtemp(prefix="recctl-")).resolve()
        self.time = 100.0
        self.times: dict[str, float] = {}
        self.asks = asks
        self.is_written = is_written
        self.reader = reader
        self.keeps_answers = keeps_answers
        self.known = Evidence()
        self.claimed: dict[str, str] = {}
        self.ended: set[tuple[tuple[str, str], str]] = set()
        self.listed: set[tuple[str, str]] = set()
        self.ran: set[tuple[str, str]] = set()
        everything = [(owned, asked, None) for owned in OWNED for asked in ASKED]
        for number, one in enumerate(everything):
            if number not in left_out:
                self.write(one, "Yes.")
        for place, answer in places:
            self.write(place, answer)
        self.history = History(self.root) if has_git else None
        self.write_sources()
        self.commit()

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    # Files, and when they were changed by a clock of our own

    def touch(self, path: str) -> None:
        self.time += 10
        self.times[path] = self.time

    def changed(self, path: Path) -> float | None:
        if not path.is_file():
            return None
        return self.times.get(path.relative_to(self.root).as_posix(), 0.0)

    def write(
        self,
        place: tuple[tuple[str, str], Asked, str | None],
        answer: str,
        dialect: str | None = None,
    ) -> None:
        (base, test), asked, folder = place
        where = folder or folder_of(test)
        made = asked.by(test, answer, dialect or self.reader)
        path = put(self.root, made, f"{base}/{where}".lstrip("/"))
        self.claimed.pop(path, None)
        self.touch(path)

    def write_sources(self) -> None:
        for base, tests in BASES.items():
            for test in tests:
                file, _, name = test.partition("::")
                path = self.root / base / file
                path.parent.mkdir(parents=True, exist_ok=True)
                there = {other for (place, other), _ in self.asks if place == base}
                alike = sorted(one for one in there if one.startswith(f"{file}::"))
                text = "import pytest\n"
                if "[" in name:
                    values = [one.partition("[")[2].rstrip("]") for one in alike]
                    given = values if self.is_written else "make()"
                    text += f"@pytest.mark.parametrize('color', {given})\n" if values else ""
                function, argument = name.partition("[")[0], "color" if "[" in name else ""
                text += f"def {function}({argument}): pass\n" if alike else ""
                if not path.exists() or path.read_text() != text:
                    path.write_text(text)
                    self.touch(path.relative_to(self.root).as_posix())

    def commit(self) -> None:
        if self.history is not None:
            self.history.commit()

    # What tests open today: the oracle

    def opened_by(
        self, owned: tuple[str, str], configuration: str, kept: dict[Asked, bytes] | None = None
    ) -> list[str]:
        """What a test opens; `kept` are answers that its process has, by what was asked."""
        base, test = owned
        found = []
        waiting = list(self.asks[owned, configuration])
        asked = set()
        while waiting:
            one = waiting.pop(0)
            asked.add(one)
            answer = (kept or {}).get(one, b"")
            name, _ = one.by(test, dialect=self.reader)
            for folder in (folder_of(test), SHARED):
                path = f"{base}/{folder}/{name}".lstrip("/")
                if not answer and (self.root / path).is_file():
                    found.append(path)
                    answer = (self.root / path).read_bytes()
            if answer and kept is not None and not one.is_tool:
                kept[one] = answer
            if b"No." in answer and MORE not in asked and MORE not in waiting:
                waiting.append(MORE)
        return found

    def needed(self) -> dict[tuple[tuple[str, str], str], list[str]]:
        ran = {owned for owned, _ in self.ended}
        return {
            one: self.opened_by(*one) for one in self.asks if one in self.ended or one[0] not in ran
        }

    # Changes

    @rule(place=PLACES, answer=ANSWERS, dialect=st.sampled_from([None, None, STALE]))
    def record(
        self,
        place: tuple[tuple[str, str], Asked, str | None],
        answer: str,
        dialect: str | None,
    ) -> None:
        self.write(place, answer, dialect)
        self.prune(UNUSED)

    @rule(owned=st.sampled_from(OWNED), asked=st.sampled_from(ASKED), other=st.sampled_from(OWNED))
    def claim(self, owned: tuple[str, str], asked: Asked, other: tuple[str, str]) -> None:
        """A file has the name that one test asks by, and the id of another."""
        (base, test), claimed = owned, other[1]
        # Who asks by a name that no dialect gives, nothing tells.
        if asked.is_tool or claimed == test or self.reader == SALT:
            return
        name, _ = asked.by(test, dialect=self.reader)
        _, document = asked.by(claimed, dialect=self.reader)
        path = put(self.root, (name, document), f"{base}/{folder_of(test)}".lstrip("/"))
        self.claimed[path] = test
        self.touch(path)

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        paths = sorted(self.root.rglob("*.json"))
        if paths:
            data.draw(st.sampled_from(paths)).unlink()

    @rule(data=st.data(), is_committed=st.booleans())
    def answer_otherwise(self, data: st.DataObject, is_committed: bool) -> None:
        """What a test opens has another answer from now on."""
        opened = sorted({path for paths in self.needed().values() for path in paths})
        if not opened:
            return
        path = self.root / data.draw(st.sampled_from(opened))
        raw = path.read_bytes()
        new = raw.replace(b"Yes.", b"No.") if b"Yes." in raw else raw.replace(b"No.", b"Yes.")
        path.write_bytes(new)
        put(self.root, (path.name, json.loads(new)), path.parent.relative_to(self.root).as_posix())
        assert path.read_bytes() == canonical(json.loads(new))
        self.touch(path.relative_to(self.root).as_posix())
        if is_committed:
            self.commit()
        self.prune(UNUSED)

    @rule(
        owned=st.sampled_from(OWNED),
        configuration=st.sampled_from(CONFIGURATIONS),
        asks=st.none() | ASKS,
    )
    def change_a_test(
        self, owned: tuple[str, str], configuration: str, asks: list[Asked] | None
    ) -> None:
        """That its body is another one shows in a comment of its file."""
        if asks is not None:
            self.asks[owned, configuration] = asks
        elif len(self.asks) > 1:
            self.asks.pop((owned, configuration), None)
        self.write_sources()
        path = self.root / owned[0] / owned[1].partition("::")[0]
        self.touch(path.relative_to(self.root).as_posix())
        path.write_text(f"{path.read_text()}# {self.time}\n")
        self.listed, self.ran = set(), set()

    @precondition(lambda self: self.history is not None)
    @rule()
    def commit_all(self) -> None:
        self.commit()

    # Evidence

    @rule(base=st.sampled_from([*BASES]), configuration=st.sampled_from(CONFIGURATIONS))
    def collect(self, base: str, configuration: str) -> None:
        tests = [test for (place, test), one in self.asks if (place, one) == (base, configuration)]
        if not tests:
            self.listed.add((base, configuration))
            return
        self.time += 10
        name = f"list {self.time}"
        one = TestList(name, "tests.txt", len(tests))
        held = dict.fromkeys(tests, frozenset({name}))
        self.known |= Evidence(lists=frozenset({one}), listed=held)
        self.listed.add((base, configuration))

    @rule(
        configuration=st.sampled_from(CONFIGURATIONS),
        outcomes=OUTCOMES,
        stop=st.integers(0, 1),
        doubts=st.tuples(*[st.sampled_from(["", "", "", "", "killed", "untraced"])] * len(BASES)),
    )
    def run(
        self,
        configuration: str,
        outcomes: list[Outcome | None],
        stop: int,
        doubts: tuple[str, ...],
    ) -> None:
        """A test that has no outcome is not run; one that does not pass stops on the way."""
        for base, told in zip(BASES, doubts, strict=True):
            traced = told != "untraced"
            doubt = told if traced else ""
            self.time += 10
            name = f"run {self.time}"
            endings: dict[str, frozenset[Ending]] = {}
            openings: dict[str, set[Opening]] = {}
            answers: dict[Asked, bytes] | None = {} if self.keeps_answers else None
            for owned, outcome in zip(OWNED, outcomes, strict=True):
                if owned[0] != base or (owned, configuration) not in self.asks or outcome is None:
                    continue
                test = owned[1]
                endings[test] = frozenset({Ending(outcome, name, base, traced=traced)})
                if outcome is not Outcome.DESELECTED:
                    self.ended.add((owned, configuration))
                is_whole = outcome is Outcome.PASSED and not told
                if is_whole:
                    opened = self.opened_by(owned, configuration, answers)
                else:
                    opened = self.opened_by(owned, configuration)[:stop]
                for path in opened:
                    openings.setdefault(spelled_path(path), set()).add(Opening(test, name))
            commit = self.history.head() if self.history else ""
            dirty = self.history is not None and self.history.is_dirty()
            run = Run(name, "pytest", "", doubt, started=self.time, commit=commit, dirty=dirty)
            kept = {path: frozenset(held) for path, held in openings.items()}
            self.known |= Evidence(runs=frozenset({run}), endings=endings, openings=kept)
            self.ran.add((base, configuration))
        self.prune(UNUSED)

    # Prunes

    def shows_the_reader(self) -> bool:
        """Whether something was opened, and is there, that the target does not name."""
        opened = [self.root / path for path in self.known.openings if (self.root / path).is_file()]
        chats = [path for path in opened if b'"tool_name"' not in path.read_bytes()]
        return bool({None: True, STALE: chats, SALT: opened}[self.reader])

    @rule(grounds=st.sampled_from(GROUNDS))
    def prune(self, grounds: Iterable[Ground]) -> None:
        if not any(self.root.rglob("*.json")):
            return
        every = {(base, one) for base in BASES for one in CONFIGURATIONS}
        vouched = every <= self.listed and every <= self.ran
        proof = None if self.known.is_empty else self.known
        if not self.shows_the_reader():
            grounds = set(grounds) - {Ground.STALE, Ground.UNREACHABLE}
        with (
            patch("recctl.prune.checkout.repository_of", lambda _: self.history),
            patch("recctl.prune.past._changed", self.changed),
        ):
            try:
                made = pruned(self.root, grounds, proof, vouched=vouched)
            except UsageError:  # a run of other tests
                self.known, self.ended = Evidence(), set()
                return
        # Who asks for these shows only in evidence that has that test.
        heard_of = self.known.listed.keys() | self.known.endings.keys()
        unclear = {path for path, test in self.claimed.items() if test not in heard_of}
        needed = self.needed()
        for test, paths in needed.items():
            assert removed(made).isdisjoint(set(paths) - unclear), test
        for path in removed(made):
            (self.root / path).unlink()
        assert self.needed() == needed or not unclear.isdisjoint(removed(made))


TestSuites = Suites.TestCase
TestSuites.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
