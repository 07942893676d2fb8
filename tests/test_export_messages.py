"""The messages form: flags for whole messages and for stretches of them, as Axolotl reads them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.data_tokenizers import CHATML
from tests.other_tokenizers import TOKENIZERS
from tests.test_carry import CONVERSATIONS, drawn, example_of
from tests.test_export_text import TRIMMING, by_chance
from xtf.carry import contents
from xtf.export import messages


def made(tokenizer, template, pairs, keep_of):
    """The row where `keep_of(text of a token)` says what is kept."""
    example = example_of(pairs)
    drawing = drawn(tokenizer, template, example)
    shown = messages.as_rendered(example, drawing)
    keep = np.array([keep_of(drawing.text[start:end]) for start, end in drawing.tokens.spans.tolist()])
    keep &= drawing.tokens.trainable
    return messages.row(shown, drawing, keep, contents.told(shown, drawing, keep)[0])["messages"]


def detail(begin, end, train=True):
    return {"begin_offset": begin, "end_offset": end, "train": train}


def test_stretches_are_inclusive_on_both_sides():
    asked, answered = made(TOKENIZERS["characters"], CHATML, [("abc", "ab c 4")], lambda text: text in "ab4")
    assert asked == {"role": "user", "content": "abc", "train": False, "train_detail": []}
    assert answered == {"role": "assistant", "content": "ab c 4", "train": True,
                        "train_detail": [detail(0, 1), detail(5, 5)]}


def test_a_whole_turn_needs_no_stretches():
    _, answered = made(TOKENIZERS["characters"], CHATML, [("abc", "ab c 4")], lambda text: True)
    assert answered["train"] is True and answered["train_detail"] == []


def test_where_only_the_end_is_trained_nothing_else_is():
    """Without a stretch all of the turn would be."""
    _, answered = made(TOKENIZERS["characters"], CHATML, [("abc", "ab")], lambda text: text == "<|end|>")
    assert answered["train"] is True and answered["train_detail"] == [detail(0, 1, train=False)]


def test_a_response_without_a_kept_token_is_not_trained():
    rows = made(TOKENIZERS["characters"], CHATML, [("a", "ab"), ("a", "c")], lambda text: text == "c")
    assert [row["train"] for row in rows] == [False, False, False, True]


def test_responses_stand_as_the_template_shows_them():
    _, answered = made(TOKENIZERS["characters"], TRIMMING, [("q", " ab  ")], lambda text: text == "b")
    assert answered == {"role": "assistant", "content": "ab", "train": True, "train_detail": [detail(1, 1)]}


def test_the_last_bytes_of_a_character_end_a_stretch_only_where_a_kept_token_began_before():
    tokenizer, example = TOKENIZERS["byte-level"], example_of([("q", "a漢b")])
    drawing = drawn(tokenizer, CHATML, example)
    told = [contents.Told(), contents.Told(((0, 4),), ((1, 3, True), (2, 3, False)), True)]
    assert messages._detail(told[1], 4) == [detail(0, 1), detail(3, 3)]
    pieces = np.flatnonzero(drawing.tokens.spans[:, 0] == drawing.text.index("漢"))
    keep = drawing.tokens.trainable.copy()
    keep[pieces[0]] = False
    row = messages.row(example, drawing, keep, contents.told(example, drawing, keep)[0])
    assert row["messages"][1]["train_detail"] == [detail(0, 2)]  # two of three: no stretch can tell them apart


@pytest.mark.parametrize(("response", "dropped", "sure"), [
    ("The quick fox", " fox", True), ("a漢b", "a", False), ("\nThe", "The", True), ("The quick", "<|end|>", False),
    ("a漢b", None, True)])
def test_it_is_known_where_a_trainer_is_bound_to_get_the_same(response, dropped, sure):
    tokenizer, example = TOKENIZERS["byte-level"], example_of([("漢", response)])
    drawing = drawn(tokenizer, CHATML, example)
    keep = np.array([drawing.text[start:end] != dropped for start, end in drawing.tokens.spans.tolist()])
    keep &= drawing.tokens.trainable
    assert keep.sum() == drawing.tokens.trainable.sum() - (dropped is not None)
    told, _ = contents.told(example, drawing, keep)
    assert messages.read_exactly(example, drawing, keep, told, tokenizer) == sure


@pytest.mark.parametrize("name", ["byte-level", "characters", "sentencepiece"])
@settings(max_examples=40, deadline=None)
@given(pairs=CONVERSATIONS, seed=st.integers(0, 2**32))
def test_tokens_of_their_own_characters_are_trained_exactly_where_a_stretch_says(name, pairs, seed):
    """Read as Axolotl does: a token is trained if it lies in a stretch as a whole."""
    example = example_of(pairs)
    drawing = drawn(TOKENIZERS[name], CHATML, example)
    assume(drawing is not None)
    keep = by_chance(drawing, seed)
    told, _ = contents.told(example, drawing, keep)
    row = messages.row(example, drawing, keep, told)["messages"]
    spans = drawing.tokens.spans.tolist()
    for region in drawing.regions:
        message, known = row[region.message], told[region.message]
        if message["role"] == "user" or known.mixed:
            continue
        for token in np.flatnonzero(drawing.tokens.trainable).tolist():
            start, end = spans[token][0] - region.start, spans[token][1] - region.start
            if not 0 <= start < end <= len(message["content"]):
                continue
            within = not message["train_detail"] or any(
                part["train"] and part["begin_offset"] <= start and end - 1 <= part["end_offset"]
                for part in message["train_detail"])
            assert (message["train"] and within) == keep[token]
