"""Token types and their contexts, counted and cut again by naive loops."""

from collections import Counter

import numpy as np
import pytest

from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import contexts, explain, filters, roles
from xtf.config import ATTRIBUTES, ByType, Cutoff, Off, Thresholds
from xtf.filters import REASONS

WORDS = {1: " the", 2: " cat", 3: "\n", 4: "42", 5: " =", 6: "<b>&amp;"}
RULES = Thresholds(reasoning=Off(), novelty=Cutoff(value=0.5), relevance=Off(), protect_eos=False,
                   protect_final_answer=False)


def made(examples=40, length=12, seed=3):
    """Random tokens, a third of them prompt; p lies between 0.1 and 0.89."""
    random = np.random.default_rng(seed)
    ids = random.integers(1, 7, (examples, length))
    marks = [[PROMPT] * (length // 3) + [RESPONSE] * (length - length // 3 - 1) + [EOS]] * examples
    logprob = np.where(np.array(marks) == PROMPT, np.nan, np.log(random.uniform(0.1, 0.89, (examples, length))))
    return table(ids.tolist(), marks, {"logprob": logprob.tolist()}, texts=WORDS, chunks=3)


@pytest.mark.parametrize("overrides", [(), (ByType(token=2, action="drop"), ByType(token=4, action="keep"))])
def test_types_are_counted_as_a_loop_does(overrides):
    run = made()
    verdicts = filters.judge(run, RULES.model_copy(update={"overrides": overrides}))
    tokens, dropped, reasons = Counter(), Counter(), Counter()
    for id_, trainable, bits in zip(run.ids.tolist(), run.trainable.tolist(), verdicts.bits.tolist(), strict=True):
        tokens[id_] += trainable
        dropped[id_] += bits != 0
        reasons.update((id_, name) for name, bit in REASONS.items() if bits & bit)
    found = contexts.types(run, verdicts)
    assert found["tokens"].tolist() == sorted(tokens.values(), reverse=True)
    assert len(found) == len([count for count in tokens.values() if count])
    for row in found.itertuples():
        assert row.text == WORDS[row.id] and (row.tokens, row.dropped) == (tokens[row.id], dropped[row.id])
        assert row.kept == row.tokens - row.dropped and row.share == row.dropped / row.tokens
        assert [getattr(row, name) for name in (*ATTRIBUTES, "by_hand")] == [
            reasons[row.id, name] for name in (*ATTRIBUTES, "by_hand")]
    roles_by_id = dict(zip(found["id"], found["role"], strict=True))
    # A type that ever stands as a special token (EOS here) is one; all others are told by their text.
    special = set(run.ids[(run.marks & 16) != 0].tolist())
    assert roles_by_id == {id_: "special" if id_ in special else roles.role(text) for id_, text in WORDS.items()}


def test_types_of_prompts_alone_are_left_out():
    run = table([[1, 2]], [[PROMPT, RESPONSE]], texts=WORDS)
    assert contexts.types(run, filters.judge(run, RULES))["id"].tolist() == [2]


def test_half_are_dropped_half_are_kept_and_all_stand_where_they_say():
    run = made()
    verdicts = filters.judge(run, RULES)
    found = contexts.contexts(run, verdicts, 2, count=10)
    assert [context.keep for context in found] == [False] * 5 + [True] * 5
    assert len({context.example for context in found if context.keep}) == 5
    for context in found:
        assert run.ids[context.token] == 2 and run.trainable[context.token]
        assert context.keep == verdicts.keep[context.token]
        assert context.example == run.example_at(context.token)
        assert context.sentence == explain.sentence(run, verdicts, context.token)
        text = run.example(context.example).text
        assert context.id == run.example_ids[context.example] and context.left + context.text + context.right in text
        # Cut again from the tokens' own texts.
        row = run.ids[run.offsets[context.example]:run.offsets[context.example + 1]].tolist()
        place = context.token - run.offsets[context.example]
        before, after = ("".join(WORDS[id_] for id_ in part) for part in (row[:place], row[place + 1:]))
        assert (context.left, context.text, context.right) == (before[-40:], " cat", after[:40])


def test_what_one_kind_lacks_the_other_fills():
    run = made()
    # p is never above 0.9, so that nothing is dropped.
    verdicts = filters.judge(run, RULES.model_copy(update={"novelty": Cutoff(value=0.9)}))
    assert [context.keep for context in contexts.contexts(run, verdicts, 2, count=10)] == [True] * 10


def test_all_are_shown_where_there_are_few():
    run = table([[1, 2, 1], [2, 1, 1]], [[PROMPT, RESPONSE, RESPONSE]] * 2,
                {"logprob": [[np.nan, -0.1, -0.1], [np.nan, -3, -0.1]]}, texts=WORDS)
    verdicts = filters.judge(run, RULES)
    found = contexts.contexts(run, verdicts, 1)
    assert sorted(context.token for context in found) == [2, 4, 5]
    assert [context.keep for context in found] == [False, False, True]
    assert contexts.contexts(run, verdicts, 999) == []


def test_another_seed_draws_others_and_the_same_draws_the_same():
    run = made(400)
    verdicts = filters.judge(run, RULES)
    draws = [tuple(context.token for context in contexts.contexts(run, verdicts, 1, seed=seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert all(len(set(draw)) == 20 for draw in draws)


def test_one_example_fills_up_where_there_are_no_others():
    run = table([[1] * 30], scores={"logprob": [[-0.1] * 30]}, texts=WORDS)
    found = contexts.contexts(run, filters.judge(run, RULES), 1, count=6)
    assert len({context.token for context in found}) == 6
    assert all(context.left == (" the" * context.token)[-40:] for context in found)


def test_a_token_without_characters_is_named_by_its_decoded_text():
    run = table([[1, 7, 2]], scores={"logprob": [[np.nan, -0.1, -3]]}, texts={**WORDS, 7: ""})
    # Its span is empty; what the run's table of types calls it is shown.
    names = run.type_texts
    names[run.types("id").tolist().index(7)] = "<|end|>"
    run._types = run._types.set_column(run._types.column_names.index("text"), "text", [names])
    found, = contexts.contexts(run, filters.judge(run, RULES), 7)
    assert (found.left, found.text, found.right) == (" the", "<|end|>", " cat")
