"""Twins of examples: other numbers with every calculation done again, other names, and a reason where there is none."""

import ast
import operator
import random
import re
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtf.config import DataSettings
from xtf.data import arithmetic, augment, first_names, formats, generator, substitution
from xtf.data.augment import REASONS, Twin, twin
from xtf.data.number_words import meant
from xtf.data.types import Example, Message

GSM8K = Path(__file__).parents[2] / "shared" / "data" / "gsm8k_train_3000.jsonl"
SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def example(question: str, answer: str, id_: str = "7") -> Example:
    return Example(id_, (Message("user", question), Message("assistant", answer)))


def problem_of(row: dict) -> Example:
    return example(row["question"], row["answer"], row["id"])


def contents(of: Example) -> tuple[str, str]:
    return of.messages[-2].content, of.messages[-1].content


def made(question: str, answer: str, seed: int = 0) -> tuple[str, str]:
    found = twin(example(question, answer), seed)
    assert isinstance(found, Twin), found
    return contents(found.example)


def by_python(expression: str) -> Fraction:
    """A second route to a calculation's value: Python's own parser, each numeral read from the source."""
    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return SIGNS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand) if isinstance(node.op, ast.USub) else value(node.operand)
        return Fraction(ast.get_source_segment(expression, node))

    return value(ast.parse(expression, mode="eval").body)


def assert_right(answer: str) -> None:
    """Every calculation by the second route, and the last result is the final answer."""
    stated = re.findall(r"<<(.*?)=(.*?)>>", answer)
    assert stated
    for expression, result in stated:
        assert by_python(expression) == Fraction(result) > 0
    assert Fraction(answer.rpartition("#### ")[2].replace(",", "")) == Fraction(stated[-1][1])


def shape(text: str) -> str:
    """A text without its numerals and names."""
    return re.sub(r"[0-9][0-9,.]*[0-9]|[0-9]", "0", re.sub(r"\b[A-Z]\w+", "N", text))


# Arithmetic

expressions = st.recursive(
    st.integers(0, 10_000).map(str) | st.decimals(0, 999, places=2).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join) | inner.map("({})".format)
    | inner.map("-{}".format), max_leaves=8)


@given(expressions)
def test_calculations_are_exact(expression):
    parsed = arithmetic.parsed(expression)
    try:
        assert (parsed and parsed.evaluate(arithmetic.value)) == by_python(expression)
    except ZeroDivisionError:
        assert parsed is None


@pytest.mark.parametrize("text", ["", "2+", "(1", "1)", "2**3", "1 2", "x", "5/(3-3)+", "__import__('os')", "9" * 400,
                                  "(" * 5000 + "1" + ")" * 5000, "1//2", "٣+1"])
def test_what_is_no_calculation_is_refused(text):
    assert arithmetic.parsed(text) is None


def test_per_cent_is_a_hundredth():
    assert arithmetic.parsed("20%*1,200").evaluate(arithmetic.value) == 240


@pytest.mark.parametrize(("number", "like", "expected"), [
    (Fraction(7, 2), "3.25", "3.50"), (4, "3.50", "4.00"), (Fraction(1, 2), ".2", ".5"), (Fraction(1, 2), "0.2", "0.5"),
    (12345, "1,000", "12,345"), (950, "1,000", "950"), (12345, "1000", "12345"), (Fraction(3, 2), "2", "1.5"),
    (Fraction(5, 4), ".75", "1.25"), (3, "2.5", "3")])
def test_numbers_are_written_like_the_old_ones(number, like, expected):
    assert arithmetic.written(Fraction(number), like) == expected
    assert arithmetic.value(expected) == number


def test_what_cannot_be_written_is_said():
    with pytest.raises(ValueError, match="1/3"):
        arithmetic.written(Fraction(1, 3), "2")


def test_numerals_in_text():
    text = "$3,000 80cm 12x3 12 x 5 A4 v1.2 .5 7.5. 24, 12,130 3-6 2/9 50% 1,200,000!"
    assert [found[0] for found in arithmetic.NUMERAL.finditer(text)] == [
        "3,000", "80", "12", "3", "12", "5", ".5", "7.5", "24", "12,130", "3", "6", "2", "9", "50", "1,200,000"]


# Numbers

