"""All colours of the dashboard, in one place. Hues are Okabe and Ito's, which colour-blind people tell apart.

Attribute colours have at least 3:1 contrast against Streamlit's light and dark page. Each ramp runs from the page's own
background to its `ramp` colour and is mixed in OKLab, so that equal steps look equal; text on it keeps 4.5:1.
"""

from typing import NamedTuple


class Pair(NamedTuple):
    """A colour in the light and in the dark theme, as #rrggbb."""

    light: str
    dark: str


ATTRIBUTES = {"reasoning": "#0072b2", "novelty": "#d55e00", "relevance": "#009e73"}
RAMPS = {
    "reasoning": Pair("#8fc8f7", "#145786"),
    "novelty": Pair("#f9b189", "#7d3f17"),
    "relevance": Pair("#82d9b4", "#076246"),
}
NEUTRAL = "#807c74"  # marks that belong to no attribute; 3:1 on both pages
CURVES = (*ATTRIBUTES.values(), "#b3568a", NEUTRAL)  # lines that are told apart, by dashes too; 3:1 on both pages
TEXT = {
    "quiet": Pair("#65625b", "#a8a49d"),  # not trained: prompt, template, special
    "dim": Pair("#65625b", "#a8a49d"),  # dropped, on the verdict hatch
    "dim-on-ramp": Pair("#4c4a45", "#d0cdc8"),  # dropped, on a ramp
    "hatch": Pair("#e6e3de", "#37342f"),  # stripes of the verdict hatch
}


CHANGES = {  # what a second setting does: drop more, rescue
    "lost": Pair("#f3cbe0", "#6a2f50"),
    "won": Pair("#c4e2f7", "#1d4a66"),
}


def css_variables() -> str:
    """The palette as custom properties of a component's root: --reasoning, --reasoning-ramp, --quiet, …"""
    pairs = {**{f"{name}-ramp": pair for name, pair in RAMPS.items()}, **TEXT, **CHANGES}
    lines = [f"--{name}: {colour};" for name, colour in ATTRIBUTES.items()]
    lines += [f"--{name}: light-dark({pair.light}, {pair.dark});" for name, pair in pairs.items()]
    return ":host {" + " ".join(lines) + "}"


def scale(colour: str, steps: int = 9) -> list[tuple[float, str]]:
    """A Plotly colour scale from the page's own background, light or dark, to a colour: more and more of it is laid
    over the page. Equal steps look about equal on both."""
    red, green, blue = (int(colour[place:place + 2], 16) for place in (1, 3, 5))
    shares = [step / (steps - 1) for step in range(steps)]
    return [(share, f"rgba({red}, {green}, {blue}, {0.06 + 0.94 * share:.4f})") for share in shares]
