"""What is taken from an answer: numbers, decisions and code."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from xtf.data.formats import FORMATS
from xtf.errors import EvaluationError
from xtf.evaluation import code, maths, medicine, sandbox
from xtf.evaluation.tasks import TASKS, metric, task_of


@pytest.mark.parametrize("text, number", [
    ("He has 48/2 = <<48/2=24>>24 left.\n#### 24", "24"),
    ("#### 1,234,567", "1234567"), ("#### -5", "-5"), ("#### −5", "-5"), ("#### $-1,200.50", "-1200.5"),
    ("#### -$7", "-7"), ("#### 24.00", "24"), ("#### 0.50", "0.5"), ("#### .5", "0.5"), ("#### 007", "7"),
    ("#### 24%", "24"), ("####24 apples in 3 boxes", "24"), ("#### -0", "0"), ("#### +3", "3"),
    ("#### 24\n\nQuestion: and then?\n#### 99", "24"),
    ("#### none, I think.\nThe answer is 7.", "7"),
    (r"So $x = 3$ and we get $\boxed{-42}$. Check: 5.", "-42"),
    (r"\boxed{1}, or rather \boxed{2,500\%}", "2500"), (r"\boxed{\$5.50}", "5.5"), (r"\boxed{7\text{ cm}}", "7"),
    (r"\boxed{\frac{1}{2}} of 8", None), (r"\boxed{1/2}", None), (r"\boxed{x+2}", None),
    ("The answer is: 12. The other answer is 13.", "12"), ("THE ANSWER IS -3!", "-3"),
    ("We have 5-3 = 2", "2"), ("5-3", "3"), ("(4)-3", "3"), ("it falls to -3 degrees", "-3"), ("= -3", "-3"),
    ("3 apples, 4 pears.", "4"), ("costs 1,2,3", "3"), ("1,23", "23"), ("in total 12,345.", "12345"),
    ("It took 3.5 hours.", "3.5"), ("half, or 1/2", None), ("7 is more than 1/2", "7"), ("24/7", None),
    ("room x2 holds 9kg", "9"), ("no number", None), ("", None), ("٣", None), ("9" * 6000, "9" * 6000),
])
def test_the_number_that_an_answer_states(text, number):
    assert maths.extract(text) == number


@given(some.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10**12, max_value=10**12),
       some.sampled_from(["{}", "${}", "{}%", "about {} in all"]), some.booleans())
def test_any_number_survives_however_it_is_written(value, frame, commas):
    written = f"{value:,}" if commas else f"{value}"
    for text in (f"#### {frame.format(written)}", f"Therefore the answer is {frame.format(written)}.",
                 f"First 3, then {frame.format(written)}."):
        assert Fraction(maths.extract(text)) == Fraction(value)


@given(some.integers(-10**20, 10**20), some.integers(0, 5), some.integers(0, 4))
def test_equal_numbers_are_written_alike(value, zeros, part):
    sign, digits = ("-" if value < 0 else ""), str(abs(value))
    padded = "0" * zeros + digits + ("." + "0" * part if part else "")
    assert maths.canonical(sign, padded) == str(value) == str(Decimal(value))
    assert maths.correct(maths.extract(f"#### {sign}{padded}"), maths.extract(f"#### {value:,}"))


@given(some.text(max_size=200))
def test_no_text_trips_what_reads_answers(text):
    assert (number := maths.extract(text)) is None or Fraction(number) is not None
    assert medicine.extract(text) in ("yes", "no", "maybe", None)
    assert isinstance(code.extract(text), str) and isinstance(code.indented(text), str)


@pytest.mark.parametrize("text, decision", [
    ("There was no difference.\nFinal decision: yes", "yes"), ("**Final decision:** Maybe.", "maybe"),
    ("final decision is no", "no"), ("Final decision: yes\n\nFinal decision: no", "yes"),
    ("Yes, with no doubt.", "yes"), ("The answer is no, maybe.", "no"), ("We found no effect, so maybe.", "maybe"),
    ("Nobody knows.", None), ("", None),
])
def test_the_decision_that_an_answer_states(text, decision):
    assert medicine.extract(text) == decision


def test_tasks_are_of_formats_that_there_are():
    assert {name for task in TASKS.values() for name in task.formats} <= FORMATS.keys()
    assert [task_of("auto", name) for name in ("gsm8k", "numinamath", "pubmedqa", "humaneval", "alpaca")] == [
        "maths", "maths", "medicine", "code", "none"]
    assert (task_of("maths", "alpaca"), task_of("none", "gsm8k")) == ("maths", "none")
    assert (metric("code", 5), metric("maths"), metric("none")) == ("pass@5", "exact match", "")
    with pytest.raises(EvaluationError, match="There is no task poetry"):
        task_of("poetry", "gsm8k")


HEAD = "import math\n\ndef helper(x):\n    return x\n\ndef twice(x):\n    \"\"\"Twice x.\"\"\"\n"
PROBLEM = code.Problem(HEAD, "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-1) == -2\n",
                       "twice")


@pytest.mark.parametrize("text, left", [
    ("    return 2 * x\n\n\nprint(twice(3))", "    return 2 * x"),
    ("    return 2 * x\n\ndef other():\n    pass", "    return 2 * x"),
    ("    return 2 * x\n# Test\ncheck()", "    return 2 * x"),
    ("    return 2 * x\n```\nDone.", "    return 2 * x"),
    ("    if x:\n        return 1\n    return 2", "    if x:\n        return 1\n    return 2"),
    ("Sure:\n```python\ndef twice(x):\n    return 2 * x\n\nprint(twice(2))\n```\nIt doubles.",
     "def twice(x):\n    return 2 * x\n\nprint(twice(2))"),
    ("```\n$ run\n```\nand\n```py\ndef twice(x):\n    return x\n```", "def twice(x):\n    return x"),
    ("```python\ndef twice(x):\n    return 2 *", "def twice(x):\n    return 2 *"),
    ("def one(): return 1\ndef twice(x):\n    return 2 * x\nprint(1)",
     "def one(): return 1\ndef twice(x):\n    return 2 * x"),
    ("return 2 * x\n```\nDone.", "return 2 * x"),
    ("Like this:\n```\n    return 2 * x\n```", "    return 2 * x"),
])
def test_code_is_cut_where_the_function_is_over(text, left):
    assert code.extract(text) == left


@pytest.mark.parametrize("stripped, body", [
    ("return 2 * x", "    return 2 * x"), ("y = x\n    return y", "    y = x\n    return y"),
    ("y = x\nreturn y", "    y = x\n    return y"), ("if x:\n    return 1\nreturn 2",
                                                     "    if x:\n        return 1\n    return 2"),
    ("if x:\n        return 1\n    return 2", "    if x:\n        return 1\n    return 2"),
    ("if x:\n    return 1", "    if x:\n        return 1"), ("\n    return x\n", "    return x"),
])
def test_indentation_that_was_stripped_comes_back(stripped, body):
    assert code.indented(stripped) == body


def test_a_body_is_put_under_the_head_and_a_whole_function_in_its_place():
    assert code.program(PROBLEM, "    return 2 * x").startswith(HEAD + "    return 2 * x\n")
    whole = code.program(PROBLEM, "def twice(x):\n    return 2 * x")
    assert whole.startswith("import math\n\ndef helper(x):\n    return x\n\ndef twice(x):\n    return 2 * x\n")
    assert whole.endswith("check(twice)\nprint('')\n")


@pytest.mark.parametrize("samples", [1, 4, 6])
def test_pass_at_k_is_the_share_of_all_choices_of_k_that_hold_one_that_passed(samples):
    for passed in range(samples + 1):
        for k in range(1, samples + 1):
            chosen = list(combinations(range(samples), k))
            share = sum(min(choice) < passed for choice in chosen) / len(chosen)  # the first `passed` are the good ones
            assert code.pass_at_k(samples, passed, k) == pytest.approx(share, abs=1e-12)
    assert code.pass_at_k(1000, 1, 100) == pytest.approx(0.1)


@pytest.fixture
def shut_in():
    try:
        sandbox.check()
    except EvaluationError as error:
        pytest.skip(str(error))


def test_right_code_passes_and_wrong_code_does_not(shut_in):
    assert code.run(PROBLEM, "    return 2 * x").passed
    assert "AssertionError" in code.run(PROBLEM, "    return x").output
    assert "SyntaxError" in code.run(PROBLEM, "    return 2 *").output
    assert code.run(PROBLEM, "    import os; os._exit(0)").fault == "it ended before its tests did"


def test_the_problems_own_solutions_pass(shut_in):
    from xtf.config import DataSettings
    from xtf.data import sources

    assert len(code.problems()) == 164
    for row in list(sources.rows(DataSettings(data="humaneval")))[:40:8]:
        answer = code.extract(row["canonical_solution"])
        assert code.run(code.problems()[row["task_id"]], answer).passed, row["task_id"]
        answer = code.extract(f"Here:\n```python\n{row['prompt']}{row['canonical_solution']}```")
        assert code.run(code.problems()[row["task_id"]], answer).passed, row["task_id"]
