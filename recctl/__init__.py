"""recctl: fsck, linter and reader for corpora of recorded API traffic.

The command is the interface. Of the package, only the version is meant for others to import.
"""

__version__ = "0.1.0"
