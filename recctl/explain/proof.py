"""Recordings whose request, with a little change, is proven to be the one that was looked for."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recctl.compare import compare
from recctl.dialects import Standing, Table, hash_under
from recctl.difference import ABSENT
from recctl.explain.guesses import Changes, Guess, Trials
from recctl.explain.known import Known, Survey
from recctl.explain.likeness import CANDIDATES, FAR, Rank
from recctl.explain.places import Places
from recctl.explain.requests import Requests, plain
from recctl.explain.told import Miss
from recctl.explain.values import FOR_PROOF, Asked, Cause, Explanation, Why
from recctl.recording import Recording
from recctl.safetext import argument


class Proofs:
    """What was proven so far, for many misses: what was changed once is tried again first."""

    def __init__(self, survey: Survey, places: Places, requests: Requests, table: Table) -> None:
        self._survey = survey
        self._places = places
        self._requests = requests
        self._table = table
        self._trials = Trials(table)
        self._learned: list[tuple[str, Any]] = []

    @property
    def is_short(self) -> bool:
        """Whether not every change can have been tried."""
        return self._trials.is_short

    def explained(
        self, before: Explanation, ranked: Sequence[tuple[Rank, Known]]
    ) -> Explanation | None:
        """What makes a recording the one that was looked for; null where nothing is proven.

        The recordings are given in order of rank. Of a request that is known, another test may have
        made just the same.
        """
        miss, wanted = before.asked.miss, before.asked.request
        if len(miss.hash) >= FOR_PROOF and (miss.tests or not before.asked.is_exact):
            proof = self._proof(miss, ranked)
            if proof is not None:
                return self._of_proof(before, *proof)
        if wanted is None or not before.asked.is_exact:
            return None
        for _, known in ranked:
            if known.kind is wanted.kind and known.model == miss.model:
                other = self._requests.of_other_test(miss, known)
                if other is not None:
                    return replace(before, causes=(other,))
        return None

    def _proof(
        self, miss: Miss, ranked: Sequence[tuple[Rank, Known]]
    ) -> tuple[Known, Guess] | None:
        """A recording that a little change makes the one that was looked for, and the change.

        Those of the test come first, with every change; then all others as they are, as a test may
        have a new name; then those like it, with every change.
        """
        own = [known for rank, known in ranked if rank[0] == 0][:CANDIDATES]
        others = [known for rank, known in ranked if rank[0] > 0]
        like = [known for rank, known in ranked if 0 < rank[0] < FAR][:CANDIDATES]
        every = Changes(self._survey.usual, drops=True)
        # What was changed once was most likely changed everywhere.
        again = Changes(tuple(self._learned))
        afresh, learned = self._trials.of(miss), self._trials.of(miss, learned=True)
        for trials, group, changes in (
            (learned, [*own, *like] if self._learned else [], again),
            (afresh, own, every),
            (afresh, others, Changes()),
            (afresh, like, every),
        ):
            recordings = ((known.path, self._survey.recording(known)) for known in group)
            found = trials.proven(recordings, changes)
            if found is not None:
                place, guess = found
                if guess.parameter is not None and guess.parameter not in self._learned:
                    self._learned.append(guess.parameter)
                return group[place], guess
        return None

    def _of_proof(self, before: Explanation, known: Known, guess: Guess) -> Explanation:
        recording = self._survey.recording(known)
        test_id = guess.recording.test_id
        tests = before.asked.miss.tests if test_id is None else (test_id,)
        digits = hash_under(self._table.target, guess.recording)
        miss = replace(before.asked.miss, hash=digits, tests=tests)
        one = Asked(miss, guess.recording, is_exact=True, dialect=self._table.target.name)
        after = self._places.told_of(replace(before, asked=one), miss)
        if guess.parameter is None and not guess.others:
            other = self._requests.of_other_test(miss, known)
            if other is not None:
                return replace(after, causes=(other,))
        cause = Cause(
            Why.ALTERED,
            known.path,
            "with one change it is just the request that was looked for",
            _command_for(known, recording, guess),
            known.digits,
            known.test_id,
            compare(recording, guess.recording, self._table),
        )
        return replace(after, causes=(cause,))


def _command_for(known: Known, recording: Recording, guess: Guess) -> str | None:
    """The migration that makes of a recording what was looked for, where one command can."""
    shown = argument(known.path)
    if guess.others or guess.parameter is None or recording.test_id != guess.recording.test_id:
        return f"recctl show {shown}"
    _, value = guess.parameter
    pointer = plain(guess.pointer)
    if value is ABSENT:
        change = f"--delete {argument(pointer)}"
    else:
        change = f"--set {argument(f'{pointer}={json.dumps(value)}')}"
    unreachable = " --include-unreachable" if known.standing is Standing.UNREACHABLE else ""
    return f"recctl migrate {change}{unreachable} {shown}"
