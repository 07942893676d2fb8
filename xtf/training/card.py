"""README.md of a result: a model card as the Hugging Face hub reads it, and for people who did not train the model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import xtf
from xtf import models, strategies
from xtf.config import Thresholds
from xtf.evaluation import result
from xtf.evaluation.result import Evaluation
from xtf.markdown import code, plain, sentence, table
from xtf.training.folder import Training
from xtf.training.settings import IN_SIGHT
from xtf.words import count, percent, short

CARD = "README.md"
_LOADING = {
    "lora": """\
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("BASE_MODEL")
model = PeftModel.from_pretrained(base, "THIS_FOLDER")
""",
    "full": """\
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER")
"""}


def write(training: Training, folder: Path) -> None:
    """Puts the card into a folder that holds the result. Raises: OSError; StoreError if the fine-tune is damaged."""
    (folder / CARD).write_text(text(training), encoding="utf-8")


def text(training: Training) -> str:
    """The card. Of paths on this machine only the last names are told."""
    asked, counts = training.asked, training.record["counts"]
    parts = [f"---\n{_front_matter(training)}---", f"# {plain(training.name)}", _summary(training, counts),
             "## Data and labels", table(("what", "value"), _data(training, counts)), *_dropped(training.thresholds),
             "## Settings", table(("setting", "value"), _settings(asked["settings"])),
             "## Evaluation", *_evaluations(training), "## How to load it",
             f"```python\n{_LOADING[training.settings.method]}```"]
    return "\n\n".join(parts) + "\n"


def base_model(training: Training) -> str:
    """What the model is called that was trained; of a local folder its last name."""
    return short(models.display_name(training.model))


def _front_matter(training: Training) -> str:
    base = base_model(training)
    lora = training.settings.method == "lora"
    values: dict[str, Any] = {"library_name": "peft" if lora else "transformers", "pipeline_tag": "text-generation",
                              "tags": ["xtf", "token-filtering", "lora" if lora else "full-fine-tuning"]}
    if "/" in base:  # a name that the hub knows
        values["base_model"] = base
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10**6)


def _summary(training: Training, counts: dict[str, Any]) -> str:
    what = "A LoRA adapter for" if training.settings.method == "lora" else "A full fine-tune of"
    share = f" ({percent(counts['kept_share'])} of the response tokens)" if counts.get("kept_share") else ""
    return (f"{what} {code(base_model(training))}, trained on {count(counts.get('trained', 0))} tokens{share} of "
            f"{count(counts.get('examples', 0))} examples with XTF {xtf.__version__}.")


def _data(training: Training, counts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    asked = training.asked
    if "run" in asked:
        yield "run", f"{code(asked['run'])} ({code(asked['run_id'])})"
    else:
        yield "export", f"{code(Path(asked['export']).name)} ({code(asked['digest'])})"
    strategy = strategies.STRATEGIES.get(training.strategy)
    yield "tokens trained", f"{strategy.title}: {strategy.sentence}" if strategy else "As the export says."
    yield "examples", count(counts.get("examples", 0))
    yield "examples without a trained token, skipped", count(counts.get("skipped", 0))
    yield "trained tokens of one pass", count(counts.get("trained", 0))
    yield "kept share of the response tokens", percent(counts["kept_share"]) if counts.get("kept_share") else "unknown"
    yield "steps", count(counts.get("steps", 0))
    yield "started", code(training.record["created"])


def _dropped(thresholds: Thresholds | None) -> list[str]:
    if thresholds is None:
        return []
    return ["\n".join(f"- {name} {sentence(words)}" for name, words in strategies.told(thresholds))]


def _settings(chosen: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in (*IN_SIGHT, *(name for name in chosen if name not in IN_SIGHT)):
        yield name, code(chosen[name])


def _evaluations(training: Training) -> Iterator[str]:
    found = [result.read(folder) for folder in training.evaluations() if result.exists(folder)]
    if not found:
        yield "Not evaluated yet: `xtf evaluate` and `xtf compare` do that."
        return
    yield table(("held-out run", "examples", "loss (nats)", "on kept tokens", "on dropped tokens", "answers right"),
                map(_row, found))
    yield ("Loss is the mean over all response tokens of the held-out run. Whether the tuning helped, and more than "
           "random filtering would have, only a comparison tells: `xtf compare`.")


def _row(found: Evaluation) -> tuple[str, ...]:
    right = percent(found.accuracy) if found.items["correct"].notna().any() else "not marked"
    return (code(found.held_out), count(len(found.items)), f"{found.loss:.4f}", f"{found.loss_kept:.4f}",
            f"{found.loss_dropped:.4f}", right)
