"""The procedure of the paper's published code, as a yardstick: one example at a time, a pass per attribute, float32.

Written from its description (METHOD), kept plain on purpose. Golden values come from the same procedure.
"""

from collections.abc import Sequence
from typing import Any

import torch

from xtf.data.types import Tokens

Scores = dict[str, torch.Tensor]


@torch.inference_mode()
def score(model: Any, tokenizer: Any, examples: Sequence[Tokens], words: Sequence[str]) -> list[Scores]:
    """Per example: `row_mean`, `p` and `tr`, float32[T] each. Switches `model` to eager attention, the only one that
    gives attention maps."""
    model.set_attn_implementation("eager")
    alone = _Alone(model, tokenizer, words)
    results = []
    for tokens in examples:
        ids = torch.from_numpy(tokens.ids).long()[None]
        results.append({"row_mean": _reasoning(model, ids), "p": _probability(model, ids), "tr": alone.relevance(ids)})
    return results


def _reasoning(model: Any, ids: torch.Tensor) -> torch.Tensor:
    attentions = model(ids, output_attentions=True).attentions
    return attentions[0][0].mean(0).mean(-1)


def _probability(model: Any, ids: torch.Tensor) -> torch.Tensor:
    p = model(ids).logits[0].softmax(-1)
    return torch.cat([torch.zeros(1), p[:-1].gather(1, ids[0, 1:, None])[:, 0]])


class _Alone:
    """Relevance of a token: its last hidden state, fed alone, against the mean of the domain words'. Once per text."""

    def __init__(self, model: Any, tokenizer: Any, words: Sequence[str]):
        self.model, self.tokenizer = model, tokenizer
        word_ids = [tokenizer(word, add_special_tokens=False).input_ids for word in words]
        self.domain = torch.stack([self._hidden(torch.tensor([ids])).mean(0) for ids in word_ids]).mean(0)
        self.known: dict[str, torch.Tensor] = {}

    def _hidden(self, ids: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.model(ids, output_hidden_states=True).hidden_states[-1][0]
        return hidden

    def relevance(self, ids: torch.Tensor) -> torch.Tensor:
        return torch.stack([self._of(int(token)) for token in ids[0]])

    def _of(self, token: int) -> torch.Tensor:
        text = self.tokenizer.decode([token], skip_special_tokens=True).strip()
        if text not in self.known:
            hidden = self._hidden(torch.tensor([[token]]))[0]
            self.known[text] = torch.cosine_similarity(hidden, self.domain, dim=0)
        return self.known[text]
