"""The command line: a thin face of the library. Exit 0 done, 2 the user's error in a sentence, 1 a bug."""

from xtf.cli.main import main

__all__ = ["main"]
