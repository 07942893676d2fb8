"""Disagreement: what each strategy drops, and on which tokens they differ."""

from xtf.ui import disagreement
from xtf.ui.frame import page

with page("Disagreement", "The same tokens by several strategies: how often they agree, whether they drop what the "
                          "base model knows or what surprises it, and on which tokens they differ.") as run:
    disagreement.body(run)
