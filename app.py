"""Home: the current run at a glance, and what to do next."""

from xtf.ui import home, runs_view
from xtf.ui.frame import page, told

with page("Home", "What fine-tuning data teaches a language model, token by token.", home.first_start) as run:
    with told():
        home.overview(run)
    runs_view.runs_list()
