"""`xtf agreement`: what several strategies drop of one run, and how far they agree."""

from typing import Any

import click
import pandas as pd

from xtf import runs
from xtf.cli import flags
from xtf.cli.output import json_flag, show, table
from xtf.errors import SettingsError
from xtf.words import percent, visible

_TYPES = 20
_PAIRS = 10


@click.command()
@click.argument("run")
@click.option("--strategies", multiple=True, metavar="A,B,…",
              help="Which are compared: strategies, random-60 (a share), xtf-paper, xtf-published-code, or xtf-ri, "
                   "xtf-kn-tr and so on (some attributes only). [default: those that RUN holds all for]")
@flags.thresholds_options
@json_flag
def agreement(run: str, strategies: tuple[str, ...], as_json: bool, **values: Any) -> Any:
    """Hold strategies against each other on RUN: how often they agree, whether they drop likely or unlikely tokens, and
    on which tokens they differ most. Nothing is trained.
    """
    from xtf import disagreement
    from xtf.comparison import seen

    base, opened = flags.thresholds_from(values), runs.open_run(run)
    scored = opened.table()
    names = _named(strategies) or seen.defaults(scored, base)
    views, lacking = seen.all_seen(scored, names, base)
    lacking = {name: why.replace("RUN", run) for name, why in lacking.items()}
    if len(views) < 2:
        raise SettingsError(" ".join(["It takes two strategies that can be used to hold one against the other: name "
                                      "more with --strategies.", *lacking.values()]))
    found, likely = disagreement.agreement(scored, views), disagreement.by_p(scored, views)
    types, told = disagreement.types(scored, views).head(_TYPES), disagreement.about_p(likely)
    each = [{"name": name, "title": one.title, "kept": found.tokens - int(gone), "kept_share": float(kept),
             "p_taken": row.p_taken, "p_left": row.p_left, "r": row.r}
            for (name, one), gone, kept, row in zip(views.items(), found.dropped, found.kept_shares,
                                                    likely.itertuples(), strict=True)]
    return show(
        {"run": run, "tokens": found.tokens, "strategies": each, "same": found.same, "kappa": found.kappa,
         "jaccard": found.jaccard, "types": types.to_dict("records"), "sentences": told, "lacking": lacking,
         "complete": opened.complete},
        as_json, *([opened.unfinished] if opened.unfinished else []),
        table(f"Of {found.tokens:,} response tokens", ["strategy", "kept", "mean p of dropped", "of kept", "r with p"],
              [(one["title"], percent(one["kept_share"]), *map(_number, (one["p_taken"], one["p_left"], one["r"])))
               for one in each]),
        *told, _pairs(disagreement.pairs(found)), _types(types, list(views)), *lacking.values(),
        "Next: xtf app, page Disagreement.")


def _named(given: tuple[str, ...]) -> list[str]:
    """Raises: SettingsError for a name that there is not."""
    from xtf.comparison import variants

    names = list(dict.fromkeys(part.strip() for some in given for part in some.split(",") if part.strip()))
    if wrong := [name for name in names if not variants.known(name)]:
        raise SettingsError(f"There is no strategy {', '.join(wrong)}: choose of {', '.join(variants.NAMES)} and "
                            "random-1 to random-99.")
    return names


def _pairs(rows: pd.DataFrame) -> Any:
    shown = rows.head(_PAIRS)
    return table("Pairs, the least alike first", ["strategies", "kappa", "same verdict", "of what either drops, both"],
                 [(f"{row.a} and {row.b}", _number(row.kappa), percent(row.same), percent(row.jaccard))
                  for row in shown.itertuples()])


def _types(types: pd.DataFrame, names: list[str]) -> Any:
    return table("Token types on which they differ most: share dropped by each", ["token", "tokens", *names],
                 [(visible(row["text"]), f"{row['tokens']:,}", *(f"{100 * row[name]:.0f} %" for name in names))
                  for _, row in types.iterrows()])


def _number(value: float) -> str:
    return f"{value:.2f}" if value == value else "none"
