"""recctl: fsck, linter and reader for corpora of recorded API traffic."""

__version__ = "0.1.0"
