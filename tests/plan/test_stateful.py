"""Changes, undos, kills, recoveries and other people's edits in any order: nothing is ever lost."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recctl import plan as engine
from recctl.errors import NothingFoundError, PartialError
from recctl.plan import Plan, RefusedError, undo
from tests.plan.plans import CONTENTS, PATHS, TREES, UNHURRIED, plans
from tests.plan.trees import Killed, apply, contents, grown, steps

Files = dict[str, bytes]


class Tree(RuleBasedStateMachine):
    """A tree of files, and a model of what it must hold."""

    root: Path
    held: Files
    """What the tree holds while no change is unfinished."""
    begun: tuple[Plan, Files] | None
    """The unfinished change, and the files as it is to leave them."""
    before: dict[str, Files]
    """What the tree held before each receipt."""
    links: bool

    @initialize(files=TREES, links=st.booleans())
    def grow(self, files: Files, links: bool) -> None:
        self.root = grown(Path(mkdtemp(prefix="recctl-")), files)
        self.held, self.begun, self.before, self.links = dict(files), None, {}, links

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    @property
    def is_whole(self) -> bool:
        return self.begun is None

    # Changes

    @precondition(lambda self: self.is_whole and self.held)
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        plan = data.draw(plans(self.held, self.root))
        with steps(links=self.links):
            receipt = apply(plan)
        self.before[receipt.id] = self.held
        self.held = engine.simulate(self.held, plan)

    @precondition(lambda self: self.is_whole and self.held)
    @rule(data=st.data(), at=st.integers(0, 90))
    def change_and_be_killed(self, data: st.DataObject, at: int) -> None:
        plan = data.draw(plans(self.held, self.root))
        self._begin(plan, at)

    @precondition(lambda self: self.is_whole)
    @rule(at=st.integers(0, 90))
    def undo_and_be_killed(self, at: int) -> None:
        try:
            plan = engine.undoing(self.root)
        except (RefusedError, NothingFoundError):
            return
        self._begin(plan, at)

    def _begin(self, plan: Plan, at: int) -> None:
        new = engine.simulate(self.held, plan)
        try:
            with steps(Killed, at, links=self.links):
                apply(plan)
        except Killed:
            pass
        if engine.pending(self.root) is not None:
            self.begun = (plan, new)
        else:
            self._note_latest(new)

    def _note_latest(self, new: Files) -> None:
        """Remember a change that was done, unless it was not."""
        lines = undo.history(self.root)
        if lines and lines[0].id not in self.before:
            self.before[lines[0].id] = self.held
            self.held = new

    # The way out

    @precondition(lambda self: not self.is_whole)
    @rule()
    def resume(self) -> None:
        assert self.begun is not None
        with steps(links=self.links):
            receipt = engine.resume(self.root)
        self.before[receipt.id] = self.held
        self.held, self.begun = self.begun[1], None

    @precondition(lambda self: not self.is_whole)
    @rule()
    def roll_back(self) -> None:
        with steps(links=self.links):
            engine.roll_back(self.root)
        self.begun = None

    @precondition(lambda self: not self.is_whole)
    @rule(forward=st.booleans(), at=st.integers(0, 40))
    def recover_and_be_killed(self, forward: bool, at: int) -> None:
        assert self.begun is not None
        try:
            with steps(Killed, at, links=self.links):
                (engine.resume if forward else engine.roll_back)(self.root)
        except Killed:
            pass
        if engine.pending(self.root) is None:
            if forward:
                self._note_latest(self.begun[1])
            self.begun = None

    @precondition(lambda self: not self.is_whole)
    @rule(data=st.data())
    def change_nothing_more(self, data: st.DataObject) -> None:
        plan = engine.of("more", self.root, [engine.write("more.json", data.draw(CONTENTS))])
        with steps(), pytest.raises(RefusedError, match="a change is unfinished"):
            apply(plan)

    # Back and forth

    @precondition(lambda self: self.is_whole)
    @rule(data=st.data())
    def undo_one(self, data: st.DataObject) -> None:
        known = [line.id for line in undo.history(self.root)]
        identity = data.draw(st.sampled_from([None, *known]))
        try:
            plan = engine.undoing(self.root, identity)
        except (RefusedError, NothingFoundError):
            return
        assert plan.undoes is not None
        with steps(links=self.links):
            receipt = apply(plan)
        earlier = self.before[plan.undoes]
        for path in plan.before:
            assert contents(self.root).get(path) == earlier.get(path)
        self.before[receipt.id] = self.held
        self.held = engine.simulate(self.held, plan)

    # Other people

    @precondition(lambda self: self.is_whole)
    @rule(path=st.sampled_from(PATHS), content=st.none() | CONTENTS)
    def edit_outside(self, path: str, content: bytes | None) -> None:
        if content is not None:
            grown(self.root, {path: content})
            self.held = {**self.held, path: content}
        elif path in self.held and len(self.held) > 1:
            (self.root / path).unlink()
            self.held = {one: held for one, held in self.held.items() if one != path}

    @precondition(lambda self: not self.is_whole)
    @rule(data=st.data())
    def meddle(self, data: st.DataObject) -> None:
        """Somebody changes a file on the way: it is left alone, until they put it back."""
        assert self.begun is not None
        there = [path for path in self.begun[0].before if (self.root / path).is_file()]
        if not there:
            return
        file = self.root / data.draw(st.sampled_from(there))
        content = file.read_bytes()
        file.write_bytes(b"somebody's work")
        for way in (engine.resume, engine.roll_back):
            with steps(links=self.links), pytest.raises(PartialError, match="by something else"):
                way(self.root)
            assert file.read_bytes() == b"somebody's work"
        file.write_bytes(content)

    # What always holds

    @invariant()
    def the_tree_is_what_it_must_be(self) -> None:
        if not hasattr(self, "root"):
            return
        found = contents(self.root)
        if self.begun is None:
            assert found == self.held
            assert engine.pending(self.root) is None
            return
        plan, new = self.begun
        for path in {*self.held, *new} - set(plan.before):
            assert found.get(path) == self.held[path]

    @invariant()
    def an_unfinished_change_has_every_byte(self) -> None:
        """What was there, and what is to be there, is in the tree or in the journal."""
        if not hasattr(self, "root") or self.begun is None:
            return
        journal = (self.root / ".recctl/journal").rglob("*")
        there = {
            *contents(self.root).values(),
            *(one.read_bytes() for one in journal if one.is_file()),
        }
        assert {*self.held.values(), *self.begun[1].values()} <= there


TestTree = Tree.TestCase
TestTree.settings = settings(UNHURRIED, max_examples=40, stateful_step_count=15)