@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["train", "heldout"]), st.integers(0, 99))
def test_twins_of_generated_problems_are_right(seed, split, twin_seed):
    for row in islice(generator.problems(4, seed, split), 4):
        given_example = problem_of(row)
        found = twin(given_example, twin_seed)
        if isinstance(found, str):
            assert found in REASONS
            continue
        question, answer = contents(found.example)
        assert_right(answer)
        assert question != row["question"] and found.example.id == f"{row['id']}-twin"
        assert shape(question) == shape(row["question"]) and shape(answer) == shape(row["answer"])
        assert twin(given_example, twin_seed) == found


def test_nearly_all_generated_problems_have_a_twin_with_other_numbers():
    found = [twin(problem_of(row), 0) for row in generator.problems(200)]
    assert sum(isinstance(one, Twin) and one.numbers for one in found) >= 190


def test_numbers_are_carried_through_question_and_prose():
    question, answer = made("A shop sells 48 clips at $1,250.50 each. What does it take?",
                            "All 48 clips bring 48 * 1,250.50 = $<<48*1250.50=60024>>60,024.\n#### 60,024")
    count, price = re.fullmatch(r"A shop sells (\d+) clips at \$([\d,]+\.\d\d) each. What does it take\?",
                                question).groups()
    total = int(count) * Fraction(price.replace(",", ""))
    assert total.denominator == 1 and total != 60024
    assert answer == (f"All {count} clips bring {count} * {price} = $<<{count}*{price.replace(',', '')}={total}>>"
                      f"{int(total):,}.\n#### {int(total):,}")


def test_what_words_mean_stays():
    question, answer = made("Zork runs 40 km a week and then half of that. How far in a year of 52 weeks?",
                            "40/2=<<40/2=20>>20\n40+20=<<40+20=60>>60\n60*52=<<60*52=3120>>3120\n#### 3120")
    first = int(re.search(r"runs (\d+) km", question)[1])
    assert first != 40 and "52 weeks" in question
    assert f"<<{first}/2=" in answer and answer.endswith(f"#### {first * 3 // 2 * 52}")


@pytest.mark.parametrize("words", ["the average of these 3 scores", "the sum of these 3 by 3", "a mean of 3"])
def test_a_count_of_what_was_named_stays(words):
    for seed in range(10):
        question, _ = made(f"Tests gave 50, 72 and 91 points. What is {words}?",
                           "50+72+91=<<50+72+91=213>>213\n213/3=<<213/3=71>>71\n#### 71", seed)
        assert words in question and question.startswith("Tests gave ") and "50, 72 and 91" not in question


def test_two_quantities_of_one_value_change_together():
    question, answer = made("Zork has 9 red and 9 blue hats. How many?", "9+9=<<9+9=18>>18\n#### 18")
    number = int(re.search(r"has (\d+) red and \1 blue", question)[1])
    assert number != 9
    assert answer == f"{number}+{number}=<<{number}+{number}={2 * number}>>{2 * number}\n#### {2 * number}"


def test_results_stay_whole_and_positive_and_the_order_of_quantities_stays():
    for seed in range(30):
        question, answer = made("Of 90 hats 30 are sold and the rest is put in 5 boxes. How many in each?",
                                "90-30=<<90-30=60>>60\n60/5=<<60/5=12>>12\n#### 12", seed)
        a, b, c = map(int, re.findall(r"\d+", question))
        assert a > b > c > 1 and (a - b) % c == 0 and answer.endswith(f"#### {(a - b) // c}")


def test_a_share_stays_below_a_hundred_and_a_week_has_seven_days():
    for seed in range(30):
        question, _ = made("Of 500 people 90% jog 6 days a week. How many jogs?",
                           "500*90/100=<<500*90/100=450>>450\n450*6=<<450*6=2700>>2700\n#### 2700", seed)
        _, share, days = map(int, re.findall(r"\d+", question))
        assert share < 100 and days <= 7


