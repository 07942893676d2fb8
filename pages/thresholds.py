"""Thresholds: move the cutoffs and watch the whole dataset respond."""

from xtf.ui import thresholds
from xtf.ui.frame import page

with page("Thresholds", "Move the cutoffs and watch the whole dataset respond.") as run:
    if thresholds.controls(run):
        thresholds.readouts(run)
