"""Python imports this when it starts with this folder in `PYTHONPATH`.

The process is traced, if that is asked for; then the `sitecustomize` that this one hides has its
turn, as if this one were not there.
"""

import os
import sys


def _trace() -> None:
    try:
        __import__("recctl_tracer").begin()
    except Exception as error:
        sys.stderr.write(f"recctl: not traced: {type(error).__name__}: {error}\n")


def _import_hidden() -> None:
    """Import the hidden one in place of this one. Its errors are Python's to tell, as ever."""
    ours = sys.modules.pop(__name__)
    folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would double the start-up time
    places = [place for place, entry in enumerate(sys.path) if entry == folder]
    for place in reversed(places):
        del sys.path[place]
    try:
        __import__(__name__)
    except ImportError as error:
        if error.name != __name__:
            raise
    finally:
        for place in places:
            sys.path.insert(place, folder)
        sys.modules.setdefault(__name__, ours)


_trace()
_import_hidden()
