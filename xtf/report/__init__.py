"""One self-contained HTML file that tells people who did not make a run what it keeps, what it drops, and why."""

from xtf.report.file import write

__all__ = ["write"]
