"""What the source tree says of a test: whether it exists, what it may be called with.

Test files are read, never imported. A test is gone only where that is proven: its file is not
there, or the file's syntax tree has no such name and nothing that could bring it. Names may come
from elsewhere in many ways: a star import, a base class or a decorator of another file,
`globals()`. Wherever one of these could have made the test, it is unknown.

Four things are trusted to make no tests: functions of other files that are called for their
value, as in `case = load("case")`, or from within a function, unless they are handed the module,
its name, its tests or its classes; whatever is called a logger; importing another file; plugins
that are installed rather than part of the tree.

Sources are as little to be trusted as recordings: whatever stands at a path, nothing here raises.
Reasons quote names from test ids as they are; what prints them makes them harmless.
"""

from recctl.sources.nodes import NodeId, Presence, Sought
from recctl.sources.search import find_test, holds_sources
from recctl.sources.tree import MAX_BRACES, MAX_BYTES

__all__ = [
    "MAX_BRACES",
    "MAX_BYTES",
    "NodeId",
    "Presence",
    "Sought",
    "find_test",
    "holds_sources",
]
