"""Settings: thresholds under a name, as a file, and against each other."""

from xtf.ui import compare, settings_page
from xtf.ui.frame import page

with page("Settings", "Keep thresholds under a name, and see token by token what others would change.") as run:
    settings_page.now(run)
    settings_page.shelf(run)
    compare.section(run)
