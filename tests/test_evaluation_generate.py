"""What a model answers, and which model: the tiny one against its own plain forward pass."""

import shutil

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from xtf.config import DataSettings, ModelSettings
from xtf.errors import DataError, EvaluationError, ModelError
from xtf.evaluation.generate import answers, chat_prompt
from xtf.evaluation.load import load
from xtf.evaluation.settings import EvaluationSettings


@pytest.fixture
def loaded(tiny_model):
    return load(ModelSettings(model=str(tiny_model), device="cpu"))


def prompts(loaded, *texts):
    return [np.array(loaded.tokenizer(text)["input_ids"], np.int32) for text in texts]


TEXTS = "How many are left?", "Tom has 48 apples and gives 24 of them to Mia. How many?", "Tom", "Mia has 4 of them."


def greedy(loaded, prompt, count, ends):
    """The same by the plain forward pass: the likeliest token, one at a time, without a cache."""
    ids = prompt.tolist()
    for _ in range(count):
        with torch.no_grad():
            ids.append(int(loaded.model(torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] in ends:
            return loaded.tokenizer.decode(ids[len(prompt):-1])
    return loaded.tokenizer.decode(ids[len(prompt):], skip_special_tokens=True)


def test_answers_are_the_likeliest_tokens_whatever_is_in_the_batch(loaded, capfd):
    asked = prompts(loaded, *TEXTS)
    settings = EvaluationSettings(max_new_tokens=12)
    calls = []
    together = answers(loaded, asked, settings, lambda *call: calls.append(call))
    assert together == [[greedy(loaded, prompt, 12, {loaded.tokenizer.eos_token_id})] for prompt in asked]
    assert together == [answers(loaded, [prompt], settings)[0] for prompt in asked]
    assert calls == [(4, 4, "generating")] and capfd.readouterr() == ("", "")


def test_an_answer_ends_before_the_first_token_that_ends_texts(loaded):
    prompt, = prompts(loaded, TEXTS[0])
    with torch.no_grad():
        first = int(loaded.model(torch.tensor(np.array([prompt], np.int64))).logits[0, -1].argmax())
    assert answers(loaded, [prompt], EvaluationSettings(max_new_tokens=5), stop=[first]) == [[""]]


def test_what_a_model_brings_as_defaults_does_not_count(loaded):
    asked, settings = prompts(loaded, *TEXTS), EvaluationSettings(max_new_tokens=12)
    plain = answers(loaded, asked, settings)
    usual = loaded.model.generation_config
    usual.repetition_penalty, usual.no_repeat_ngram_size = 5.0, 1
    assert answers(loaded, asked, settings) == plain
    assert loaded.model.generation_config is usual and usual.repetition_penalty == 5.0


def test_what_is_drawn_hangs_on_the_seed_alone(loaded):
    asked = prompts(loaded, *TEXTS[:2])
    settings = EvaluationSettings(max_new_tokens=8, samples=3, temperature=1.0, seed=7)
    before = torch.get_rng_state()
    drawn = answers(loaded, asked, settings)
    assert [len(texts) for texts in drawn] == [3, 3] and len(set(drawn[0])) > 1
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(123)
    assert answers(loaded, asked, settings) == drawn
    assert answers(loaded, asked, settings.model_copy(update={"seed": 8})) != drawn


def test_an_answer_ends_where_the_context_is_full_and_shortens_no_other(loaded):
    long, short = np.arange(3, 509, dtype=np.int32) % 250 + 5, prompts(loaded, "Tom")[0]
    settings = EvaluationSettings(max_new_tokens=40)
    together = answers(loaded, [long, short], settings)
    assert together[0] == [greedy(loaded, long, 512 - len(long), {loaded.tokenizer.eos_token_id})]
    assert together[1] == answers(loaded, [short], settings)[0]
    with pytest.raises(EvaluationError, match="Prompt 0 has 512 tokens of the 512"):
        answers(loaded, [np.zeros(512, np.int32)], settings)


def test_where_memory_runs_out_batches_are_halved(loaded, monkeypatch):
    asked, settings = prompts(loaded, *TEXTS), EvaluationSettings(max_new_tokens=6)
    whole, generate, tried = answers(loaded, asked, settings), loaded.model.generate, []

    def scarce(most):
        def short_of_memory(input_ids, **more):
            tried.append(len(input_ids))
            if len(input_ids) > most:
                raise RuntimeError("CUDA out of memory.")
            return generate(input_ids=input_ids, **more)
        return short_of_memory

    monkeypatch.setattr(loaded.model, "generate", scarce(1), raising=False)
    assert answers(loaded, asked, settings) == whole
    assert tried[0] == 4 and tried[1:] == sorted(tried[1:], reverse=True) and tried[-4:] == [1] * 4
    monkeypatch.setattr(loaded.model, "generate", scarce(0), raising=False)
    with pytest.raises(ModelError, match="One answer does not fit into memory"):
        answers(loaded, asked, settings)


def test_a_prompt_of_ones_own_is_rendered_as_training_data_is(loaded, demo_run):
    from xtf.data import sources

    question = next(iter(sources.rows(DataSettings(data="demo"))))["question"]
    example = demo_run.table().example(0)
    asked = chat_prompt(loaded.tokenizer, question, DataSettings())
    assert asked.tolist() == example.ids[:int(np.argmax(example.trainable))].tolist()
    assert loaded.tokenizer.decode(asked).endswith("<|end|>\n<|start|>assistant\n")
    assert loaded.tokenizer.decode(chat_prompt(loaded.tokenizer, "Hi", DataSettings(template="none"))) == "Hi"
    with pytest.raises(DataError, match="The prompt is empty"):
        chat_prompt(loaded.tokenizer, " \n", DataSettings())
    with pytest.raises(DataError, match="longer than the 4 tokens"):
        chat_prompt(loaded.tokenizer, question, DataSettings(max_length=4, too_long="skip"))


@pytest.fixture
def adapter(tiny_model, tmp_path):
    """A LoRA adapter that does something."""
    torch.manual_seed(1)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model),
                           LoraConfig(r=2, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
    model.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_an_adapter_is_merged_into_its_base_model(tiny_model, adapter):
    base = ModelSettings(model=str(tiny_model), device="cpu")
    merged, ids = load(base, adapter), torch.arange(5, 25)[None]
    with torch.no_grad():
        expected = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), adapter)(ids).logits
        plain = load(base).model(ids).logits
        assert torch.allclose(merged.model(ids).logits, expected, atol=1e-4)
    assert not torch.allclose(plain, expected, atol=0.1)
    assert (type(merged.model).__name__, merged.dtype, merged.model.training) == ("LlamaForCausalLM", "float32", False)


def test_a_whole_model_is_loaded_from_its_own_folder(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "tuned")
    assert load(ModelSettings(model="nowhere", device="cpu"), tmp_path / "tuned").architecture == "LlamaForCausalLM"


def test_an_adapter_that_does_not_go_with_the_base_model_is_told(tiny_model, adapter, tmp_path):
    base = ModelSettings(model=str(tiny_model), device="cpu")
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    LlamaForCausalLM(LlamaConfig(vocab_size=400, hidden_size=16, intermediate_size=32, num_hidden_layers=3,
                                 num_attention_heads=4)).save_pretrained(other)
    with pytest.raises(ModelError, match="does not go with this base model"):
        load(base.model_copy(update={"model": str(other)}), adapter)
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(ModelError, match="kept as a pickle"):
        load(base, adapter)
    with pytest.raises(ModelError, match="There is no model at"):
        load(base, tmp_path / "home")
