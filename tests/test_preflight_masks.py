"""Whether a chat template marks the responses: the answer of transformers' own assistant mask, without torch."""

import json
import subprocess
import sys

import pytest

from tests.conftest import CHAT_TEMPLATE, tiny_tokenizer
from tests.preflights import MANIFEST, look, mended, rows
from xtf.config import OtherTokenizer
from xtf.preflight.masks import marks, template_marks
from xtf.store import Manifest

MARKED = ("{% for message in messages %}{{ '<|start|>' + message['role'] }}{% if message['role'] == 'assistant' %}"
          "{%- generation -%}{{ message['content'] }}{% endgeneration %}{% else %}{{ message['content'] }}{% endif %}"
          "<|end|>{% endfor %}")
NEVER = MARKED.replace("'assistant'", "'nobody'")
REFUSES = "{{ raise_exception('only tools') }}{% generation %}{% endgeneration %}"


@pytest.mark.parametrize("template", [CHAT_TEMPLATE, MARKED, NEVER])
def test_the_answer_is_that_of_the_tokenizers_mask(template):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    masks = tokenizer.apply_chat_template(
        [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "24"}], tokenize=True,
        return_dict=True, return_assistant_tokens_mask=True)["assistant_masks"]
    assert marks(template) is (sum(masks) > 0)


def test_a_template_that_refuses_the_question_counts_by_its_keyword():
    assert marks(REFUSES)


def folder(path, name, template, **config):
    place = path / name
    place.mkdir()
    if template is not None:
        (place / "chat_template.jinja").write_text(template, encoding="utf-8")
    (place / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return str(place)


def run_of(model, **settings):
    return Manifest("it", "1", {"data": "demo", "model": model, **settings})


def test_templates_are_found_where_tokenizers_keep_them(tmp_path):
    assert template_marks(run_of(folder(tmp_path, "jinja", MARKED))) == "marked"
    assert template_marks(run_of(folder(tmp_path, "plain", CHAT_TEMPLATE))) == "unmarked"
    assert template_marks(run_of(folder(tmp_path, "config", None, chat_template=MARKED))) == "marked"
    several = [{"name": "tools", "template": MARKED}, {"name": "default", "template": CHAT_TEMPLATE}]
    assert template_marks(run_of(folder(tmp_path, "several", None, chat_template=several))) == "unmarked"
    assert template_marks(run_of(folder(tmp_path, "bare", None))) == "none"


def test_a_template_file_goes_before_the_models_own(tmp_path):
    model = folder(tmp_path, "plain", CHAT_TEMPLATE)
    (tmp_path / "own.jinja").write_text(MARKED, encoding="utf-8")
    assert template_marks(run_of(model, template=str(tmp_path / "own.jinja"))) == "marked"
    other = OtherTokenizer(tokenizer=folder(tmp_path, "other", MARKED))
    assert template_marks(run_of(model), other) == "marked"
    assert template_marks(run_of(model, template=str(tmp_path / "gone.jinja"))) == "unknown"


@pytest.mark.parametrize("model", ["embedded", "/no/such/model", "nobody/never-downloaded", "no: name",
                                   "x.gguf"])
def test_what_is_not_at_hand_is_not_fetched(home, model):
    assert template_marks(run_of(model)) == "unknown"
    assert not home.exists()  # nor is the embedded model converted


def test_a_damaged_configuration_is_as_good_as_none(tmp_path):
    model = folder(tmp_path, "it", None)
    (tmp_path / "it" / "tokenizer_config.json").write_text("{")
    assert template_marks(run_of(model)) == "unknown"


FINE = rows("pkdE", "pkkE")


@pytest.mark.parametrize("format", ["hf", "parquet", "jsonl", "text"])
def test_labels_in_the_file_need_no_template(format):
    told = look(FINE, format=format)["assistant_mask"]
    assert (told.level, told.sentence) == (
        "good", "The file says which tokens are trained; no trainer needs to find the responses by a template.")


def test_messages_may_need_a_template_that_marks_responses(home, tmp_path):
    model = run_of(folder(tmp_path, "plain", CHAT_TEMPLATE))
    told = look(FINE, manifest=model, format="messages")["assistant_mask"]
    assert (told.level, told.fix.flags) == ("note", "--format text")
    assert told.sentence == ("The chat template has no {% generation %} marks: a trainer that finds the responses by "
                             "them, not by the flags in the file, trains nothing.")
    assert mended(FINE, "assistant_mask", manifest=model, format="messages").level == "good"
    marked = run_of(folder(tmp_path, "marked", MARKED))
    assert look(FINE, manifest=marked, format="messages")["assistant_mask"].level == "good"
    gone = look(FINE, manifest=MANIFEST, format="messages")["assistant_mask"]
    assert (gone.level, gone.sentence) == (
        "note", "The model is not at hand any more, so its chat template could not be looked at.")
    bare = look(FINE, manifest=run_of(folder(tmp_path, "bare", None)), format="messages")["assistant_mask"]
    assert (bare.level, bare.sentence) == ("note", "There is no chat template: the trainer needs one of its own.")


def test_looking_imports_no_torch(tmp_path):
    model = folder(tmp_path, "marked", MARKED)
    code = ("import sys; from xtf.preflight.masks import template_marks; from xtf.store import Manifest; "
            f"print(template_marks(Manifest('it', '1', {{'model': {model!r}}})), 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["marked", "False"]
