"""Finding and loading models: what is accepted, and the sentence for what is not."""

import json
import shutil

import numpy as np
import pytest

from xtf import devices, fingerprint, gguf_reading, models
from xtf.config import ModelSettings
from xtf.errors import ModelError


def load(path, **changes):
    return models.load_model(ModelSettings(model=str(path), dtype="float32", device="cpu", **changes))


def test_a_local_folder_loads(tiny_model):
    loaded = load(tiny_model)
    assert (loaded.architecture, loaded.context, loaded.dtype) == ("LlamaForCausalLM", 512, "float32")


@pytest.mark.parametrize(("damage", "sentence"), [
    (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
    (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickle"),
    (lambda folder: (folder / "model.safetensors").write_bytes(b"no tensors"), "could not be loaded"),
    (lambda folder: (folder / "config.json").write_text(json.dumps({"model_type": "no-such"})), "could not be loaded"),
    (lambda folder: (folder / "tokenizer.json").write_text("{"), "could not be loaded"),
])
def test_bad_folders_are_told_in_one_sentence(tiny_model, tmp_path, damage, sentence):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelError, match=sentence) as fault:
        load(folder)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(("name", "sentence"), [
    ("/no/such/model", "no model at"), ("./missing.gguf", "no model at"), ("model.pt", "no model at"),
])
def test_missing_paths_are_not_taken_for_hub_ids(name, sentence):
    with pytest.raises(ModelError, match=sentence):
        load(name)


def test_pickle_and_other_files_are_refused(tmp_path):
    for name, sentence in (("model.pt", "pickle"), ("model.onnx", "not a model")):
        (tmp_path / name).write_bytes(b"\x80\x04")
        with pytest.raises(ModelError, match=sentence):
            load(tmp_path / name)


def test_remote_code_does_not_run_unless_asked_for(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError):
        load(folder)
    assert not (tmp_path / "ran").exists()


def test_unknown_device_is_told():
    with pytest.raises(ModelError, match="no device"):
        models.pick_device("cuda:99")


def test_the_number_format_without_torch_is_what_torch_would_say():
    import torch

    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    assert devices.pick_dtype("cpu") == ("bfloat16" if fast else "float32")
    assert devices.pick_device("auto") in ("cuda", "mps") or not (
        torch.cuda.is_available() or torch.backends.mps.is_available())


def test_the_digest_follows_the_weights(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    settings = ModelSettings(model=str(folder))
    before = fingerprint.of(settings)["weights"]
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert fingerprint.of(settings)["weights"] != before


def test_a_gguf_file_is_read_once_and_holds_what_the_library_reads(tmp_path):
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "small.gguf", "llama")
    writer.add_token_list(["a", "", "Zürich", "🙂"])
    writer.add_array("scores", [0.5, -1.0])
    writer.add_tensor("output.weight", np.arange(6, dtype=np.float32).reshape(2, 3))
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    usual = gguf.GGUFReader(tmp_path / "small.gguf")
    with gguf_reading.read_once():
        found = gguf.GGUFReader(tmp_path / "small.gguf")
        with gguf_reading.read_once():
            assert gguf.GGUFReader(tmp_path / "small.gguf") is found is not usual
    assert type(gguf.GGUFReader(tmp_path / "small.gguf")) is type(usual)
    assert found.fields.keys() == usual.fields.keys() and len(usual.fields) > 4
    for name, field in usual.fields.items():
        assert [part.tolist() for part in found.fields[name].parts] == [part.tolist() for part in field.parts], name
        assert (found.fields[name].data, found.fields[name].types) == (field.data, field.types)
    np.testing.assert_array_equal(found.tensors[0].data, usual.tensors[0].data)


@pytest.mark.slow
def test_gguf_and_its_conversion_are_the_same_model(embedded_model):
    import torch

    converted = load(embedded_model)
    direct = load(models.embedded_gguf())
    ids = torch.tensor([[504, 28, 216, 36]])
    with torch.inference_mode():
        torch.testing.assert_close(direct.model(ids).logits, converted.model(ids).logits)
    assert direct.tokenizer("48/2 = 24").input_ids == converted.tokenizer("48/2 = 24").input_ids
