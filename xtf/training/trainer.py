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
from xtf.training.rows import Row, micro_batches, tensors


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
    micro-batches of half the size.
    """

    def __init__(self, model: Any, arguments: TrainingArguments, rows: Dataset[Row], tokens: int,
                 callbacks: Sequence[TrainerCallback] = ()):
        super().__init__(model, arguments, gathered, rows, callbacks=list(callbacks))
        self.remove_callback(PrinterCallback)  # it prints, and what a library prints runs into what commands say
        self.model_accepts_loss_kwargs = True  # the loss is normalised by what is counted over the whole step
        self.tokens = tokens
        self.trained = self.read = 0  # tokens of this process: those judged, and those that the model has read

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """The step's loss, nats a kept token; gradients are left in the parameters. Raises: ModelError when one row
        alone does not fit into memory."""
        model.train()
        while True:
            try:
                loss = self._step(model, inputs["rows"], num_items_in_batch)
                break
            except (RuntimeError, MemoryError) as error:
                if not devices.out_of_memory(error):
                    raise
                self._halve(inputs["rows"], error)
            model.zero_grad()  # what the part that did fit has left behind
        self.trained += sum(len(each.targets) for each in inputs["rows"])
        self.read += sum(len(each.ids) for each in inputs["rows"])
        return loss

    def _step(self, model: Any, rows: Sequence[Row], items: Any) -> torch.Tensor:
        batches = list(micro_batches(rows, self.tokens))
        total = torch.zeros((), device=self.args.device)
        for number, batch in enumerate(batches, start=1):
            last = number == len(batches)
            with contextlib.nullcontext() if last else self.accelerator.no_sync(model):
                with self.compute_loss_context_manager():
                    summed = model(**tensors(batch, self.args.device))["loss"]
                loss = summed * self._processes / items
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    @property
    def _processes(self) -> int:
        """Gradients are averaged over processes, while `items` counts the kept tokens of all of them."""
        return int(self.accelerator.num_processes) if self.args.average_tokens_across_devices else 1

    def _halve(self, rows: Sequence[Row], error: BaseException) -> None:
        longest = max(len(each.ids) for each in rows)
        if self.tokens < 2 * longest and all(len(batch) == 1 for batch in micro_batches(rows, self.tokens)):
            raise ModelError(f"One example of {longest} tokens does not fit into memory even alone: leave long ones "
                             "out, switch gradient checkpointing on, or choose a smaller model.") from error
        self.tokens = max(1, min(self.tokens, longest * len(rows)) // 2)
        logging.getLogger(__name__).warning("Out of memory: going on with micro-batches of at most %d tokens.",
                                            self.tokens)
