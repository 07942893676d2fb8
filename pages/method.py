"""Method: how tokens are scored, what a drop means, and one sentence of one's own."""

from xtf.ui import method
from xtf.ui.frame import page

with page("Method", "How XTF scores a token, what a drop means, and one sentence of your own.",
          method.without_run) as run:
    method.explanation()
    method.live(run)
