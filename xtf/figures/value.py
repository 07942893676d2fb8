"""The return: its parts as ranges, and how far each input alone moves it (a tornado). Pure Plotly figures."""

from typing import Any

import plotly.graph_objects as go

from xtf.figures.drawing import PATTERN, finished
from xtf.figures.palette import NEUTRAL
from xtf.value import words
from xtf.value.model import PIECES
from xtf.value.ranges import Outcome, Range, Swing
from xtf.value.settings import ValueSettings

COSTS, BRINGS = "#b3568a", "#2f86bd"  # 3:1 on both pages; told apart by signs and patterns, too
_ROW = 36  # pixels
_FEWEST = 3  # rows that there is room for
_MOST = 10
_LEAST = 0.01  # of the widest swing: a bar that is shorter cannot be seen


def parts(found: Outcome, currency: str) -> go.Figure:
    """Every part of the return and their sum: the middle 90 % of the draws as a bar, the median as a sign."""
    rows = {piece.title: found.pieces[name] for name, piece in PIECES.items()} | {"Return": found.net}
    figure = go.Figure(layout={"barmode": "overlay", "bargap": 0.45})
    for title, part in rows.items():
        figure.add_bar(**_bar(title, part, currency, title == "Return"))
    figure.add_scatter(
        x=[part.middle for part in rows.values()], y=list(rows), mode="markers", showlegend=False, hoverinfo="skip",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": NEUTRAL}})
    figure.add_vline(0, line={"width": 1, "color": NEUTRAL})
    figure.update_xaxes(title=f"{currency} a month; costs to the left", nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    told = "; ".join(f"{title} {words.money(part.low, part.high, currency)}" for title, part in rows.items())
    return finished(figure, "Where the return comes from", f"Parts of the return a month, middle 90 % of the draws: "
                                                           f"{told}.", height=110 + _ROW * len(rows))


def _bar(title: str, part: Range, currency: str, whole: bool) -> dict[str, Any]:
    colour = BRINGS if part.low >= 0 < part.high else COSTS if part.high <= 0 > part.low else NEUTRAL
    told = words.money(part.low, part.high, currency)
    return {"y": [title], "x": [part.high - part.low], "base": [part.low], "orientation": "h", "showlegend": False,
            "marker": {"color": colour, "pattern": PATTERN if colour == COSTS else None,
                       "line": {"width": 2 if whole else 0, "color": NEUTRAL}}, "customdata": [told],
            "hovertemplate": f"{title}: %{{customdata}} a month<extra></extra>"}


def wide(swings: list[Swing]) -> list[Swing]:
    """Those that the tornado shows."""
    return [swing for swing in swings[:_MOST] if swing.width >= _LEAST * swings[0].width]


def tornado(found: Outcome, settings: ValueSettings) -> go.Figure:
    """The return with one input at its lowest and at its highest value, all others likely: the widest bar on top."""
    swings = wide(found.swings)
    figure = go.Figure(layout={"barmode": "overlay", "bargap": 0.35})
    for end, colour, pattern in (("low", COSTS, PATTERN), ("high", BRINGS, None)):
        figure.add_bar(**_side(swings, end, found.likely, settings), name=f"at its {end}est value",
                       marker={"color": colour, "pattern": pattern, "line": {"width": 0}})
    figure.add_vline(found.likely, line={"width": 1, "color": NEUTRAL})
    if swings:
        _room(figure, swings, found.likely)
    figure.update_xaxes(title=f"Return ({settings.currency} a month)", nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    told = "; ".join(f"{words.LABELS[swing.name]} from {_ends(swing, settings)}" for swing in swings)
    return finished(figure, "What moves it most", f"Return with one input at its lowest and highest value, all others "
                                                  f"likely: {told or 'none moves it'}.",
                    height=130 + _ROW * max(_FEWEST, len(swings)))


def _side(swings: list[Swing], end: str, likely: float, settings: ValueSettings) -> dict[str, Any]:
    currency = settings.currency
    values = [words.number(swing.name, getattr(getattr(settings, swing.name), end), currency) for swing in swings]
    returns = [getattr(swing, f"at_{end}") for swing in swings]
    return {"y": [words.LABELS[swing.name] for swing in swings], "x": [value - likely for value in returns],
            "base": likely, "orientation": "h", "text": [value.partition(" ")[0] for value in values],
            "textposition": "outside", "cliponaxis": False,
            "customdata": [[value, words.money(at, at, currency)] for value, at in zip(values, returns, strict=True)],
            "hovertemplate": "%{y} at %{customdata[0]}: %{customdata[1]} a month<extra></extra>"}


def _room(figure: go.Figure, swings: list[Swing], likely: float) -> None:
    """Room for the numbers at the ends."""
    ends = [likely, *(value for swing in swings for value in swing[1:])]
    room = 0.18 * (max(ends) - min(ends))
    figure.update_xaxes(range=[min(ends) - room, max(ends) + room])


def _ends(swing: Swing, settings: ValueSettings) -> str:
    currency = settings.currency
    return f"{words.money(swing.at_low, swing.at_low, currency)} to " \
           f"{words.money(swing.at_high, swing.at_high, currency)}"
