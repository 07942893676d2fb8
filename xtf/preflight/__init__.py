"""What to look at before an export or a training: what would go wrong at the trainer, in a sentence, with its fix."""

from xtf.preflight.checks import CHECKS, check
from xtf.preflight.findings import Finding, Fix, Level, record, refuse
from xtf.preflight.rows import Gathering, Rows, scored

__all__ = ["CHECKS", "Finding", "Fix", "Gathering", "Level", "Rows", "check", "record", "refuse", "scored"]
