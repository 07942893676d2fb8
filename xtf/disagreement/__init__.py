"""What several strategies make of the same tokens: how often they agree, what each takes away by p and entropy, and on
which tokens they differ most. Pure NumPy, piece by piece; M tokens, R of them response tokens, K strategies.
"""

from xtf.disagreement.agreed import Agreement, agreement, pairs
from xtf.disagreement.differing import Differing, examples, sample, tokens, types
from xtf.disagreement.likely import ENTROPY_EDGES, P_EDGES, Regions, about_p, by_p, regions
from xtf.disagreement.views import View, Views, compared, view

__all__ = ["ENTROPY_EDGES", "P_EDGES", "Agreement", "Differing", "Regions", "View", "Views", "about_p", "agreement",
           "by_p", "compared", "examples", "pairs", "regions", "sample", "tokens", "types", "view"]
