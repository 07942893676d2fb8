"""Export: take away the dataset with exactly the labels that the thresholds give."""

from xtf.ui import export, report
from xtf.ui.frame import page

with page("Export", "Take away the dataset with exactly the labels that the thresholds give.") as run:
    export.summary(run)
    export.prepare(run)
    report.section(run)
