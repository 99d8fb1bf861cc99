"""What is shown of recorded text: nothing that may be a secret, by its looks or by its name.

`recctl.secrets` knows what credentials look like. A password looks like nothing, and what is made
public with a difference cannot be taken back.
"""

import re

MASK = "(not shown: it may hold a secret)"
"""What `secrets` has for it, which is imported where something differs."""

_LEAST_SECRET = 8
"""Characters that a credential has at least, with what shows it to be one."""

_LONGEST = 400
"""Characters of a line that came or went."""

_WORDS = (
    *("passw(?:or)?d", "passphrase", "pwd", "secret", "client[-_]?secret", "credentials?"),
    *("(?:access|api|private|secret|secret[-_]?access|subscription)[-_ ]?key", "(?:set-)?cookie"),
)
"""Names that may have others before them: `db_password`, `x-api-key`."""

_WHOLE = (
    "(?:proxy-)?authorization",
    "(?:x-)?(?:(?:access|api|auth|bearer|id|refresh|security|session)[-_]?)?token",
)
"""Names that do not: a `page_token` is none."""

_NAME = rf"(?:(?:[\w.-]{{0,64}}[-_.])?(?:{'|'.join(_WORDS)})|{'|'.join(_WHOLE)})"
_IS_NAME = re.compile(_NAME, re.IGNORECASE)
_NAMED = re.compile(
    rf'(?:^|(?P<quote>\\{{0,8}}")){_NAME}(?(quote)\\{{0,8}}"): ?(?:\\{{0,8}}"(?!\\{{0,8}}")|\d)',
    re.IGNORECASE,
)
_SIGNS = ("pass", "pwd", "secret", "credential", "key", "cookie", "authorization", "token")
"""One of these is in every name. To look for them is many times faster than the pattern."""


def is_secret(name: str) -> bool:
    """Whether what has such a name is not shown."""
    return _IS_NAME.fullmatch(name) is not None


def names_secret(text: str) -> bool:
    """Whether a text begins with such a name and a value, or has both in JSON."""
    small = text.lower()
    return any(sign in small for sign in _SIGNS) and _NAMED.search(text) is not None


def shown(text: str, lead: str = "") -> str:
    """A recorded text, or what stands in its place where it may hold a secret.

    `lead` is what stands before it: a name may make it one.
    """
    from recctl.secrets import masked  # needed only where something differs

    whole = f"{lead}{text}"
    if len(whole) < _LEAST_SECRET:
        return text
    return MASK if names_secret(whole) or masked(whole) != whole else text


def cut(text: str) -> str:
    """A line no longer than one may be, saying how long it was; not shown if it may be secret."""
    text = shown(text)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 40]}… ({len(text):,} characters)"
