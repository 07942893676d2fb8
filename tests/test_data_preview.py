"""A preview is what scoring will see, and a glimpse is what stands in the file."""

import json

import pytest
from data_tokenizers import CHATML, byte_level

from xtf.config import DataSettings
from xtf.data.formats import examples
from xtf.data.preview import glimpse, preview
from xtf.data.render import renderer
from xtf.errors import DataError


@pytest.fixture
def tokenizer():
    tokenizer = byte_level()
    tokenizer.chat_template = CHATML
    return tokenizer


def written(tmp_path, rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def test_a_preview_shows_the_first_examples_as_they_will_be_scored(tokenizer):
    settings = DataSettings(data="demo")
    found = preview(settings, tokenizer, None, 2)
    assert [item.format for item in found] == ["gsm8k", "gsm8k"]
    draw = renderer(tokenizer, settings, None)
    for item, example in zip(found, examples(settings)):
        assert item.example == example and item.tokens.ids.tolist() == draw(example).ids.tolist()
        assert item.tokens.marks.tolist() == draw(example).marks.tolist()


def test_what_is_skipped_is_not_shown(tmp_path, tokenizer):
    rows = [{"prompt": "a", "response": text} for text in ("", "The quick fox " * 50, "fox")]
    settings = DataSettings(data=written(tmp_path, rows), empty="skip", too_long="skip")
    assert [item.example.id for item in preview(settings, tokenizer, 60)] == ["2"]
    with pytest.raises(DataError, match="no example that can be scored"):
        preview(settings, tokenizer, 5)


def test_faults_of_later_rows_do_not_hide_the_first(tmp_path, tokenizer):
    rows = [{"prompt": "a", "response": "b"}] * 8 + [{"prompt": "c", "response": ""}]
    assert len(preview(DataSettings(data=written(tmp_path, rows)), tokenizer, None, 3)) == 3


def test_a_glimpse_needs_no_known_format(tmp_path):
    rows = [{"left": 1, "<b>": None}, {"left": "x", "more": [1]}, *[{"left": 2}] * 9]
    seen = glimpse(DataSettings(data=written(tmp_path, rows)), 2)
    assert seen.columns == ["left", "<b>", "more"] and seen.rows == rows[:2]
