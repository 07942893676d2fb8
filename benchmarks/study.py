"""Does filtering help here? Every method side by side, XTF by three presets and random controls, on made-up problems.

    python benchmarks/study.py                          what `make study` runs; about two hours on 2 cores
    python benchmarks/study.py --problems 3000 --seeds 10 --device cuda     more, where a GPU is at hand

Everything is kept in $XTF_HOME and taken up again by the same command. The outcome, whatever it is, is written between
the two marks of docs/study.md.
"""

import json
import platform
from pathlib import Path
from typing import Any

import click
import psutil
import torch

import xtf
from xtf import workspace
from xtf.cli.output import progress
from xtf.comparison import folder, paper, table
from xtf.comparison.result import Result, result
from xtf.comparison.settings import CompareSettings
from xtf.comparison.verdict import verdict
from xtf.comparison.work import compare
from xtf.config import PRESETS, ScoreSettings
from xtf.data.generator import Split, problems
from xtf.engine import local
from xtf.evaluation.settings import EvaluationSettings
from xtf.markdown import table as markdown
from xtf.progress import Progress
from xtf.runs import open_run
from xtf.training.settings import TrainSettings

#: Data filtering, selective LM and token cleaning at their defaults; a random control at the share of XTF's thresholds
#: and one at that of the last two.
STRATEGIES = ("normal", "random", "random-60", "df-perplexity", "slm", "token-cleaning", "xtf", "xtf-paper",
              "xtf-published-code")
DOCUMENT = Path(__file__).parent.parent / "docs" / "study.md"
BEGIN, END = "<!-- study: begin -->\n", "<!-- study: end -->\n"


@click.command(help=__doc__)
@click.option("--problems", "count", default=200, show_default=True, help="Problems to train on.")
@click.option("--held-out", default=150, show_default=True, help="Held-out problems: other templates, other numbers.")
@click.option("--difficulty", type=click.IntRange(1, 4), default=1, show_default=True, help="Steps of each problem.")
@click.option("--seeds", default=3, show_default=True, help="Fine-tunes of each strategy.")
@click.option("--epochs", default=2.0, show_default=True)
@click.option("--learning-rate", default=1e-3, show_default=True)
@click.option("--strategies", default=",".join(STRATEGIES), show_default=True, help="Arms, as in xtf compare.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="corrected", show_default=True)
@click.option("--model", default="embedded", show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--name", default="study", show_default=True, help="What the comparison is called.")
def main(count: int, held_out: int, difficulty: int, seeds: int, epochs: float, learning_rate: float, strategies: str,
         preset: str, model: str, device: str, name: str) -> None:
    with progress() as report:
        _scored(name, count, held_out, difficulty, model, device, report)
        begun = folder.begin(
            open_run(f"{name}-train"), PRESETS[preset][1],
            CompareSettings(strategies=tuple(strategies.split(",")), seeds=seeds, held_out=f"{name}-heldout"),
            TrainSettings(epochs=epochs, learning_rate=learning_rate, device=device),
            EvaluationSettings(max_new_tokens=64), name)
        compare(begun, progress=report)
    found = result(begun)
    told = "\n".join([_told(found), _how(count, held_out, difficulty, preset, begun.training, model)])
    _put(told)
    click.echo(told)


def _scored(name: str, count: int, held_out: int, difficulty: int, model: str, device: str, report: Progress) -> None:
    split: Split
    for split, number in (("train", count), ("heldout", held_out)):
        path = _written(name, split, number, difficulty)
        local.score(ScoreSettings(data=str(path), model=model, device=device), f"{name}-{split}", report)


def _written(name: str, split: Split, count: int, difficulty: int) -> Path:
    """The problems as a file, so that the run says exactly which they were."""
    path = workspace.home() / name / f"{split}.jsonl"
    rows = [json.dumps(row) for row in problems(count, 0, split, difficulty)]
    workspace.write_atomically(path, lambda temporary: temporary.write_text("\n".join(rows) + "\n", encoding="utf-8"))
    return path


def _told(found: Result) -> str:
    """The verdict, the table, and what the paper says of its own."""
    said, cells = verdict(found), table.cells(found)
    rows = markdown(list(cells[0]), [list(row.values()) for row in cells])
    published = paper.TASKS[found.task]
    return "\n\n".join([f"**{said.headline}**", *said.sentences, rows, paper.sentence(published), *found.notes]) + "\n"


def _how(count: int, held_out: int, difficulty: int, preset: str, settings: TrainSettings, model: str) -> str:
    machine = f"{psutil.cpu_count(logical=False)} cores" if not torch.cuda.is_available() else \
        torch.cuda.get_device_name()
    facts: dict[str, Any] = {
        "model": model, "training": f"{count} generated problems of {difficulty} step(s), seed 0",
        "held out": f"{held_out} problems of other templates and other numbers", "preset": preset,
        "fine-tune": f"LoRA rank {settings.rank}, alpha {settings.alpha}, {settings.target_modules}, learning rate "
                     f"{settings.learning_rate:g}, {settings.epochs:g} epochs, {settings.batch_examples} examples a "
                     "step",
        "answers": "greedy, at most 64 tokens", "machine": f"{machine}, {platform.machine()}",
        "versions": f"XTF {xtf.__version__}, PyTorch {torch.__version__}"}
    return markdown(("what", "value"), [(name, str(value)) for name, value in facts.items()]) + "\n"


def _put(told: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
