"""Do the scores mean anything? Runs `xtf bench planted` and writes what came out into docs/evidence.md.

    python benchmarks/evidence.py --prepare             the embedded model, all strategies: what docs/evidence.md holds
    python benchmarks/evidence.py --model ID            another one, without what needs reference models

Runs are kept in $XTF_HOME and taken up again by the same command. The outcome, whatever it is, is written between the
two marks of docs/evidence.md.
"""

from pathlib import Path
from typing import Any

import click
import pandas as pd
import psutil
import torch

import xtf
from xtf.bench.planted import tables, verdict
from xtf.bench.planted.kinds import KINDS
from xtf.bench.planted.ranking import AUROC
from xtf.bench.planted.result import Result
from xtf.bench.planted.settings import PlantedSettings
from xtf.bench.planted.work import bench
from xtf.cli import flags
from xtf.cli.output import progress, say
from xtf.config import settings
from xtf.markdown import table as markdown

DOCUMENT = Path(__file__).parent.parent / "docs" / "evidence.md"
BEGIN, END = "<!-- evidence: begin -->\n", "<!-- evidence: end -->\n"


@click.command(help=__doc__)
@flags.from_settings(PlantedSettings)
def main(**values: Any) -> None:
    with progress() as report:
        found = bench(settings(PlantedSettings, flags.given(values, PlantedSettings)), report, say)
    told = "\n\n".join([*_said(found), *_tables(found), _how(found)])
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n\n{END}{after}", encoding="utf-8")
    click.echo(told)


def _said(found: Result) -> list[str]:
    sentences = "\n".join(f"- {sentence}" for sentence in verdict.sentences(found))
    return [f"**{verdict.headline(found)}**", sentences, verdict.basis(found)]


def _tables(found: Result) -> list[str]:
    """AUROC of each data set, recall in a tenth of the tokens, what filters drop, and the pilot."""
    parts = [f"AUROC, {title.lower()} (0.5 is chance):\n\n{_table(tables.signals(found, data, AUROC))}"
             for data, title in found.titles().items()]
    data = found.overview
    parts.append("Share of the planted tokens that is among the 10 % which each signal thinks least of (random: 10 %), "
                 f"{found.titles()[data].lower()}:\n\n{_table(tables.signals(found, data, 'recall_10'))}")
    parts.append("Filters as they stand, all data together: the share that each drops, how much of that was planted, "
                 f"and how much of each kind it drops:\n\n{_table(tables.filters(found, data))}")
    heads = ["", *(kind.title for kind in KINDS.values())]
    parts.append(f"Beside a pilot's AUROCs:\n\n{markdown(heads, _beside_pilot(found))}")
    missing = "\n".join(f"- {name}: {why}" for name, why in found.missing.items())
    return [*parts, f"Without figures:\n\n{missing}"] if missing else parts


def _table(rows: pd.DataFrame) -> str:
    return markdown(map(str, rows.columns), rows.to_numpy().tolist())


def _beside_pilot(found: Result) -> list[list[str]]:
    return [[f"{found.signals[name]}, {source}", *numbers] for name, values in verdict.PILOT.items()
            for source, numbers in (("pilot", [f"{value:.2f}" for value in values]),
                                    ("here, maths", _maths(found, name)))]


def _maths(found: Result, name: str) -> list[str]:
    cells = [found.cell("maths", name, kind) for kind in KINDS]
    return [f"{cell.metrics[AUROC].value:.2f}" if cell else "—" for cell in cells]


def _how(found: Result) -> str:
    machine = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{psutil.cpu_count(logical=False)} cores"
    planted = "; ".join(f"{one.title}: {one.examples} examples, {one.tokens:,} response tokens, planted "
                        + ", ".join(f"{count:,} of {KINDS[kind].words}" for kind, count in one.planted.items())
                        for one in found.sets)
    facts = {"model": found.model, "planted": planted, "seed": str(found.settings.seed), "machine": machine,
             "versions": f"XTF {xtf.__version__}, PyTorch {torch.__version__}"}
    return markdown(("what", "value"), facts.items())


if __name__ == "__main__":
    main()
