"""Losses on unrelated text: against a plain forward pass of transformers, for tokenizers with and without a BOS."""

import json

import pytest
import torch
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.comparisons import ARMS, begun, evaluate
from xtf.config import ModelSettings
from xtf.evaluation import result, unrelated
from xtf.evaluation.load import load
from xtf.models import LoadedModel
from xtf.runs import open_run


def plainly(model, ids):
    """Nats summed over all tokens but the first, by transformers itself."""
    with torch.inference_mode():
        logprob = torch.log_softmax(model(torch.tensor([ids])).logits[0, :-1].float(), -1)
    return -logprob[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].sum().item()


def test_passages_are_short_varied_and_named_once():
    found = unrelated.passages()
    assert len(found) == len({one.id for one in found}) == len({one.text for one in found}) == 40
    kinds = [one.kind for one in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {"prose": 10, "code": 8, "dialogue": 6, "language": 10,
                                                          "list": 6}
    assert all(40 < len(one.text) < 300 for one in found)


@pytest.mark.parametrize("bos", [False, True])
def test_losses_are_those_of_a_plain_forward_pass(bos, tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    if bos:
        tokenizer.add_special_tokens({"bos_token": "<|start|>"})
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single="<|start|> $A", special_tokens=[("<|start|>", tokenizer.bos_token_id)])
    model = load(ModelSettings(model=str(tiny_model), device="cpu"))
    found = unrelated.measured(LoadedModel(model.model, tokenizer, "tiny", "cpu", "float32"))
    plain = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    assert list(found["id"]) == [one.id for one in unrelated.passages()]
    for row, passage in zip(found.itertuples(), unrelated.passages(), strict=True):
        ids = tokenizer(passage.text)["input_ids"][:512]  # as long as the model can read
        assert (ids[0] == tokenizer.bos_token_id) == bos and row.tokens == len(ids) - 1
        assert row.nll == pytest.approx(plainly(plain, ids), rel=1e-4)


def test_tokens_that_the_model_does_not_know_leave_a_passage_out(tiny_model):
    model = load(ModelSettings(model=str(tiny_model), device="cpu"))
    model.tokenizer.add_tokens(["glacier"])
    found = unrelated.measured(model).set_index("id")
    assert found.loc["prose-4", "tokens"] == 0 and found.loc["prose-1", "tokens"] > 0


def test_they_are_kept_with_the_evaluation_and_old_ones_are_read_without(workplace, tiny_model):
    found = unrelated.measured(load(ModelSettings(model=str(tiny_model), device="cpu")))
    made = begun("problems", "hostile")
    evaluate(made, made.base, "base", ARMS["normal", 0])
    old = result.read(made.base)
    assert old.unrelated is None and old.loss_unrelated != old.loss_unrelated
    new = result.Evaluation(**{**vars(old), "unrelated": found})
    result.save(new, made.base)
    assert result.read(made.base).unrelated.equals(found)
    assert result.read(made.base).loss_unrelated == found["nll"].sum() / found["tokens"].sum()
    facts = json.loads((made.base / "evaluation.json").read_text())
    del facts["unrelated"]
    (made.base / "evaluation.json").write_text(json.dumps(facts))
    assert result.read(made.base).unrelated is None


def test_an_evaluation_of_before_there_were_strategies_is_the_same_still(workplace):
    made = begun("problems", "hostile")
    evaluate(made, made.base, "base", ARMS["normal", 0])
    facts = json.loads((made.base / "evaluation.json").read_text())
    del facts["thresholds"]["strategy"]
    (made.base / "evaluation.json").write_text(json.dumps(facts))
    assert made.asked_for(result.read(made.base), open_run("hostile"))
