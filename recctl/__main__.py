"""`python -m recctl`."""

from recctl.cli import main

if __name__ == "__main__":
    main()