@pytest.mark.parametrize(("reason", "question", "answer"), [
    ("inexact", "10 by 3?", "10/3=<<10/3=3.33>>3.33\n#### 3.33"),
    ("inexact", "10 by 3?", "10+3=<<10+3=14>>14\n#### 14"),
    ("inexact", "10 by 3?", "10+3=<<ten+3=13>>13\n#### 13"),
    ("final", "10 and 3?", "10+3=<<10+3=13>>13\n#### 14"),
    ("final", "10 and 3?", "10+3=<<10+3=13>>13"),
    ("unsound", "10 less 10?", "10-10=<<10-10=0>>0\n#### 0"),
    ("unsound", "8 hats in 11 boxes?", "8-11=<<8-11=-3>>-3\n-3+20=<<-3+20=17>>17\n#### 17"),
    ("aside", "Hats cost 30 or 40. The cheapest pair?", "40*2=<<40*2=80>>80\n30*2=<<30*2=60>>60\n#### 60"),
    ("unknown", "Hats cost 30. With a bag?", "30+9=<<30+9=39>>39\n#### 39"),
    ("unknown", "8 years, 5 of them at $30. Then?", "The last 3 at 30*8=<<30*8=240>>240\n#### 240"),
    ("fixed", "Two hats cost 50 cents each. How much?", "50 * 2 = fifty twice = <<50*2=100>>100\n#### 100"),
    ("fixed", "At 3:15 and 3/4 of a mile?", "15*4=<<15*4=60>>60\n#### 60"),
    ("ambiguous", "13 hats and 1031 caps here, 6 boxes of 174 there. In all?",
     "13+1031=<<13+1031=1044>>1044\n6*174=<<6*174=1044>>1044\n1044+1044=<<1044+1044=2088>>2088\n#### 2088"),
])
def test_reasons(reason, question, answer):
    assert twin(example(question, answer), 0) == reason


def test_a_calculation_needs_its_question():
    answer = Message("assistant", "1+9=<<1+9=10>>10\n#### 10")
    assert twin(Example("0", (answer,)), 0) == "turns"
    assert twin(Example("0", (Message("user", "9?"), answer, Message("user", "7?"), answer)), 0) == "turns"


def test_a_system_message_keeps_its_numbers():
    found = twin(Example("0", (Message("system", "Take 9 steps."), *example(
        "9 hats and 30 caps?", "9+30=<<9+30=39>>39\n#### 39").messages)), 0)
    assert found.example.messages[0].content == "Take 9 steps."


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.sampled_from(
    ["<<4*5=20>>", "<<", ">>", "=", "#### 20", "4", "5", "20", " Tom's", "half ", "%", "1/2 ", "<<9/0=1>>", "\n"]),
    max_size=12))
def test_any_text_gives_a_right_twin_or_a_reason(question, prose, pieces):
    found = twin(example(f"4 by 5 {question}", prose + "".join(pieces)), 0)
    if isinstance(found, Twin) and found.numbers:
        assert substitution.holds(contents(found.example)[1])
    assert isinstance(found, Twin) or found in REASONS


def test_numbers_in_words():
    assert {Fraction(25), Fraction(300)} <= meant("Twenty-five of three hundred")
    assert Fraction(12) in meant("a dozen") and Fraction(60) not in meant("a dozen hats")


# Names

def test_names_change_for_their_kind_throughout():
    question, answer = made("Tom's hat is Mary's. Who has it, Tom or Mary?", "Mary has Tom's hat.")
    him, her = re.match(r"(\w+)'s hat is (\w+)'s", question).groups()
    assert him in first_names.MALE and her in first_names.FEMALE and not {him, her} & {"Tom", "Mary"}
    assert question == f"{him}'s hat is {her}'s. Who has it, {him} or {her}?" and answer == f"{her} has {him}'s hat."


@pytest.mark.parametrize("text", [
    "Is it in San Diego?", "Ask Tom Smith.", "Tom, who is called TOM.", "grace is Grace's gift.", "The Ryan score.",
    "Print \"John\".", "James' hat.", "JohnBox", "What is 2 + 2?", "Anne-Sophie's hat."])
def test_what_may_be_no_first_name_stays(text):
    assert twin(example(text, text), 0) == "names"


def test_a_name_that_only_the_prompt_holds_may_be_data():
    assert twin(example("Count the consonants that Mary had.", "There are three."), 0) == "names"


def test_lists_of_names_do_not_overlap_and_hold_the_generators():
    from xtf.data.problems import PEOPLE

    assert not set(first_names.MALE) & set(first_names.FEMALE)
    assert all(name in (first_names.FEMALE if she == "she" else first_names.MALE) for name, she, _ in PEOPLE)


# Real data

@pytest.mark.slow
def test_twins_of_real_problems_are_right():
    if not GSM8K.is_file():
        pytest.skip(f"{GSM8K.name} is not here")
    found = [twin(one, 0) for one in formats.examples(DataSettings(data=str(GSM8K), limit=600))]
    numbers = [one for one in found if isinstance(one, Twin) and one.numbers]
    for one in random.Random(0).sample(numbers, 200):
        assert_right(re.sub(r"(?<=#### )\$", "", contents(one.example)[1]))
    assert 0.55 < len(numbers) / len(found) < 0.75
    assert augment.REASONS.keys() >= {one for one in found if isinstance(one, str)}
