"""Export: from these thresholds to a folder that a trainer takes."""

from xtf.ui import export, report
from xtf.ui.frame import page

with page("Export", "From these thresholds to a folder that your trainer takes, token for token.") as run:
    if export.summary(run):
        export.steps(run)
        report.section(run)
