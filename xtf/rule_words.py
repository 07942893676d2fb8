"""Rules in plain words, the same on every page and in the report. Pure functions."""

from typing import Any

from xtf.config import ATTRIBUTES, Thresholds

SCOPES = {"example": "each response", "dataset": "all responses", "dataset+prompts": "responses and prompts"}
RANKS = ("lowest", "second-lowest", "third-lowest", "fourth-lowest", "fifth-lowest")


def dropped(thresholds: Thresholds) -> list[str]:
    """What each of the three rules drops, in the order of ATTRIBUTES: `the lowest 2 % of each response`."""
    return [rule(getattr(thresholds, name), name) for name in ATTRIBUTES]


def rule(rule: Any, name: str) -> str:
    """What one attribute's rule drops."""
    novelty = name == "novelty"
    words = {
        "off": lambda: "nothing",
        "cutoff": lambda: f"p above {100 * rule.value:.6g} %" if novelty else f"scores below {rule.value:g}",
        "quantile": lambda: f"the {'highest' if novelty else 'lowest'} {100 * rule.share:g} % of {SCOPES[rule.scope]}",
        "fence": lambda: f"outliers {'above Q3 +' if novelty else 'below Q1 -'} {rule.k:g} × IQR of "
                         f"{SCOPES[rule.scope]}",
        "otsu": lambda: f"the {RANKS[rule.drop]} of {rule.classes} clusters{' by novelty' if novelty else ''} over "
                        f"{SCOPES[rule.scope]}",
    }[rule.kind]()
    return words if rule.cap is None or rule.kind == "off" else f"{words}, at most {100 * rule.cap:g} % of a response"
