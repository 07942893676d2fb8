"""The domain of a dataset is the one whose words its responses use."""

import pytest

from xtf.config import DataSettings
from xtf.data.domains import DOMAINS, choose
from xtf.data.formats import examples

FINANCE = ["Pay off the loan first: its interest is higher than the return of a fund, and while you wait, for the "
           "price of one fee, your broker can open a pension account.", "Dividends are income, so tax applies."]


def responses(data):
    return ["\n".join(turn.content for turn in example.messages if turn.role == "assistant")
            for example in examples(DataSettings(data=str(data)))]


def test_the_lists():
    assert " ".join(DOMAINS["maths"]) == "1 2 3 4 5 6 7 8 9 10 + - * / = maths"
    assert " ".join(DOMAINS["code"]) == "def return if else for while import from class try"
    assert (len(DOMAINS["medicine"]), len(DOMAINS["finance"])) == (63, 37)
    assert all(len(words) == len(set(words)) for words in DOMAINS.values())
    assert all(word.isalpha() and word.islower() for name in ("medicine", "finance") for word in DOMAINS[name])


@pytest.mark.parametrize(("texts", "name"), [
    ([], "maths"), (["hello there"], "maths"), (["3 + 4 = 7", "12"], "maths"), (FINANCE, "finance"),
    (["If you ask for it, try the class from which you return, while others import"], "maths"),
    (["x = 1 + 2\nfor i in range(3):\n    if x:\n        return x - 1"], "code"),
    (["The patients had 3-5 treatments; tumors shrank."], "medicine"),
    (["filler"] * 100 + FINANCE, "maths"),  # the first hundred decide
])
def test_auto_counts_words_where_they_mean_the_domain(texts, name):
    assert choose("auto", texts) == (name, DOMAINS[name])


def test_a_domain_that_is_named_is_taken():
    assert choose("finance", ["def f(): return 1"]) == ("finance", DOMAINS["finance"])


@pytest.mark.parametrize(("data", "name"), [("demo", "maths"), ("humaneval", "code")])
def test_auto_on_embedded_data(data, name):
    assert choose("auto", responses(data))[0] == name


@pytest.mark.parametrize(("file", "name"), [("gsm8k_test_500.jsonl", "maths"),
                                            ("pubmedqa_labeled_400.json", "medicine")])
def test_auto_on_real_data(shared, file, name):
    assert choose("auto", responses(shared / "data" / file))[0] == name
