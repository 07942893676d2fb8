"""Attention and prediction scores of tiny random models of many architectures, against `transformers`' own attention
maps and a plain loop over examples."""

import numpy as np
import pytest
import torch
import transformers as hf

from xtf.columns import Mark
from xtf.data.types import Tokens
from xtf.errors import ModelError, SettingsError
from xtf.models import LoadedModel
from xtf.scoring import attention
from xtf.scoring.forward import Scorer, parse_layers

SMALL = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
         "num_attention_heads": 4, "max_position_embeddings": 64}
GROUPED = SMALL | {"num_key_value_heads": 2}
CONFIGS = {
    "llama": hf.LlamaConfig(**GROUPED),
    "qwen2": hf.Qwen2Config(**GROUPED),
    "qwen2-window": hf.Qwen2Config(**GROUPED, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "mistral-window": hf.MistralConfig(**GROUPED, sliding_window=5),
    "gemma2": hf.Gemma2Config(**GROUPED, head_dim=8, sliding_window=4, query_pre_attn_scalar=8,
                              attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
    "gemma3": hf.Gemma3TextConfig(**GROUPED, head_dim=8, sliding_window=4, query_pre_attn_scalar=8),
    "gpt2": hf.GPT2Config(vocab_size=97, n_embd=32, n_layer=3, n_head=4, n_positions=64),
    "gpt-neox": hf.GPTNeoXConfig(**SMALL),
}


def build(config) -> LoadedModel:
    torch.manual_seed(1)
    config.initializer_range = 0.4  # large weights, so that attention is far from uniform
    model = hf.AutoModelForCausalLM.from_config(config).eval()
    return LoadedModel(model, None, "tiny", "cpu", "float32")


def batch_of(lengths, prompt=3, seed=0) -> list[Tokens]:
    generator = np.random.default_rng(seed)
    batch = []
    for length in lengths:
        marks = np.full(length, Mark.RESPONSE, np.uint8)
        marks[:prompt] = Mark.PROMPT
        batch.append(Tokens(generator.integers(0, 97, length).astype(np.int32), marks,
                            np.zeros((length, 2), np.int32), ""))
    return batch


@torch.inference_mode()
def naive(config, tokens: Tokens) -> dict[str, np.ndarray]:
    """The definitions, spelled out token by token from the model's own attention maps (eager)."""
    model = build(config).model
    model.set_attn_implementation("eager")
    ids = torch.from_numpy(tokens.ids).long()[None]
    output = model(ids, output_attentions=True)
    weights = torch.stack(output.attentions)[:, 0].double().mean(1).numpy()  # [layers, T, T]
    layers, length, _ = weights.shape
    received, adjusted = np.full((2, length), np.nan)
    for j in range(length - 1):
        later = range(j + 1, length)
        received[j] = np.mean([weights[layer, i, j] for layer in range(layers) for i in later])
        adjusted[j] = np.mean([weights[layer, i, j] * (weights[layer, i] > 0).sum() for layer in range(layers)
                               for i in later])
    logits = output.logits[0].double()
    log_p = torch.cat([torch.full((1, logits.shape[1]), torch.nan, dtype=torch.float64),
                       logits.log_softmax(-1)[:-1]])
    here = log_p[torch.arange(length), ids[0]].numpy()
    prompt = (tokens.marks & Mark.PROMPT) != 0
    top = log_p.topk(20).values
    top_p = top.softmax(-1)
    columns = {
        "received_mean": received, "received_mean_adjusted": adjusted, "logprob": here,
        "entropy": -(log_p.exp() * log_p).sum(-1).numpy(), "margin": (top[:, 0] - top[:, 1]).numpy(),
        "entropy_top20": -(top_p * top_p.log()).sum(-1).numpy(),
        "rank": np.array([(log_p[t] > here[t]).sum() for t in range(length)], float),
        "prompt_attention": weights[:, :, prompt].sum(-1).mean(0), "row_mean": weights[0].mean(-1)}
    return {name: np.where(tokens.trainable, column, np.nan) for name, column in columns.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_columns_are_those_of_the_models_own_attention(name):
    batch = batch_of([19, 7, 12, 4])
    scorer = Scorer(build(CONFIGS[name]))
    assert scorer.attention_note is None
    for tokens, scored in zip(batch, scorer.score(batch), strict=True):
        for column, expected in naive(CONFIGS[name], tokens).items():
            np.testing.assert_allclose(scored[column], expected, rtol=2e-4, atol=1e-5, err_msg=column)


@pytest.mark.parametrize("name", ["llama", "gemma2", "mistral-window"])
def test_padding_and_batching_change_nothing(name):
    batch = batch_of([23, 5, 11])
    scorer = Scorer(build(CONFIGS[name]))
    for together, tokens in zip(scorer.score(batch), batch, strict=True):
        alone = scorer.score([tokens])[0]
        for column in alone:
            np.testing.assert_allclose(together[column], alone[column], rtol=1e-5, atol=1e-5, err_msg=column)


def test_blocks_of_queries_change_nothing(monkeypatch):
    """Long examples are worked off in blocks of queries; force blocks of 16 on a window that crosses them."""
    batch = batch_of([50, 33])
    scorer = Scorer(build(CONFIGS["mistral-window"]))
    whole = scorer.score(batch)
    monkeypatch.setattr(attention, "_BLOCK_WEIGHTS", 1)
    for blocks, expected in zip(scorer.score(batch), whole, strict=True):
        for column in expected:
            np.testing.assert_allclose(blocks[column], expected[column], rtol=1e-5, atol=1e-6, err_msg=column)


def test_nan_exactly_where_not_trainable_and_at_the_last_token_for_attention():
    tokens = batch_of([9])[0]
    tokens.marks[5:7] = Mark.PROMPT  # a second user turn between two responses
    scored = Scorer(build(CONFIGS["llama"])).score([tokens])[0]
    for column, values in scored.items():
        blank = ~tokens.trainable
        if column.startswith("received"):
            blank = blank | (np.arange(9) == 8)
        np.testing.assert_array_equal(np.isnan(values), blank, err_msg=column)


def test_bfloat16_models_give_float32_logits():
    loaded = build(CONFIGS["llama"])
    model = loaded.model.to(torch.bfloat16)
    scored = Scorer(LoadedModel(model, None, "tiny", "cpu", "bfloat16")).score(batch_of([20]))[0]
    exact = Scorer(build(CONFIGS["llama"])).score(batch_of([20]))[0]
    p, expected = np.exp(scored["logprob"][3:]), np.exp(exact["logprob"][3:])
    assert np.abs(p - expected).max() < 0.1
    rounded = torch.from_numpy(scored["margin"][3:]).to(torch.bfloat16).float().numpy()
    assert (rounded != scored["margin"][3:]).any()  # not every margin is a bfloat16 number: the head ran in float32


def test_mamba_has_no_attention_and_the_rest_works():
    config = hf.MambaConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, state_size=4)
    scorer = Scorer(build(config))
    assert "reasoning importance is switched off" in scorer.attention_note
    batch = batch_of([12, 6])
    for tokens, scored in zip(batch, scorer.score(batch), strict=True):
        assert not any(column.startswith("received") for column in scored)
        assert np.isfinite(scored["logprob"][tokens.trainable]).all()


def test_an_encoder_is_refused():
    config = hf.BertConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                           intermediate_size=48)
    with pytest.raises(ModelError, match="not causal"):
        Scorer(build(config))


def test_nan_logits_are_a_users_error_in_a_sentence():
    loaded = build(CONFIGS["llama"])
    loaded.model.lm_head.weight.data[5] = torch.nan
    with pytest.raises(ModelError, match="NaN"):
        Scorer(loaded).score(batch_of([9]))


def test_type_similarities_by_hand():
    """Three types and two words, from the embedding rows themselves."""
    loaded = build(CONFIGS["gpt2"])
    ids, counts = np.array([2, 5, 9]), np.array([1, 3, 0])
    columns = Scorer(loaded).type_similarities(ids, counts, [[2], [5, 9]])
    rows = loaded.model.get_input_embeddings().weight.detach().double().numpy()
    dataset = (rows[2] + 3 * rows[5]) / 4
    words = (rows[2] + (rows[5] + rows[9]) / 2) / 2
    for name, domain in (("embedding_dataset", dataset), ("embedding_words", words)):
        expected = [row @ domain / np.linalg.norm(row) / np.linalg.norm(domain) for row in rows[ids]]
        np.testing.assert_allclose(columns[name], expected, atol=1e-6)
    assert set(columns) == {"embedding_dataset", "embedding_words", "hidden_dataset", "hidden_words"}


def test_layer_lists():
    assert parse_layers("0,5,2-3", 6) == [0, 2, 3, 5]
    for bad in ("6", "x", "3-", "", "-1", "4-2"):
        with pytest.raises(SettingsError, match="--layers"):
            parse_layers(bad, 6)
