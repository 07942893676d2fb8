"""Dataset: what the thresholds do to all examples, from several sides."""

from xtf.ui import dataset, picking
from xtf.ui.frame import page

with page("Dataset", "See what the thresholds do to the whole dataset, from several sides.") as run:
    picking.banner(run)
    dataset.sections(run)
