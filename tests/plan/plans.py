"""Hypothesis strategies: trees, and plans that fit them."""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.plan import Action, Plan

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For tests on real files, whose time depends on the machine; each example has its own folder."""

FOLDERS = ("", "tests/", "tests/pier/", "tests/pier/recordings/", "tests/harbour/recordings/")
PATHS = [f"{folder}{name}.json" for folder in FOLDERS for name in ("aa", "bb", "cc")]
NEW_PATHS = [f"{folder}{name}.json" for folder in (*FOLDERS, "new/deep/") for name in ("xx", "yy")]
CONTENTS = st.sampled_from([b"", b"green", b"red", b"\xff\x00"]) | st.binary(max_size=20)

TREES = st.dictionaries(st.sampled_from(PATHS), CONTENTS, min_size=1, max_size=8)
"""Files by path. Several of them often have the same content."""


@st.composite
def plans(draw: st.DrawFn, tree: dict[str, bytes], root: Path) -> Plan:
    """A plan that fits the tree and is not empty: chains, circles, overwriting and new folders."""
    fates = {
        path: draw(st.sampled_from(["keep", "remove", "rename", "edit", "write"]))
        for path in sorted(tree)
    }
    leaving = [path for path, fate in fates.items() if fate in ("remove", "rename")]
    free = draw(st.permutations([*leaving, *(path for path in NEW_PATHS if path not in tree)]))
    actions: list[Action] = []
    for path, fate in fates.items():
        held = tree[path]
        review = engine.Review(draw(st.text(max_size=5)), draw(st.none() | st.text(max_size=5)))
        if fate == "remove":
            actions.append(engine.remove(path, held, review))
        elif fate == "rename":
            to = next((one for one in free if one != path), f"new/{path}")
            free = [one for one in free if one != to]
            changed = draw(st.just(held) | CONTENTS)
            edits = engine.splices(held, changed) if changed != held else ()
            actions.append(engine.rename(path, to, held, edits, review))
        elif fate == "edit":
            changed = draw(CONTENTS.filter(held.__ne__))
            actions.append(engine.edit(path, held, engine.splices(held, changed), review))
        elif fate == "write":
            mode = draw(st.none() | st.sampled_from([0o600, 0o755]))
            actions.append(engine.write(path, draw(CONTENTS), held, review, mode=mode))
    new = draw(st.lists(st.sampled_from([*free, "new/zz.json"]), unique=True, max_size=2))
    new = [path for path in new if path not in tree or path in free]
    if not actions and not new:
        return engine.of("shuffle", root, [engine.remove(*min(tree.items()))])
    actions += [engine.write(path, draw(CONTENTS)) for path in new]
    return engine.of("shuffle", root, draw(st.permutations(actions)))
