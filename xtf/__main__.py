"""`python -m xtf` is `xtf`."""

from xtf.cli import main

if __name__ == "__main__":
    main()
