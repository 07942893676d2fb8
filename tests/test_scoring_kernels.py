"""Packed weights, the shape of a batch, and the columns of a prediction, each against its plain counterpart."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, LlamaConfig

from tests.test_scoring_architectures import CONFIGS, batch_of, build
from xtf.columns import Mark
from xtf.models import LoadedModel
from xtf.scoring import kernels, layout
from xtf.scoring.crew import Crew
from xtf.scoring.forward import Scorer
from xtf.scoring.novelty import greatest, prediction_scores

CPU = torch.device("cpu")
needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")


@needs_onednn
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_a_packed_layer_is_the_layer(dtype, bias):
    layer = nn.Linear(48, 40, bias=bias).to(dtype)
    if not kernels.can_pack(layer.weight):
        pytest.skip("this processor has no bfloat16 kernels")
    hidden = torch.randn(3, 7, 48).to(dtype)
    packed = kernels.Packed(layer.weight, layer.bias)
    close = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-2, "atol": 1e-2}
    torch.testing.assert_close(packed(hidden), layer(hidden), **close)
    again = packed.linear()
    assert torch.equal(again.weight, layer.weight) and (not bias or torch.equal(again.bias, layer.bias))


@needs_onednn
@torch.inference_mode()
def test_a_fused_swiglu_block_is_the_block_and_all_of_a_llama_is_packed():
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(LlamaConfig(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4)).eval().model
    ids = torch.arange(12)[None]
    expected = model(ids).last_hidden_state
    kernels.pack(model)
    kernels.fuse(model)
    kinds = [type(module) for module in model.modules()]
    assert nn.Linear not in kinds and kinds.count(kernels.SwiGLU) == 2
    torch.testing.assert_close(model(ids).last_hidden_state, expected, rtol=1e-5, atol=1e-5)


def test_a_row_of_examples_holds_each_token_once_and_what_all_begin_with_once_for_all():
    batch = batch_of([9, 6, 12], prompt=5)
    for tokens in batch:
        tokens.ids[:3] = (50, 60, 70)
    batch[1].ids[3], batch[2].ids[3] = 1, 2
    together = layout.packed(batch, CPU)
    assert together.shared == 3 and together.ids.shape == (1, 3 + 6 + 3 + 9)
    for tokens, (row, places) in zip(batch, together.homes, strict=True):
        assert together.ids[row, places].tolist() == tokens.ids[3:].tolist()
        assert together.positions[row, places].tolist() == list(range(3, len(tokens)))
        assert together.later[row, places].tolist() == list(range(len(tokens) - 4, -1, -1))
    cut = together.per_example({"ids": together.ids.float()})
    for tokens, columns in zip(batch, cut, strict=True):
        np.testing.assert_array_equal(columns["ids"], np.where(tokens.trainable, tokens.ids, np.nan))


@pytest.mark.parametrize(("prompt", "shared"), [(8, 7), (5, 4), (1, 0)])
def test_what_predicts_a_response_is_never_shared(prompt, shared):
    batch = batch_of([12, 12], prompt=prompt)
    batch[1].ids[:] = batch[0].ids
    assert layout.shared_prompt(batch) == shared
    assert layout.shared_prompt(batch[:1]) == 0


@pytest.mark.parametrize("name", ["llama", "mistral-window", "gemma2", "qwen2-window"])
def test_examples_that_begin_alike_score_as_they_do_alone(name):
    batch = batch_of([21, 9, 14], prompt=6)
    for tokens in batch:
        tokens.ids[:5] = (3, 1, 4, 1, 5)
    scorer = Scorer(build(CONFIGS[name]))
    assert scorer.backbone.lay_out(batch).shared == 5
    for tokens, columns in zip(batch, scorer.score(batch), strict=True):
        for column, expected in scorer.score([tokens])[0].items():
            np.testing.assert_allclose(columns[column], expected, rtol=1e-5, atol=1e-5, err_msg=column)


def test_packed_and_padded_batches_score_alike():
    batch = batch_of([23, 5, 11])
    scorer = Scorer(build(CONFIGS["llama"]))
    packed = scorer.score(batch)
    scorer.backbone._one_row = False
    assert scorer.backbone.lay_out(batch).ids.shape == (3, 23)
    for one, other in zip(packed, scorer.score(batch), strict=True):
        for column, expected in other.items():
            np.testing.assert_allclose(one[column], expected, rtol=1e-5, atol=1e-5, err_msg=column)


@pytest.mark.parametrize("size", [2, 25, 4096, 5003, 9000])
def test_the_greatest_are_those_of_a_full_sort(size):
    logits = torch.randn(7, size, generator=torch.Generator().manual_seed(size))
    expected = logits.sort(descending=True).indices[:, :20]
    assert torch.equal(greatest(logits), expected)


@pytest.mark.parametrize("scale", [0.1, 3.0, 40.0])
def test_prediction_columns_by_their_definitions(scale):
    generator = torch.Generator().manual_seed(7)
    logits = torch.randn(64, 5000, generator=generator) * scale
    targets = torch.randint(0, 5000, (64,), generator=generator)
    targets[:32] = logits[:32].argmax(-1)
    logits[:, 17] = -torch.inf  # a token that can never come has p = 0
    targets[targets == 17] = 18
    log_p = logits.double().log_softmax(-1)
    here, top = log_p.gather(1, targets[:, None])[:, 0], logits.double().topk(20).values
    top_p = top.softmax(-1)
    expected = {
        "logprob": here, "entropy": torch.special.entr(log_p.exp()).sum(-1), "margin": top[:, 0] - top[:, 1],
        "entropy_top20": torch.special.entr(top_p).sum(-1),
        "rank": (logits > logits.gather(1, targets[:, None])).sum(-1).double()}
    found = prediction_scores(logits.clone(), targets)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(found[name].double(), values, rtol=2e-5, atol=2e-5, msg=name)


@torch.inference_mode()
def test_the_logits_that_decide_are_exact_in_bfloat16():
    """The token that came and the greatest are multiplied in float32 even where the rest is not."""
    config = LlamaConfig(vocab_size=9000, hidden_size=64, intermediate_size=64, num_hidden_layers=1,
                         num_attention_heads=2)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).to(torch.bfloat16).eval()
    head = Scorer(LoadedModel(model, None, "tiny", "cpu", "bfloat16")).head
    hidden, tokens = (torch.randn(30, 64) * 20).to(torch.bfloat16), torch.randint(0, 9000, (30,))
    exact = hidden.float() @ model.lm_head.weight.float().t()
    found = head.logits(hidden, tokens)
    torch.testing.assert_close(found.gather(1, tokens[:, None]), exact.gather(1, tokens[:, None]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.topk(2).values, exact.topk(2).values, rtol=1e-5, atol=1e-5)
    ours, theirs = prediction_scores(found, tokens), prediction_scores(exact, tokens)
    assert (ours["logprob"].exp() - theirs["logprob"].exp()).abs().max() < 2e-3
    assert (ours["entropy"] - theirs["entropy"]).abs().max() < 0.02


def test_a_crew_keeps_order_and_the_number_of_threads():
    before = torch.get_num_threads()
    crew = Crew()
    assert list(crew.map(lambda number: number * number, range(50))) == [number * number for number in range(50)]
    assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError):
        list(crew.map(lambda number: 1 // number, [1, 0, 1]))
    assert torch.get_num_threads() == before


def test_batches_side_by_side_are_batches_one_by_one():
    scorer = Scorer(build(CONFIGS["gemma2"]))
    batches = [batch_of([7 + number, 5], seed=number) for number in range(12)]
    for together, batch in zip(scorer.score_all(batches), batches, strict=True):
        for one, other in zip(together, scorer.score(batch), strict=True):
            for column, expected in other.items():
                np.testing.assert_allclose(one[column], expected, rtol=1e-6, atol=1e-6, err_msg=column)


def test_responses_in_several_turns_are_all_scored():
    batch = batch_of([20, 16])
    for tokens in batch:
        tokens.marks[8:11] = Mark.PROMPT
    for tokens, columns in zip(batch, Scorer(build(CONFIGS["llama"])).score(batch), strict=True):
        np.testing.assert_array_equal(np.isnan(columns["logprob"]), ~tokens.trainable)
