"""A return as a table for spreadsheets and as plain values for `--json`."""

from typing import Any

import pandas as pd

from xtf.value import words
from xtf.value.claims import Claim
from xtf.value.inputs import WORDS, Inputs
from xtf.value.model import PIECES
from xtf.value.ranges import Outcome
from xtf.value.settings import SPREADS, unit

COLUMNS = ("what", "name", "title", "low", "likely", "high", "unit", "source", "told")


def rows(made: Inputs, result: Outcome, said: list[Claim]) -> pd.DataFrame:
    """A row for each input, part, swing and sentence. Of parts and of the return `low` and `high` hold the middle 90 %
    of the draws and `likely` the one in the middle; of a swing they are the return at the input's ends. Shares are in
    [0, 1]."""
    currency = made.settings.currency
    per_month = f"{currency} a month"
    found = [*_inputs(made)]
    found += [("result", name, PIECES[name].title, *part, per_month, "", PIECES[name].sentence)
              for name, part in result.pieces.items()]
    found.append(("result", "net", "Return", *result.net, per_month, "", said[0].text if said else ""))
    found += [("swing", swing.name, words.LABELS[swing.name], swing.at_low, result.likely, swing.at_high, per_month, "",
               "The return with this input alone at its ends.") for swing in result.swings]
    found += [("sentence", claim.kind, "", None, None, None, "", "", claim.text) for claim in said]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _inputs(made: Inputs) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for name, value in made.settings:
        source = made.sources[name]
        of = unit(name, made.settings.currency).replace("%", "share")
        ends = (value.low, value.likely, value.high) if name in SPREADS else (None, value, None)
        found.append(("input", name, words.LABELS[name], *ends, of, WORDS[source.kind], source.told))
    return found


def as_json(made: Inputs, result: Outcome, said: list[Claim]) -> dict[str, Any]:
    """Everything; the sentences first say what it comes to."""
    return {
        "inputs": {name: {"value": value.model_dump() if name in SPREADS else value,
                          "unit": unit(name, made.settings.currency), **made.sources[name]._asdict()}
                   for name, value in made.settings},
        "net": result.net._asdict(), "likely": result.likely, "pays": result.pays,
        "pieces": {name: part._asdict() for name, part in result.pieces.items()},
        "swings": [swing._asdict() for swing in result.swings], "break_even": result.break_even,
        "claims": [claim._asdict() for claim in said]}
