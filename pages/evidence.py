"""Evidence: do the scores mean anything?"""

from xtf.ui import evidence
from xtf.ui.frame import frame

with frame("Evidence", "Do the scores mean anything? Noise is planted in real answers at known places: who finds it?"):
    evidence.views()
