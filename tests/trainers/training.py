"""One epoch of real training with a recipe's own trainer, and what its model was given."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tests.trainers import rows


@dataclass(frozen=True)
class Seen:
    """What the model was given, and the loss of one batch before training: the trainer's, and by hand."""

    rows: list[rows.Row]
    loss: float
    by_hand: float

    def same_loss(self) -> bool:
        """Whether both losses agree, which is printed."""
        print(f"  loss of the first batch: {self.loss:.6f}, by hand from the export's labels: {self.by_hand:.6f}")
        return abs(self.loss - self.by_hand) < 1e-4 * max(1.0, self.by_hand)


def watch(model: torch.nn.Module) -> list[dict[str, Any]]:
    """A list that takes in the keyword arguments of every forward pass of the model from now on."""
    seen: list[dict[str, Any]] = []

    def note(module: torch.nn.Module, positional: tuple, given: dict[str, Any]) -> None:
        seen.append({name: value.clone() if torch.is_tensor(value) else value for name, value in given.items()})

    model.register_forward_pre_hook(note, with_kwargs=True)
    return seen


def epoch(recipe: ModuleType, model: Path, output: Path, *words: str) -> Seen:
    """Trains for one epoch as the recipe does."""
    torch.set_num_threads(1)  # tests run two at a time, and threads of tiny models wait for each other
    trainer = recipe.trainer(recipe.arguments(
        ["--model", str(model), "--output", str(output), "--epochs", "1", "--accumulate", "2", *words]))
    loss, by_hand = _losses(trainer)
    seen = watch(trainer.model)
    trainer.train()
    return Seen([found for batch in seen for found in rows.given(batch)], loss, by_hand)


def _losses(trainer: Any) -> tuple[float, float]:
    batch = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
    with torch.no_grad():
        by_hand = direct_loss(trainer.model, list(rows.given(batch)))
        return float(trainer.compute_loss(trainer.model, batch)), by_hand


def direct_loss(model: torch.nn.Module, some: list[rows.Row]) -> float:
    """Mean negative log-likelihood of the trained tokens, nats, each row alone and without padding."""
    found = []
    for ids, labels in some:
        logits = model(input_ids=torch.tensor([ids], device=next(model.parameters()).device)).logits[0].double()
        trained = [place for place, label in enumerate(labels) if label != rows.IGNORE]
        logprobs = logits.log_softmax(-1)
        found += [-float(logprobs[place - 1, labels[place]]) for place in trained]
    return sum(found) / len(found)
