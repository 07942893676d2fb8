"""Tokens and marks: templates, ends of turns, final answers, lengths."""

from collections import Counter

import numpy as np
import pytest
from data_tokenizers import CHATML, SPECIAL, TOKENIZERS, byte_level, sentence_piece, special_ids, swallowing
from hypothesis import given, settings
from hypothesis import strategies as st

from xtf.columns import Mark
from xtf.config import DataSettings
from xtf.data.formats import examples
from xtf.data.render import renderer, template_name
from xtf.data.types import Example, Message
from xtf.errors import DataError

TURNS = (("system", "Be brief."), ("user", "1 + 2?"), ("assistant", "three"), ("user", "and 4?"),
         ("assistant", "seven\n#### 7"))
UNKNOWN = SPECIAL.index("<unk>")


def example(*turns):
    return Example("7", tuple(Message(role, content) for role, content in turns))


def chat(template=CHATML, **tokens):
    tokenizer = byte_level(**tokens)
    tokenizer.chat_template = template
    return tokenizer


def rendered(tokenizer, *turns, context=None, tally=None, **values):
    return renderer(tokenizer, DataSettings(**values), context, tally)(example(*turns))


def marked(tokens, mark):
    """The text under tokens with that mark, one string for each run of neighbours."""
    runs, last = [], None
    for index in np.flatnonzero(tokens.marks & mark).tolist():
        start, end = tokens.spans[index].tolist()
        if last == index - 1:
            runs[-1] += tokens.text[start:end]
        else:
            runs.append(tokens.text[start:end])
        last = index
    return runs


def test_without_a_template_messages_are_joined_as_they_are():
    tokenizer = byte_level()
    tokens = rendered(tokenizer, ("user", "The quick "), ("assistant", "fox"), eos=False)
    apart = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("The quick ", "fox")]
    assert tokens.ids.tolist() == apart[0] + apart[1]
    assert tokens.text == "The quick fox"
    assert marked(tokens, Mark.PROMPT) == ["The quick "] and marked(tokens, Mark.RESPONSE) == ["fox"]
    assert not tokens.marks[tokens.marks & Mark.SPECIAL != 0].any()
    assert (tokens.ids.dtype, tokens.marks.dtype, tokens.spans.dtype) == (np.int32, np.uint8, np.int32)


def test_eos_follows_every_response_and_is_trained():
    tokens = rendered(byte_level(), *TURNS)
    assert tokens.text == "Be brief.1 + 2?three</s>and 4?seven\n#### 7</s>"
    assert marked(tokens, Mark.EOS) == ["</s>", "</s>"]
    assert marked(tokens, Mark.RESPONSE) == ["three</s>", "seven\n#### 7</s>"]
    ends = tokens.marks[(tokens.marks & Mark.EOS) != 0].tolist()
    assert ends == [Mark.RESPONSE | Mark.EOS | Mark.SPECIAL] * 2


def test_bos_comes_first_only_where_the_tokenizer_adds_one():
    turns = ("user", "The fox"), ("assistant", "hello")
    tokens = rendered(sentence_piece(bos=True), *turns)
    assert tokens.text == "<s>The foxhello</s>" and tokens.marks[0] == Mark.SPECIAL
    assert tokens.spans[0].tolist() == [0, 3] and tokens.ids[0] == SPECIAL.index("<s>")
    assert rendered(sentence_piece(), *turns).text == "The foxhello</s>"


def test_a_tokenizer_without_eos_says_what_to_do():
    tokenizer = byte_level(eos_token=None)
    turns = ("user", "a"), ("assistant", "b")
    with pytest.raises(DataError, match="--no-eos"):
        rendered(tokenizer, *turns)
    assert rendered(tokenizer, *turns, eos=False).text == "ab"


def test_the_first_token_is_never_trained():
    tokens = rendered(byte_level(), ("user", ""), ("assistant", "x42"), eos=False)
    assert tokens.marks[0] == 0 and len(tokens) > 1 and (tokens.marks[1:] == Mark.RESPONSE).all()


def test_a_chat_template_is_tokenised_as_one_text():
    tokenizer = chat()
    tokens = rendered(tokenizer, *TURNS)
    assert tokens.text == tokenizer.apply_chat_template([{"role": r, "content": c} for r, c in TURNS], tokenize=False)
    assert tokens.ids.tolist() == tokenizer(tokens.text, add_special_tokens=False)["input_ids"]
    assert marked(tokens, Mark.PROMPT) == ["Be brief.", "1 + 2?", "and 4?"]
    assert marked(tokens, Mark.RESPONSE) == ["three<|end|>", "seven\n#### 7<|end|>"]
    assert marked(tokens, Mark.EOS) == ["<|end|>", "<|end|>"]
    assert marked(tokens, Mark.SPECIAL) == ["<|start|>", *["<|end|>", "<|start|>"] * 4, "<|end|>"]
    template = tokens.marks == 0
    assert "".join(tokens.text[start:end] for start, end in tokens.spans[template].tolist()) == (
        "system\n\nuser\n\nassistant\n\nuser\n\nassistant\n\n")


