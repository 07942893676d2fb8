"""Shared fixtures: a workspace of its own for every test, a tiny random model made in-process, and the embedded one."""

import gc
import json
import os
import shutil
import sys
from pathlib import Path

import hypothesis
import pytest

#: How long drawing or trying an example takes is the machine's business: a busy one must not fail a test.
hypothesis.settings.register_profile("untimed", deadline=None,
                                     suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

if "PYTEST_XDIST_WORKER" in os.environ:  # as many tests run at a time as there are cores: threads would only queue up
    os.environ.setdefault("OMP_NUM_THREADS", "1")

_SHARED = Path(__file__).parents[2] / "shared"

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|start|>' + message['role'] + '\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}")


def pytest_collection_finish():
    """What is imported by now stays to the end: a garbage collection, of which trainers ask for many, need not go
    through its millions of objects each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty workspace; nothing of the user's is read or written."""
    folder = tmp_path / "home"
    monkeypatch.setenv("XTF_HOME", str(folder))
    monkeypatch.delenv("XTF_JOB", raising=False)
    return folder


def tiny_tokenizer():
    """A byte-level BPE tokenizer with a chat template, trained on a few sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|start|>", "<|end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["Tom has 48 apples and gives 24 of them to Mia.", "How many are left? #### 24"] * 20,
                                  trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = CHAT_TEMPLATE
    return fast


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """Folder of a two-layer random Llama in safetensors, with `tiny_tokenizer`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.3,
        bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def demo_run(home, tiny_model):
    """A finished run of six problems, scored with the tiny model."""
    from xtf.config import ScoreSettings
    from xtf.engine import local
    from xtf.runs import open_run

    local.score(ScoreSettings(data="demo", model=str(tiny_model), limit=6, dtype="float32", device="cpu"), "demo")
    return open_run("demo")


@pytest.fixture(scope="session")
def embedded_model(tmp_path_factory) -> Path:
    """Folder of the embedded model as safetensors, converted once for all workers; the second waits."""
    from xtf import models

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(folder / "embedded"))
        return models.embedded_folder()


@pytest.fixture(scope="session")
def embedded_tokenizer(embedded_model):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(embedded_model)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with data that the project uses but does not ship."""
    if not _SHARED.is_dir():
        pytest.skip("the shared data is not here")
    return _SHARED


@pytest.fixture(scope="session")
def golden(shared):
    """Values of an independent run of the published procedure on 12 GSM8K answers."""
    path = shared / "golden" / "published_code_gsm8k_12.json"
    if not path.is_file():
        pytest.skip(f"golden values are not here ({path.name})")
    return json.loads(path.read_text())


@pytest.fixture(scope="session")
def scored(tmp_path_factory, tiny_model):
    """A workspace with a run of six problems, and one of hostile text."""
    from tests.scored import hostile_file, score

    folder = tmp_path_factory.mktemp("scored")
    score(folder, tiny_model, "hostile", str(hostile_file(folder)))
    score(folder, tiny_model, "problems", "demo", limit=6)
    return folder


@pytest.fixture(scope="session")
def site(scored, tmp_path_factory):
    """Address of a dashboard over those runs, for all tests that write nothing and need no fresh server."""
    from tests.browser import dashboard

    with dashboard(scored, tmp_path_factory.mktemp("site") / "log") as address:
        yield address


@pytest.fixture(scope="session")
def planted_bench(tmp_path_factory, tiny_model):
    """A workspace with a bench of planted noise by the tiny model, and what its command printed."""
    from click.testing import CliRunner

    from xtf.cli.main import cli

    folder = tmp_path_factory.mktemp("planted") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTF_HOME", str(folder))
        ran = CliRunner().invoke(cli, ["bench", "planted", "--examples", "8", "--model", str(tiny_model), "--device",
                                       "cpu", "--json"], catch_exceptions=False)
    assert ran.exit_code == 0
    return folder, json.loads(ran.stdout)


@pytest.fixture
def workplace(home, scored):
    """This test's workspace, with those runs in it."""
    shutil.copytree(scored, home)
    return home


@pytest.fixture
def partial(home, tiny_model, monkeypatch):
    """A run that was interrupted after two shards."""
    from xtf.config import ScoreSettings
    from xtf.engine import local
    from xtf.engine import survey as surveying
    from xtf.runs import open_run

    monkeypatch.setattr(surveying, "SHARD_TOKENS", 600)

    def progress(done, total, stage):
        if len(list((home / "runs" / "part" / "shards").glob("*.json"))) >= 2:
            raise KeyboardInterrupt

    asked = ScoreSettings(data="demo", model=str(tiny_model), limit=12, dtype="float32", device="cpu")
    with pytest.raises(KeyboardInterrupt):
        local.score(asked, "part", progress)
    return open_run("part")


@pytest.fixture(scope="module")
def browser():
    """A Chromium for the tests of one file: while it runs, asyncio can do nothing else."""
    from tests.browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def view(browser):
    """The token view on a bare page, which must not meet a script fault."""
    from tests.token_views import View

    made = View(browser)
    yield made
    made.page.close()
    assert made.faults == []


@pytest.fixture
def sleeping(tmp_path, monkeypatch):
    """Jobs are real processes, but of an interpreter that only sleeps; they are ended afterwards."""
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 60\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    yield
    from xtf import jobs

    for job in jobs.running():
        jobs.cancel(job.id)


@pytest.fixture
def hub(monkeypatch):
    """A local stand-in for the Hugging Face hub, to which huggingface_hub talks."""
    from tests.hub import running
    from tests.pushing import lead_to

    with running() as server:
        lead_to(server, monkeypatch)
        yield server
