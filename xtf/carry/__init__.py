"""Score with one model, train another that has another tokenizer: verdicts carried over by the characters."""

from xtf.carry.bridge import Bridge, build
from xtf.carry.examples import CarriedExample, examples
from xtf.carry.report import Report, survey
from xtf.carry.source import Scored, Side, scored, scored_side

__all__ = ["Bridge", "CarriedExample", "Report", "Scored", "Side", "build", "examples", "scored", "scored_side",
           "survey"]
