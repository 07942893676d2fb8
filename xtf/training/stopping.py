"""Ending a fine-tune within seconds, however long its steps are."""

import signal
import threading
from typing import Any

import torch
from transformers import TrainerCallback

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping(TrainerCallback):
    """While it is entered, SIGTERM and Ctrl-C end the training: at once while gradients are computed, since a step that
    is left out changes nothing; in the short rest of a step, at its end."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}
        self._computing = False
        self._seeds: tuple[torch.Tensor, list[torch.Tensor]] | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in _SIGNALS}

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, *_: Any) -> None:
        self.asked = True
        if self._computing:
            self._computing = False  # what is written then must not be interrupted in its turn
            raise KeyboardInterrupt

    def restore_seeds(self) -> None:
        """Random states as they were before the step that was left out, so that dropout goes on the same."""
        if self._seeds is not None:
            torch.set_rng_state(self._seeds[0])
            torch.cuda.set_rng_state_all(self._seeds[1])

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._seeds is None:
            self._seeds = _seeds()
        self._computing = True
        if self.asked:  # between two steps
            self._ask()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._computing = False

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._seeds = _seeds()  # an epoch's first step begins with others: its data loader has drawn one by then
        if self.asked:
            control.should_save = control.should_training_stop = True


def _seeds() -> tuple[torch.Tensor, list[torch.Tensor]]:
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