def test_without_eos_the_template_s_own_end_is_not_trained():
    tokens = rendered(chat(), *TURNS, eos=False)
    assert marked(tokens, Mark.RESPONSE) == ["three", "seven\n#### 7"] and not marked(tokens, Mark.EOS)
    assert tokens.text.endswith("<|end|>\n")


@pytest.mark.parametrize("between", ["", " ", "\n "])
def test_an_end_may_stand_after_white_space(between):
    tokens = rendered(chat("{% for m in messages %}[{{ m.content }}" + between + "</s>{% endfor %}"),
                      ("user", "hi"), ("assistant", "ho"))
    assert marked(tokens, Mark.EOS) == ["</s>"] and tokens.text == f"[hi{between}</s>[ho{between}</s>"


def test_an_end_that_swallows_white_space_stays_an_end():
    tokenizer = swallowing()
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}<|stop|>\n{% endfor %}"
    for response in ("ho  ", "<|stop|> ho  "):
        tokens = rendered(tokenizer, ("user", "hi "), ("assistant", response))
        assert marked(tokens, Mark.SPECIAL) == [" <|stop|>\n", "  <|stop|>\n"]
        assert marked(tokens, Mark.EOS) == ["  <|stop|>\n"] and marked(tokens, Mark.PROMPT) == ["hi"]
        assert "".join(marked(tokens, Mark.RESPONSE)) == response.rstrip() + "  <|stop|>\n"


def test_eos_is_appended_where_the_template_leaves_the_last_turn_open():
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    tokens = rendered(chat(template), *TURNS)
    assert tokens.text.endswith("#### 7\n</s>") and marked(tokens, Mark.EOS) == ["</s>"]
    assert tokens.ids[-1] == SPECIAL.index("</s>")
    assert not marked(rendered(chat(template), *TURNS[:4]), Mark.EOS)  # where the user speaks last, nothing is added
    with pytest.raises(DataError, match="--no-eos"):
        rendered(chat(template, eos_token=None), *TURNS)


@pytest.mark.parametrize(("before", "response", "token", "trained"), [
    ("The ", "fox jumps", "Ġfox", " fox jumps</s>"),  # the blank is part of the word that the model writes
    ("The qui", "ck fox", "Ġquick", " fox</s>"),  # of this word the template has written the beginning
    (":\n", "    return 1", "ĊĠĠĠ", " return 1</s>"),  # no reply begins with the template's newline
])
def test_a_token_shared_with_the_template(before, response, token, trained):
    tokenizer = chat("{% for m in messages %}" + before + "{{ m.content }}</s>{% endfor %}")
    tokens = rendered(tokenizer, ("user", "dog"), ("assistant", response))
    assert tokenizer.convert_tokens_to_ids(token) in tokens.ids.tolist()
    assert marked(tokens, Mark.RESPONSE) == [trained]


def test_other_roles_are_not_trained():
    tokens = rendered(chat(), ("user", "a"), ("tool", "b"), ("assistant", "c"))
    assert marked(tokens, Mark.PROMPT) == ["a", "b"] and marked(tokens, Mark.RESPONSE) == ["c<|end|>"]


LINES = ["First 2 #### 3", "#### 42", "so", "The answer is 4", "**Answer:** 5", "it is $\\boxed{6}$, yes",
         "Final decision: no", "answers"]


def test_lines_that_state_the_final_answer_are_marked():
    for tokenizer in (byte_level(), chat()):
        tokens = rendered(tokenizer, ("user", "#### 1"), ("assistant", "\n".join(LINES)))
        assert marked(tokens, Mark.FINAL_ANSWER) == [LINES[1], *LINES[3:7]]
        assert not (tokens.marks[(tokens.marks & Mark.FINAL_ANSWER) != 0] & Mark.EOS).any()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_hostile_chats_keep_their_turns(name):
    """Whatever contents hold, the special tokens are the template's, and each region is marked as its role says."""
    tokenizer = TOKENIZERS[name]
    words = st.lists(st.sampled_from([*SPECIAL, "fox", " ", "\n", "<", "|end|>", "שלום", "😀", "<b>", "#### 4"]),
                     max_size=6).map("".join)

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(words, words)
    def check(prompt, response):
        tokens = rendered(tokenizer, ("user", prompt), ("assistant", response))
        special = (tokens.marks & Mark.SPECIAL) != 0
        assert [tokens.text[start:end] for start, end in tokens.spans[special].tolist()] == (
            ["<|start|>", "<|end|>", "<|start|>", "<|end|>"])
        assert not (set(tokens.ids[~special].tolist()) - {UNKNOWN}) & special_ids()
        start = len(f"<|start|>user\n{prompt}<|end|>\n<|start|>assistant\n")
        inside = (tokens.spans[:, 0] >= start) & (tokens.spans[:, 0] < start + len(response)) & ~special
        assert (tokens.trainable & ~special).tolist() == inside.tolist()
        assert marked(tokens, Mark.EOS) == ["<|end|>"]

    tokenizer.chat_template = CHATML
    try:
        check()
    finally:
        tokenizer.chat_template = None


