"""Everything that needs Streamlit, above the library. It never runs a model, and importing it imports no torch.

The large libraries are imported here first, under this package's one import lock. Visitors who come to a fresh server
together would else import them from several threads in different orders, and Python breaks that deadlock by giving out
modules that are half made. Of our own packages those come first whose parts import one another.
"""

import pandas  # noqa: F401
import plotly.graph_objects
import plotly.io  # noqa: F401
import pyarrow.compute  # noqa: F401

import xtf.export  # noqa: F401
from xtf.ui import memory

memory.share()
