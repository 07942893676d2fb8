"""Value: what it is worth, and how far this workspace is on the way."""

from xtf.ui import value
from xtf.ui.frame import page

with page("Value", "What it would save, or cost, against plain fine-tuning: measured where it can be, assumed where "
                   "you say so.", value.without_run) as run:
    value.views(run)
