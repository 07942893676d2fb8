"""`transformers.Trainer` over kept tokens: one batch is a whole step, cut into micro-batches by token count."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from xtf import devices
from xtf.errors import ModelError
from xtf.training.online import selected
from xtf.training.order import ByLength
from xtf.training.rows import Row, micro_batches, one_row, padded

_NOTHING = Row(np.zeros(1, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int32))  # one token, not judged


def gathered(rows: Sequence[Row]) -> dict[str, Any]:
    """The collator: the rows of one step as they are. Trainer counts `shift_labels` to normalise the loss, where there
    are `labels`."""
    targets = torch.from_numpy(np.concatenate([each.targets for each in rows]))
    return {"rows": list(rows), "labels": targets, "shift_labels": targets}


class KeptTrainer(Trainer):
    """Trains a model prepared by `train_on_kept` on `Row`s.

    A step's batch (per_device_train_batch_size rows, in the sampler's order) is cut into micro-batches of at most
    `tokens` padded tokens. Their gradients are summed and normalised over all kept tokens of the step, on all devices,
    so that loss and gradient do not hang on how it is cut. When memory runs out, the step is done again with
    micro-batches of half the size. With `lengths` (int64[N], of the whole examples), a step holds alike ones. With
    `keep` each step trains on that share of its batch's tokens, those of the highest excess loss
    (`xtf.training.online`).
    """

    def __init__(self, model: Any, arguments: TrainingArguments, rows: Dataset[Row], tokens: int,
                 callbacks: Sequence[TrainerCallback] = (), lengths: np.ndarray | None = None,
                 keep: float | None = None):
        self._lengths, self._keep = lengths, keep
        super().__init__(model, arguments, gathered, rows, callbacks=list(callbacks))
        self.remove_callback(PrinterCallback)  # it prints, and what a library prints runs into what commands say
        self.model_accepts_loss_kwargs = True  # the loss is normalised by what is counted over the whole step
        self.tokens = tokens
        self._packs = bool(model.takes_one_row)
        self.trained = self.read = 0  # tokens of this process: those judged, and those that the model has read

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if self._lengths is None:
            return super()._get_train_sampler(train_dataset)
        together = self.args.train_batch_size * self.args.world_size * self.args.gradient_accumulation_steps
        return ByLength(self._lengths, together, self.args.seed)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """The step's loss, nats a kept token; gradients are left in the parameters. Raises: ModelError when one row
        alone does not fit into memory."""
        model.train()
        accumulated = _gradients(model) if self.args.gradient_accumulation_steps > 1 else {}
        while True:
            try:
                rows, items = self._selected(model, inputs["rows"], num_items_in_batch)
                loss = self._step(model, rows, items)
                break
            except (RuntimeError, MemoryError) as error:
                if not devices.out_of_memory(error):
                    raise
                self._halve(inputs["rows"], error)
            for parameter in model.parameters():  # what the part that did fit has left behind
                parameter.grad = accumulated.get(parameter)
        self.trained += sum(len(each.targets) for each in rows)
        self.read += sum(len(each.ids) for each in rows)
        return loss

    def _selected(self, model: Any, rows: Sequence[Row], items: Any) -> tuple[Sequence[Row], Any]:
        """The rows with what this step trains on, and how many tokens that is on all devices."""
        if self._keep is None:
            return rows, items
        rows = selected(rows, self._losses(model, rows), self._keep)
        count = torch.tensor(sum(len(each.targets) for each in rows), device=self.args.device)
        return rows, self.accelerator.gather(count).sum().clamp(min=1)

    def _losses(self, model: Any, rows: Sequence[Row]) -> np.ndarray:
        """float32[K], nats: the loss of each judged prediction of the rows as the model stands, in their order."""
        found: dict[int, np.ndarray] = {}
        layout = one_row if self._packs else padded
        for batch in self._cut(rows):
            with torch.no_grad(), self.compute_loss_context_manager():
                each = model(**layout(batch, self.args.device), each=True)["each"].cpu().numpy()
            ends = np.cumsum([len(one.targets) for one in batch])
            found |= {id(one): some for one, some in zip(batch, np.split(each, ends[:-1]))}
        nothing = np.zeros(0, np.float32)
        return np.concatenate([found.get(id(one), nothing) for one in rows])

    def _step(self, model: Any, rows: Sequence[Row], items: Any) -> torch.Tensor:
        batches, layout = self._cut(rows), one_row if self._packs else padded
        total = torch.zeros((), device=self.args.device)
        for number, batch in enumerate(batches, start=1):
            last = number == len(batches)
            with contextlib.nullcontext() if last else self.accelerator.no_sync(model):
                with self.compute_loss_context_manager():
                    summed = model(**layout(batch, self.args.device))["loss"]
                loss = summed * self._processes / items
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def _cut(self, rows: Sequence[Row]) -> list[list[Row]]:
        batches = list(micro_batches(rows, self.tokens, self._packs))
        return batches or [[_NOTHING]] * (self.accelerator.num_processes > 1)  # the others wait for its gradients

    @property
    def _processes(self) -> int:
        """Gradients are averaged over processes, while `items` counts the kept tokens of all of them."""
        return int(self.accelerator.num_processes) if self.args.average_tokens_across_devices else 1

    def _halve(self, rows: Sequence[Row], error: BaseException) -> None:
        longest = max(len(each.ids) for each in rows)
        if self.tokens < 2 * longest and all(len(batch) == 1 for batch in self._cut(rows)):
            raise ModelError(f"One example of {longest} tokens does not fit into memory even alone: leave long ones "
                             "out, switch gradient checkpointing on, or choose a smaller model.") from error
        self.tokens = max(1, min(self.tokens, longest * len(rows)) // 2)
        logging.getLogger(__name__).warning("Out of memory: going on with micro-batches of at most %d tokens.",
                                            self.tokens)


def _gradients(model: torch.nn.Module) -> dict[torch.nn.Parameter, torch.Tensor]:
    return {parameter: parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None}
