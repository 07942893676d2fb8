"""The text form: what the loss sees as characters of the messages, and back to labels with any tokenizer."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.data_tokenizers import CHATML
from tests.other_tokenizers import BRACKETS, TOKENIZERS
from tests.test_carry import CONVERSATIONS, SLASHES, drawn, example_of
from xtf.carry import contents
from xtf.carry.drawings import carry_drawing, tokens_inside
from xtf.columns import Mark
from xtf.config import DataSettings
from xtf.data import formats
from xtf.data.render import drawer
from xtf.data.types import Example, Message
from xtf.errors import DataError
from xtf.export import text
from xtf.export.text import labeller, labels

#: Frames that trim, cut a chain of thought off, or put contents one after the other without anything between.
TRIMMING = "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}</s>{% endfor %}"
THINKING = ("{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] }}<|end|>\n"
            "{% endfor %}")
JOINED = "{% for m in messages %}{{ m.content }}{% endfor %}"
TEMPLATES = {"none": None, "chatml": CHATML, "brackets": BRACKETS, "trimming": TRIMMING, "thinking": THINKING,
             "joined": JOINED}


def through_json(example: Example, told) -> dict:
    """A row as it comes back from the file."""
    batch = pa.RecordBatch.from_pylist([text.row(example, told)], schema=text.COLUMNS)
    return json.loads(json.dumps(batch.to_pylist()[0]))


def by_chance(drawing, seed: int) -> np.ndarray:
    """bool[T]: tokens to keep, few or many."""
    numbers = np.random.default_rng(seed).random(len(drawing.tokens) + 1)
    return drawing.tokens.trainable & (numbers[:-1] < numbers[-1])


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=12, deadline=None)
@given(pairs=CONVERSATIONS, seed=st.integers(0, 2**32), eos=st.booleans(), cut=st.integers(0, 60))
def test_the_runs_own_tokenizer_gets_back_exactly_its_labels(name, template, pairs, seed, eos, cut):
    tokenizer, example = TOKENIZERS[name], example_of(pairs)
    limit = cut + 2 if cut < 30 else None
    drawing = drawn(tokenizer, TEMPLATES[template], example, eos=eos, max_length=limit, too_long="truncate")
    assume(drawing is not None)
    keep = by_chance(drawing, seed)
    told, rewritten = contents.told(example, drawing, keep)
    assert rewritten == 0
    row, options = through_json(example, told), {"template": "auto" if template != "none" else "none",
                                                 "max_length": limit}
    ids, found = labels(row, tokenizer, eos=eos, **options)
    assert ids.tolist() == drawing.tokens.ids.tolist()
    assert found.tolist() == np.where(keep, drawing.tokens.ids, -100).tolist()
    if limit is None:
        assert [part.tolist() for part in labels(row, tokenizer, **options)] == [ids.tolist(), found.tolist()]


@pytest.mark.parametrize("other", TOKENIZERS)
@pytest.mark.parametrize("scored", ["byte-level", "sentencepiece", "folding"])
@settings(max_examples=25, deadline=None)
@given(pairs=CONVERSATIONS, seed=st.integers(0, 2**32), one=st.sampled_from([*TEMPLATES]),
       two=st.sampled_from([*TEMPLATES]))
def test_other_tokenizers_get_what_carrying_over_gives(scored, other, pairs, seed, one, two):
    """Wherever every character was scored: carrying over keeps what was not, the text form does not train it."""
    example = example_of(pairs)
    ours, theirs = drawn(TOKENIZERS[scored], TEMPLATES[one], example), None
    everything = contents.told(example, ours, ours.tokens.trainable)[0] if ours else []
    assume(ours and all(known.trained == (((0, len(message.content)),) if message.content else ())
                        for known, message in zip(everything, example.messages) if message.role == "assistant"))
    theirs = drawn(TOKENIZERS[other], TEMPLATES[two], example)
    assume(theirs is not None)
    keep = by_chance(ours, seed)
    found, _ = carry_drawing(example, ours, (ours.tokens.trainable & ~keep).astype(np.uint8), theirs)
    told, _ = contents.told(example, ours, keep)
    seen = contents.seen(example, contents_of(through_json(example, told)), theirs)
    ends = theirs.tokens.trainable & ((theirs.tokens.marks & Mark.EOS) != 0)
    regions = np.array([(region.start, region.end) for region in theirs.regions], np.int64).reshape(-1, 2)
    compared, _ = tokens_inside(theirs.tokens, regions, np.zeros(len(regions), np.int64))
    if all(known.eos is not None for known in everything[1::2]):
        compared = np.append(compared, np.flatnonzero(ends))
    expected = theirs.tokens.trainable & (found.bits == 0)
    assert seen[compared].tolist() == expected[compared].tolist()


def contents_of(row: dict) -> list[contents.Told]:
    return [text._told(message) for message in row["messages"]]


# By hand -------------------------------------------------------------------------------------------------------------

def told_of(tokenizer, template, pairs, kept_texts, **options):
    """What is told where the tokens with these texts are kept, and the end of the last turn is not."""
    example = example_of(pairs)
    drawing = drawn(tokenizer, template, example, **options)
    spans = drawing.tokens.spans.tolist()
    keep = np.array([drawing.text[start:end] in kept_texts for start, end in spans]) & drawing.tokens.trainable
    return example, drawing, keep, contents.told(example, drawing, keep)[0]


def test_a_row_by_hand():
    example, _, _, told = told_of(TOKENIZERS["characters"], CHATML, [("Ab?", "b a 42"), ("so", "ab")],
                                  {"a", " ", "<|end|>"})
    assert text.row(example, told) == {"id": "it", "messages": [
        {"role": "user", "content": "Ab?", "trained": (), "mixed": "", "eos": None},
        {"role": "assistant", "content": "b a 42", "trained": ((1, 4),), "mixed": "", "eos": True},
        {"role": "user", "content": "so", "trained": (), "mixed": "", "eos": None},
        {"role": "assistant", "content": "ab", "trained": ((0, 1),), "mixed": "", "eos": True}]}


def test_what_the_template_puts_before_a_word_is_no_part_of_the_content():
    """`[assistant] quick`: one token holds the template's blank and the word."""
    example, drawing, keep, _ = told_of(TOKENIZERS["byte-level"], BRACKETS, [("q", "quick fox")], set())
    first = int(np.flatnonzero(drawing.tokens.trainable)[0])
    start, end = drawing.tokens.spans[first].tolist()
    assert drawing.text[start:end].startswith(" q")
    keep[first] = True
    assert contents.told(example, drawing, keep)[0][1].trained == ((0, end - start - 1),)


