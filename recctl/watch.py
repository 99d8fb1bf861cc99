"""How long work tells how far it is."""

from collections.abc import Callable

Watch = Callable[[int, int], None]
"""Is told, again and again, how many of how many things are done."""


def unwatched(_done: int, _total: int) -> None:
    """Nobody watches."""
