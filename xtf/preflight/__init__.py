"""What to look at before an export or a training: what would go wrong at the trainer, in a sentence, with its fix."""

from xtf.preflight.checks import check
from xtf.preflight.findings import Finding, Fix, Level, refuse

__all__ = ["Finding", "Fix", "Level", "check", "refuse"]