def test_what_was_trimmed_is_not_trained():
    *_, told = told_of(TOKENIZERS["characters"], TRIMMING, [("q", "  ab \n")], {"a", "b"})
    assert told[1].trained == ((2, 4),)


def test_a_chain_of_thought_that_the_template_cuts_off_is_not_trained():
    *_, told = told_of(TOKENIZERS["characters"], THINKING, [("q", "aa</think> a b")], {"a"})
    assert told[1].trained == ((11, 12),)


def test_bytes_of_one_character_are_told_one_by_one():
    tokenizer, example = TOKENIZERS["byte-level"], example_of([("q", "a漢b")])
    drawing = drawn(tokenizer, None, example)
    keep = drawing.tokens.trainable.copy()
    pieces = np.flatnonzero(drawing.tokens.spans[:, 0] == drawing.text.index("漢")).tolist()
    assert len(pieces) == 3
    keep[pieces[1]] = False
    told, _ = contents.told(example, drawing, keep)
    assert text.row(example, told)["messages"][1] | {"role": ""} == {
        "role": "", "content": "a漢b", "trained": ((0, 3),), "mixed": "1-2:1 1-2:0 1-2:1", "eos": True}
    keep[pieces[0]] = False
    assert contents.told(example, drawing, keep)[0][1].trained == ((0, 1), (2, 3))  # one of three does not do
    _, found = labels(through_json(example, contents.told(example, drawing, keep)[0]), tokenizer, template="none")
    assert (found != -100).tolist() == keep.tolist()


