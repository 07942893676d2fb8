"""Present: the method and this run for people in a room, on a projector."""

from xtf.ui import present
from xtf.ui.frame import page

with page("Present", "For people in a room: nothing can be changed here, and nothing is started.",
          present.without_run) as run:
    present.steps(run)
