"""Compare: did it help?"""

from xtf.ui import arms
from xtf.ui.frame import page

with page("Compare", "Did it help? The same fine-tune by several strategies, measured on one held-out set.",
          arms.without_run) as run:
    arms.views(run)
