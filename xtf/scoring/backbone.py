"""The backbone of a model, made fast and watched: its hidden states, and the attention within.

What is done to a model (another attention function, packed weights, examples in one row) is tried on a few tokens and
kept only if the hidden states stay what they were. What an architecture does not bear is left out, and said.
"""

from typing import Any

import numpy as np
import torch

from xtf.columns import Mark
from xtf.data.types import Tokens
from xtf.errors import ModelError
from xtf.scoring import attention, kernels, layout
from xtf.scoring.attention import Collector
from xtf.scoring.close import same
from xtf.scoring.layout import Layout

_PROBE = 8  # tokens


class Backbone:
    """Hidden states of batches. `layers` is how many layers report attention; where there is none, `attention_note` is
    a sentence that says why."""

    def __init__(self, model: Any):
        self._backbone = model.base_model
        self._device = model.device
        self._one_row = False
        _check_causal(model)
        self.layers, self.attention_note = _switch_attention(model)
        if self._device.type == "cpu":
            kernels.keep_freed_memory()
            self._quicken()

    def lay_out(self, batch: list[Tokens]) -> Layout:
        """The batch as this model takes it."""
        return (layout.packed if self._one_row else layout.padded)(batch, self._device)

    def run(self, batch: Layout) -> tuple[torch.Tensor, Collector | None]:
        """Last hidden states [R, S, D] after the final norm, and the sums of attention if the model shows it."""
        collector = Collector(batch) if self.attention_note is None else None
        with attention.listening(collector):
            return self._hidden(batch), collector

    def alone(self, ids: torch.Tensor) -> torch.Tensor:
        """Last hidden states [n, T, D] of sequences int64[n, T] of equal length."""
        return _plain(self._backbone, ids)

    def _hidden(self, batch: Layout) -> torch.Tensor:
        if not self._one_row:  # padding is on the right, and real tokens of a causal model never see it
            return _plain(self._backbone, batch.ids)
        # A mask of ones keeps `transformers` from making a mask of its own for rows that hold several examples.
        hidden: torch.Tensor = self._backbone(
            input_ids=batch.ids, position_ids=batch.positions, attention_mask=torch.ones_like(batch.ids),
            use_cache=False).last_hidden_state
        return hidden

    def _quicken(self) -> None:
        """Packs weights, and examples into one row, as far as the hidden states stay the same."""
        examples = _examples(self._backbone.get_input_embeddings().weight.shape[0])
        expected = [self.alone(torch.from_numpy(example.ids).long()[None])[0] for example in examples]
        kernels.pack(self._backbone)
        if not self._agrees(examples, expected):
            kernels.unpack(self._backbone)
        kernels.fuse(self._backbone)
        self._one_row = self.attention_note is None
        self._one_row = self._one_row and self._agrees(examples, expected)

    def _agrees(self, examples: list[Tokens], expected: list[torch.Tensor]) -> bool:
        """Whether a batch gives the hidden states that its examples gave alone."""
        together = self.lay_out(examples)
        try:
            hidden, _ = self.run(together)
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
            return False  # an architecture without position_ids, say, or one that multiplies weights by itself
        return all(same(whole[together.shared:], hidden[row, places])
                   for whole, (row, places) in zip(expected, together.homes, strict=True))


def _plain(backbone: Any, ids: torch.Tensor) -> torch.Tensor:
    hidden: torch.Tensor = backbone(input_ids=ids, use_cache=False).last_hidden_state
    return hidden


def _examples(vocabulary: int) -> list[Tokens]:
    """Three examples of different lengths that begin alike. Their ids are spread over the vocabulary, since the special
    tokens at its start make hidden states that bfloat16 blurs."""
    spread = (np.arange(3 * _PROBE) * 0.618 % 1 * vocabulary).astype(np.int32)
    marks = np.array([Mark.PROMPT] * 4 + [Mark.RESPONSE] * _PROBE, np.uint8)
    ids = [np.concatenate([spread[:3], spread[first:first + length]]) for first, length in ((3, 5), (8, 8), (16, 2))]
    return [Tokens(row, marks[:len(row)], np.zeros((len(row), 2), np.int32), "") for row in ids]


def _check_causal(model: Any) -> None:
    """Raises: ModelError for a model whose earlier tokens see later ones."""
    ids = torch.arange(_PROBE, device=model.device)[None] % model.get_input_embeddings().weight.shape[0]
    other_end = torch.cat([ids[:, :-1], ids[:, :1]], dim=1)
    if not same(_plain(model.base_model, ids)[:, :-1], _plain(model.base_model, other_end)[:, :-1]):
        raise ModelError(f"{type(model).__name__} is not causal: its earlier tokens see later ones. Choose a "
                         "decoder-only model.")


def _switch_attention(model: Any) -> tuple[int, str | None]:
    """Puts our attention into the model and proves on a few tokens that it changes nothing there.

    Returns: the number of layers that report attention, and a sentence on why it is unavailable, or None.
    """
    example = _examples(model.get_input_embeddings().weight.shape[0])[1]
    batch = layout.padded([example], model.device)
    expected = _plain(model.base_model, batch.ids)
    usual = model.config._attn_implementation
    model.set_attn_implementation(attention.register())
    collector = Collector(batch)
    with attention.listening(collector):
        unchanged = same(expected, _plain(model.base_model, batch.ids))
    if collector.layers and unchanged:
        return len(collector.layers), None
    model.set_attn_implementation(usual)
    why = "computes attention in a way of its own" if collector.layers else "has no attention weights that can be read"
    return 0, f"{type(model).__name__} {why}: reasoning importance is switched off, the rest works."
