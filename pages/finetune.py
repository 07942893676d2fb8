"""Fine-tune: on exactly the tokens that the thresholds keep."""

from xtf.ui import finetune
from xtf.ui.frame import page

with page("Fine-tune", "Train on exactly these tokens, watch it, use what comes of it.", finetune.without_run) as run:
    finetune.views(run)