def test_templates_by_name(tmp_path):
    file = tmp_path / "chat.jinja"
    file.write_text("{% for m in messages %}<{{ m.content }}>{% endfor %}", encoding="utf-8")
    turns = ("user", "a"), ("assistant", "b")
    assert rendered(chat(), *turns, template=str(file)).text == "<a><b></s>"
    assert rendered(chat(), *turns, template="none").text == "ab</s>"
    assert template_name(chat(), DataSettings()) == "chat" and template_name(byte_level(), DataSettings()) == "none"
    assert [template_name(chat(), DataSettings(template=name)) for name in ("none", str(file))] == ["none", str(file)]


@pytest.mark.parametrize(("template", "sentence"), [
    ("{{ raise_exception('Only user and assistant roles are supported') }}", "Only user and assistant roles"),
    ("{% for m in messages %}{{ m.content }}", "not valid Jinja"),
    ("{{ messages[5].content + 1 }}", "does not take example 7"),
    ("{{ 1 / 0 }}", "does not take example 7"),
    ("{{ messages.__class__.__mro__[1].__subclasses__() }}", "does not take example 7"),
    ("{% for m in messages %}{{ m.content | upper }}{% endfor %}", "rewrites the messages of example 7"),
])
def test_a_template_at_fault_is_told_in_a_sentence(template, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        rendered(chat(template), ("user", "abc"), ("assistant", "def"))
    assert "\n" not in str(caught.value)


def test_a_missing_template_file_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        renderer(chat(), DataSettings(template=str(tmp_path / "none.jinja")), None)


LONG = ("user", "The quick fox"), ("assistant", "x y z")


def test_too_long_is_an_error_that_names_the_way_out():
    total = len(rendered(byte_level(), *LONG))
    assert len(rendered(byte_level(), *LONG, context=total)) == total
    with pytest.raises(DataError, match=f"Example 7 has {total} tokens, more than .* {total - 1}; .* --too-long skip"):
        rendered(byte_level(), *LONG, context=total - 1)
    with pytest.raises(DataError, match=f"limit of {total - 2}"):
        rendered(byte_level(), *LONG, context=total - 1, max_length=total - 2)
    with pytest.raises(DataError, match=f"limit of {total - 1}"):
        rendered(byte_level(), *LONG, context=total - 1, max_length=total + 2)


def test_truncation_cuts_the_end_and_counts():
    whole, tally = rendered(byte_level(), *LONG), Counter()
    cut = rendered(byte_level(), *LONG, max_length=len(whole) - 2, too_long="truncate", tally=tally)
    assert cut.ids.tolist() == whole.ids[:-2].tolist() and cut.marks.tolist() == whole.marks[:-2].tolist()
    assert cut.text == whole.text[:cut.spans[-1, 1]] and whole.text.startswith(cut.text)
    assert tally == {"truncated": 1}


@pytest.mark.parametrize(("too_long", "length"), [("skip", 6), ("truncate", 2)])
def test_what_is_skipped_is_counted(too_long, length):
    tally = Counter()
    assert rendered(byte_level(), *LONG, max_length=length, too_long=too_long, tally=tally) is None
    assert tally == {"skipped_too_long": 1}


def test_a_response_without_tokens_follows_the_policy_for_empty_ones():
    tokenizer = chat("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}")
    turns, tally = (("user", "a"), ("assistant", " \n")), Counter()
    with pytest.raises(DataError, match="no response token"):
        rendered(tokenizer, *turns, eos=False)
    assert rendered(tokenizer, *turns, eos=False, empty="skip", tally=tally) is None
    assert tally == {"skipped_empty": 1}


def test_hostile_text_comes_through_as_itself():
    hostile = "<script>alert(1)</script> 😀 \u202eשלום" + " " * 10_000
    for tokenizer in (byte_level(), chat()):
        tokens = rendered(tokenizer, ("user", ""), ("assistant", hostile))
        spans = tokens.spans[tokens.trainable & ((tokens.marks & Mark.EOS) == 0)].tolist()
        covered = sorted({at for start, end in spans for at in range(start, end)})
        text = "".join(tokens.text[at] for at in covered)
        # Without a template the response begins the text, and its first token has nothing that predicts it.
        assert text == (hostile if tokenizer.chat_template else hostile[1:]) and hostile in tokens.text


@pytest.mark.slow
def test_golden_ids(golden, shared, embedded_tokenizer):
    values = DataSettings(data=str(shared / "golden" / "gsm8k_12.jsonl"), template="none", eos=False)
    draw = renderer(embedded_tokenizer, values, 2048)
    drawn = [draw(item) for item in examples(values)]
    assert len(drawn) == len(golden["examples"]) == 12
    for tokens, wanted in zip(drawn, golden["examples"]):
        assert tokens.ids.tolist() == wanted["ids"]
        assert np.flatnonzero(tokens.trainable).tolist() == list(range(wanted["start"], len(wanted["ids"])))
