"""Verdicts for another tokenizer: two renderings of one example, aligned by a second route."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.data_tokenizers import CHATML
from tests.other_tokenizers import BRACKETS, TOKENIZERS
from tests.test_carry_spans import naive
from xtf.carry.drawings import carry_drawing, text_shift
from xtf.carry.spans import Relation
from xtf.columns import Mark
from xtf.config import DataSettings
from xtf.data.render import Drawing, drawer
from xtf.data.types import Example, Message

TEMPLATES = {"none": None, "chatml": CHATML, "brackets": BRACKETS}

PIECES = ["The quick fox", " ", "  ", "\n", "\r\n", "\t", "a", "é", "e\u0301", "😀", "👩‍👧", "漢字", "שלום", "ﬁ", "İ",
          "½", "▁", "Ġ", "</s>", "<|start|>", "<s>", "#### 42", "1 + 2 = 3", "\u00a0", "\u202e"]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=["Cs"])), max_size=12).map("".join)
CONVERSATIONS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)


def example_of(pairs) -> Example:
    return Example("it", tuple(message for prompt, response in pairs
                               for message in (Message("user", prompt), Message("assistant", response))))


def drawn(tokenizer, template: str | None, example: Example, **options) -> Drawing | None:
    tokenizer.chat_template = template
    asked = DataSettings(template="auto" if template else "none", **{"empty": "skip", **options})
    return drawer(tokenizer, asked, None, Counter())(example)


def placed(name: str, tokenizer, example: Example) -> tuple[str, dict[int, int]]:
    """The rendered text written out by hand, and where the contents begin in it."""
    text, starts = tokenizer.bos_token if name == "none" and tokenizer("")["input_ids"] else "", {}
    for index, message in enumerate(example.messages):
        text += {"none": "", "chatml": f"<|start|>{message.role}\n", "brackets": f"[{message.role}] "}[name]
        starts[index] = len(text)
        text += message.content
        text += {"none": "</s>" * (message.role == "assistant"), "chatml": "<|end|>\n", "brackets": "</s>"}[name]
    return text, starts


def by_content(drawing: Drawing, starts: dict[int, int], example: Example) -> dict[int, tuple[int, int]]:
    """Token → the characters of responses that it covers, numbered through with gaps between the messages."""
    found = {}
    tokens = drawing.tokens
    for token in np.flatnonzero(tokens.trainable & ((tokens.marks & Mark.EOS) == 0)).tolist():
        start, end = tokens.spans[token].tolist()
        for index, message in enumerate(example.messages):
            first, last = starts[index], starts[index] + len(message.content)
            if message.role == "assistant" and (max(start, first) < min(end, last) or first <= start == end < last):
                shift = 10_000 * index - first
                found[token] = (max(start, first) + shift, min(end, last) + shift)
    return found


@settings(max_examples=50)
@given(st.data(), CONVERSATIONS, st.sampled_from([*TEMPLATES]), st.sampled_from([*TEMPLATES]))
@pytest.mark.parametrize("other", TOKENIZERS)
@pytest.mark.parametrize("scored", ["byte-level", "sentencepiece"])
def test_a_naive_loop_over_characters_gives_the_same(scored, other, data, pairs, one, two):
    example = example_of(pairs)
    ours = drawn(TOKENIZERS[scored], TEMPLATES[one], example)
    texts = placed(one, TOKENIZERS[scored], example)
    theirs = drawn(TOKENIZERS[other], TEMPLATES[two], example)
    other_texts = placed(two, TOKENIZERS[other], example)
    assume(ours is not None and theirs is not None)
    assert (ours.text, theirs.text) == (texts[0], other_texts[0])
    bits = np.where(ours.tokens.trainable,
                    data.draw(st.lists(st.integers(0, 7), min_size=len(ours.tokens), max_size=len(ours.tokens))), 0)
    found, unmatched = carry_drawing(example, ours, bits.astype(np.uint8), theirs)

    sources, targets = by_content(ours, texts[1], example), by_content(theirs, other_texts[1], example)
    expected = naive(list(sources.values()), [int(bits[token]) for token in sources], list(targets.values()))
    chosen = list(targets)
    assert found.bits[chosen].tolist() == expected[0]
    assert found.relation[chosen].tolist() == expected[1]
    assert found.mixed[chosen].tolist() == expected[2]
    ends = [np.flatnonzero(drawing.tokens.trainable & ((drawing.tokens.marks & Mark.EOS) != 0)).tolist()
            for drawing in (ours, theirs)]
    if len(ends[0]) == len(ends[1]) == len(pairs):
        assert found.bits[ends[1]].tolist() == bits[ends[0]].tolist()
    covered = {*chosen, *ends[1]}
    assert not [token for token in np.flatnonzero(found.bits) if token not in covered]
    assert unmatched == 0


@settings(max_examples=30)
@given(st.data(), CONVERSATIONS, st.sampled_from([*TEMPLATES]), st.sampled_from([*TEMPLATES]))
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_another_template_alone_changes_no_verdict(kind, data, pairs, one, two):
    """With one tokenizer, contents that are cut into the same pieces keep every verdict."""
    example = example_of(pairs)
    ours, theirs = (drawn(TOKENIZERS[kind], TEMPLATES[name], example) for name in (one, two))
    assume(ours is not None and theirs is not None)
    parts = [drawing.tokens.ids[drawing.tokens.trainable] for drawing in (ours, theirs)]
    assume(one == two or np.array_equal(*parts))
    trainable = ours.tokens.trainable
    bits = np.zeros(len(trainable), np.uint8)
    bits[trainable] = data.draw(st.lists(st.integers(0, 7), min_size=int(trainable.sum()),
                                         max_size=int(trainable.sum())))
    found, _ = carry_drawing(example, ours, bits, theirs)
    assert found.bits[theirs.tokens.trainable].tolist() == bits[trainable].tolist()
    assert (found.relation[theirs.tokens.trainable] == Relation.SAME).all()


# Templates that treat the contents differently ---------------------------------------------------------------------

@pytest.mark.parametrize(("text", "other", "shift"), [
    ("yes", "yes", 0), ("  yes\n", "yes", -2), ("yes", "\n yes ", 2), ("<think>a</think>yes", "yes", -16),
    ("yes", "<think>a</think>yes", 16), ("a b c", "b", -2), ("a a", "a", -2), ("x a a y", "a", None),
    ("one", "two", None), ("", "", 0), (" \n", "", -2)])
def test_texts_are_matched_where_templates_trim(text, other, shift):
    assert text_shift(text, other) == shift


TRIMMED = "{% for m in messages %}<|start|>{{ m.content | trim }}<|end|>{% endfor %}"
THINKING = "{% for m in messages %}<|start|>{{ m.content.split('</t>')[-1] }}<|end|>{% endfor %}"
SLASHES = "{% for m in messages %}<|start|>{{ m.content | replace('\n', ' / ') }}<|end|>{% endfor %}"


@pytest.mark.parametrize("template", [TRIMMED, THINKING])
@pytest.mark.parametrize("back", [False, True])
def test_what_one_template_cuts_off_does_not_shift_the_rest(template, back):
    example = example_of([("q", "  hm </t> The quick fox.\n"), ("q", " 1 + 2 = 3  ")])
    tokenizer = TOKENIZERS["characters"]
    pair = drawn(tokenizer, CHATML, example), drawn(tokenizer, template, example)
    ours, theirs = reversed(pair) if back else pair
    vowel = np.array([ours.text[start:end] in ("i", "o", "e", "=") for start, end in ours.tokens.spans])
    found, unmatched = carry_drawing(example, ours, (vowel & ours.tokens.trainable).astype(np.uint8) * 2, theirs)
    dropped = "".join(theirs.text[start:end] for start, end in theirs.tokens.spans[found.bits == 2])
    assert dropped == "eio=" and unmatched == 0


def test_a_rewritten_response_is_kept_whole_and_counted():
    example = example_of([("q", "a\nb a"), ("q", "a b")])
    ours, theirs = (drawn(TOKENIZERS["characters"], template, example) for template in (CHATML, SLASHES))
    found, unmatched = carry_drawing(example, ours, ours.tokens.trainable.astype(np.uint8), theirs)
    kept = "".join(theirs.text[start:end] for start, end in theirs.tokens.spans[
        theirs.tokens.trainable & (found.bits == 0)])
    assert unmatched == 1 and kept == "a / b a"


def test_what_was_cut_off_before_scoring_is_kept():
    example = example_of([("q", "aaaa bbbb")])
    ours = drawn(TOKENIZERS["characters"], None, example, max_length=6, too_long="truncate")
    theirs = drawn(TOKENIZERS["characters"], None, example)
    found, _ = carry_drawing(example, ours, ours.tokens.trainable.astype(np.uint8), theirs)
    assert found.bits.tolist() == [0, *[1] * 5, *[0] * 5]
    assert found.relation[1:].tolist() == [Relation.SAME] * 5 + [Relation.UNSCORED] * 5
