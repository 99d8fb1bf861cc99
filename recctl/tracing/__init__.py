"""What runs inside traced processes, and how they are made to run it.

`path` goes in front of `PYTHONPATH`. Python imports `sitecustomize` from there when it starts,
which has `recctl_tracer` note what the process opens; `recctl_pytest` notes how tests end. These
modules stand alone, as the traced Python need not have recctl, and run on Python 3.8 and later.
`plugin` is for pytest where recctl is installed beside it.

What cannot be traced: a Python started with -I, -E or -S or with another environment, of which
those are noted that a traced process starts itself; and whatever is no Python.
"""

from pathlib import Path

PATH = Path(__file__).parent / "path"
"""The folder that traced processes import from."""