def test_a_cut_example_has_no_end():
    *_, told = told_of(TOKENIZERS["characters"], None, [("q", "abab"), ("q", "ab")], {"a", "b"}, max_length=4,
                       too_long="truncate")
    assert [(known.trained, known.eos) for known in told] == [((), None), (((0, 3),), None), ((), None), ((), None)]


@pytest.mark.parametrize(("kept", "trained"), [({"a", "b", " "}, ((0, 3),)), (set(), ())])
def test_a_response_that_the_template_rewrites_is_trained_as_a_whole_or_not_at_all(kept, trained):
    tokenizer = TOKENIZERS["characters"]
    example, drawing, keep, told = told_of(tokenizer, SLASHES, [("q", "a\nb")], kept)
    assert drawing.text.endswith("a / b<|end|>") and told[1].trained == trained
    assert contents.told(example, drawing, keep)[1] == 1
    _, found = labels(through_json(example, told), tokenizer)
    shown = "".join(drawing.text[start:end] for start, end in drawing.tokens.spans[found != -100].tolist())
    assert shown == ("a / b" if trained else "")


def test_ties_keep_and_majorities_decide():
    row = {"id": "x", "messages": [{"role": "user", "content": "q", "trained": [], "mixed": "", "eos": None},
                                   {"role": "assistant", "content": "The quick fox", "trained": [[0, 3], [4, 6]],
                                    "mixed": "", "eos": True}]}
    _, found = labels(row, TOKENIZERS["words"], template="none")
    assert TOKENIZERS["words"].convert_ids_to_tokens(found[found != -100].tolist()) == ["The", "</s>"]
    row["messages"][1] |= {"content": "The quick 42", "trained": [[10, 11]]}
    _, found = labels(row, TOKENIZERS["words"], template="none", eos=False)
    assert TOKENIZERS["words"].convert_ids_to_tokens(found[found != -100].tolist()) == ["42"]  # half of it: a tie


@pytest.mark.parametrize("change", [
    {"messages": None}, {"messages": [{"role": "assistant", "content": "a"}]}, {"messages": ["a"]},
    {"messages": [{"role": "assistant", "content": "a", "trained": [[0, 9]], "mixed": "", "eos": True}]},
    {"messages": [{"role": "assistant", "content": "a", "trained": [[0]], "mixed": "", "eos": True}]}])
def test_what_is_no_row_is_told_in_a_sentence(change):
    with pytest.raises(DataError, match="This is no row of a text export"):
        labels({"id": "x"} | change, TOKENIZERS["characters"], template="none")


def test_a_row_without_a_response_token_is_told_in_a_sentence():
    row = text.row(Example("seven", (Message("user", "q"),)), [contents.Told()])
    with pytest.raises(DataError, match="Example seven has no response token"):
        labels(row, TOKENIZERS["characters"], template="none")


# Real data -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "number"), [("gsm8k_train_3000.jsonl", 300), ("pubmedqa_labeled_400.json", 60)])
def test_real_rows_come_back_exactly(shared, embedded_tokenizer, name, number):
    path = shared / "data" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    asked = DataSettings(data=str(path), limit=number)
    draw, of = drawer(embedded_tokenizer, asked, None), labeller(embedded_tokenizer)
    for seed, example in enumerate(formats.examples(asked)):
        drawing = draw(example)
        keep = by_chance(drawing, seed)
        told, _ = contents.told(example, drawing, keep)
        ids, found = of(through_json(example, told))
        assert ids.tolist() == drawing.tokens.ids.tolist()
        assert (found != -100).tolist() == keep.tolist()
    assert seed == number - 1
