"""Explore: one example at a time, and why each token is kept or dropped."""

from xtf.ui import explore, loaders, samples, state
from xtf.ui.frame import page

with page("Explore", "Read your data as the model does: what each token scores, and why it is kept or dropped.") as run:
    table, verdicts = loaders.table(run), loaders.verdicts(run, state.thresholds())
    shown = samples.choose(samples.controls(run, table), table)
    if shown is not None:
        explore.example(run, table, verdicts, shown)
