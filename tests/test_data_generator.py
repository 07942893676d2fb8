"""The built-in problems: right by an independent calculation, well-formed, and split by template and by numbers."""

import re
from collections import Counter

import pytest

from xtf.data.generator import problems
from xtf.data.problems import PEOPLE, TEMPLATES, THINGS

MANY = {split: list(problems(600, seed=5, split=split)) for split in ("train", "heldout")}
ALL = [problem for split in MANY.values() for problem in split]


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def test_forty_templates_ten_of_each_length_and_a_third_held_out():
    steps = Counter((len(template.steps), template.split) for template in TEMPLATES)
    shares = {"train": 7, "heldout": 3}
    assert steps == {(length, split): shares[split] for length in (1, 2, 3, 4) for split in shares}
    assert len({template.name for template in TEMPLATES}) == len({template.question for template in TEMPLATES}) == 40


def test_every_annotation_is_right_and_stands_beside_its_numbers():
    for problem in ALL:
        for sum_, result in re.findall(r"<<([\d+*/-]+)=(\d+)>>", problem["answer"]):
            assert eval(sum_) == int(result) > 1
            words = rf"(?<!\d){re.escape(sum_)} = \$?<<{re.escape(sum_)}={result}>>{result}(?!\d)"
            assert re.search(words, problem["answer"])


def test_answers_have_a_line_for_each_step_and_the_last_result_last():
    for problem in ALL:
        *lines, last = problem["answer"].split("\n")
        assert len(lines) == problem["steps"] and all(line.count("<<") == 1 and line.endswith(".") for line in lines)
        assert last == "#### " + re.findall(r"=(\d+)>>", problem["answer"])[-1]


def test_calculations_use_what_is_given_or_found_before():
    """Operands come from the question, an earlier result, or the template's own constants (half, a week, legs)."""
    constants = {template.name: set(numbers(" ".join(step[1] for step in template.steps))) for template in TEMPLATES}
    for problem in ALL:
        known = {*numbers(problem["question"]), *constants[problem["template"]]}
        for sum_, result in re.findall(r"<<([\d+*/-]+)=(\d+)>>", problem["answer"]):
            assert set(numbers(sum_)) <= known
            known.add(int(result))


def test_every_number_of_a_question_is_needed():
    for problem in ALL:
        used = set(numbers(" ".join(re.findall("<<(.*?)=", problem["answer"]))))
        allowed = {7} if problem["template"] == "goat milk" else set()
        assert set(numbers(problem["question"])) <= used | allowed


def test_the_english_is_well_formed():
    singular = {thing for pool in THINGS.values() for thing, _ in pool}
    for problem in ALL:
        text = f"{problem['question']} {problem['answer']}"
        assert not re.search(r"[{}]|  |\b1 \w+s\b|\$ |\$\$", text), text
        assert problem["question"].endswith("?") and problem["question"][0].isupper()
        assert all(line[0].isupper() or line[0].isdigit() for line in problem["answer"].split("\n")[:-1])
        assert not re.search(rf"\d (?:{'|'.join(singular)})\b", text), text
    assert all(len(pool) == len(set(pool)) for pool in [PEOPLE, *THINGS.values()])


def test_names_and_pronouns_agree():
    pronouns = {name: {he, his, he.capitalize(), his.capitalize()} for name, he, his in PEOPLE}
    for problem in ALL:
        text = f"{problem['question']} {problem['answer']}"
        people = [name for name in pronouns if re.search(rf"\b{name}\b", text)]
        spoken = set(re.findall(r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er)\b", text))
        assert not spoken or any(spoken <= pronouns[name] for name in people)


def test_problems_are_different_and_varied():
    for split in MANY.values():
        assert len({problem["question"] for problem in split}) == len({problem["id"] for problem in split}) == 600
    assert len({problem["template"] for problem in MANY["train"][:28]}) == 28


def test_train_and_held_out_share_neither_templates_nor_numbers():
    templates = {split: {problem["template"] for problem in rows} for split, rows in MANY.items()}
    assert not templates["train"] & templates["heldout"]
    assert len(templates["train"]) == 28 and len(templates["heldout"]) == 12

    def drawn(problem):
        template = next(template for template in TEMPLATES if template.name == problem["template"])
        given = numbers(problem["question"])
        return tuple(sorted(given[:-1] if template.name == "goat milk" else given)), set(template.numbers)

    sets = {split: {drawn(problem)[0] for problem in rows} for split, rows in MANY.items()}
    assert not sets["train"] & sets["heldout"]
    assert all(len(drawn(problem)[0]) == len(drawn(problem)[1]) for problem in ALL)


def test_a_seed_gives_the_same_problems_and_fewer_come_first():
    assert list(problems(40, seed=3)) == list(problems(100, seed=3))[:40] != list(problems(40, seed=4))
    assert next(problems(1))["question"] == (
        "Ingrid buys 4 scarves that cost $9 each and pays with $110. How many dollars of change does Ingrid get?")


@pytest.mark.parametrize("difficulty", [1, 2, 3, 4])
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_difficulty_is_the_number_of_steps(difficulty, split):
    assert {problem["steps"] for problem in problems(30, split=split, difficulty=difficulty)} == {difficulty}


def test_a_template_that_is_used_up_makes_room_for_others():
    """`half price` has 17 held-out prices and 32 names at most; the other two templates fill the rest."""
    found = list(problems(3_000, split="heldout", difficulty=1))
    assert len({problem["question"] for problem in found}) == len(found) == 3_000
    counts = Counter(problem["template"] for problem in found)
    assert counts["half price"] <= 32 * 67 * 0.4 < 1_000 < min(counts["ages apart"], counts["times as many"])
