"""Thresholds: move the cutoffs and watch the whole dataset respond."""

from xtf.ui import loaders, overrides_form, thresholds
from xtf.ui.frame import page

with page("Thresholds", "Drag a threshold: the numbers of the whole dataset and the sample below follow.") as run:
    possible = thresholds.controls(run)
    if possible:
        thresholds.sample(run)
    overrides_form.by_hand(loaders.table(run))  # below the sample, which would jump with each decision
    if possible:
        thresholds.readouts(run)
