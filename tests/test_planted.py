"""Planted noise: what is planted is where it is said to be, figures are those by hand, and a bench hangs together."""

import json
import math
import random
import re
import shutil
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import rankdata

from xtf import runs
from xtf.bench.planted import data, measure, plant, ranking, result, verdict, work
from xtf.bench.planted.candidates import PASSIVE, candidates
from xtf.bench.planted.kinds import KINDS, TARGETS
from xtf.bench.planted.plant import Sources, Span
from xtf.bench.planted.settings import PlantedSettings
from xtf.cli.main import cli
from xtf.data.types import Example, Message
from xtf.errors import StoreError

MATHS = "Tom has 48-24 = <<48-24=24>>24 apples left.\nHe eats 4 of them. So 24-4 = <<24-4=20>>20 stay.\n#### 20"
CODE = "    total = 0\n\n    for number in range(10):\n        total += number\n    return total"
PROSE = "A pulse of 45 is usual in trained runners. Others should see a doctor at once."
SOURCES = Sources([["The moon is made of rock.", "Cats sleep a lot."], ["x = sorted(values)"]],
                  ["apple", "zebra", "quantum", "pocket"])


def unplanted(text, spans):
    """The text with what was planted taken out again, and with the digit that was there before."""
    for span in reversed(spans):
        text = text[:span.start] + span.was + text[span.end:]
    return text


@pytest.mark.parametrize("answer, comment", [(MATHS, ""), (PROSE, ""), (CODE, "# "), ("Yes.", ""), ("no 5", "# ")])
@pytest.mark.parametrize("seed", range(25))
def test_what_is_planted_stands_where_it_is_said_and_all_else_stays(answer, comment, seed):
    text, spans = plant.plant(answer, Sources(SOURCES.foreign, SOURCES.words, comment=comment), random.Random(seed))
    assert [span.start for span in spans] == sorted(span.start for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    for span in spans:
        here = text[span.start:span.end]
        assert {"boilerplate": here in plant.BOILERPLATE, "wrong_digit": here.isdecimal() and here != span.was,
                "off_domain": here in {part for pool in SOURCES.foreign for part in pool},
                "random": here.split() == [word for word in here.split() if word in SOURCES.words]
                and len(here.split()) == plant.WORDS}[span.kind]
    plain = "".join(unplanted(text, spans).replace("#", "").split())
    assert plain == "".join(answer.replace("#", "").split())
    if answer in (MATHS, PROSE, CODE):
        assert {span.kind for span in spans} == set(KINDS)


@pytest.mark.parametrize("seed", range(50))
def test_a_wrong_digit_changes_the_value_of_one_number_and_never_the_final_answer(seed):
    text, spans = plant.plant(MATHS, SOURCES, random.Random(seed))
    assert text.endswith("\n#### 20")
    wrong = next(span for span in spans if span.kind == "wrong_digit")
    number = next(found for found in re.finditer(r"\d+", text) if found.start() <= wrong.start < found.end())
    before = number[0][:wrong.start - number.start()] + wrong.was + number[0][wrong.end - number.start():]
    assert int(number[0]) != int(before) and (number[0] == "0" or not number[0].startswith("0"))


def test_a_wrong_digit_is_drawn_as_often_as_the_data_has_it():
    sources = Sources(SOURCES.foreign, SOURCES.words, digits="2224" + "9")
    drawn = [text[span.start] for seed in range(400) for text, spans in [plant.plant("1 + 5 + 6", sources,
             random.Random(seed))] for span in spans if span.kind == "wrong_digit"]
    assert len(drawn) == 400 and {digit: round(drawn.count(digit) / 400, 1) for digit in "249"} == {
        "2": 0.6, "4": 0.2, "9": 0.2}
    assert plant.digits(MATHS) == "482448242424" + "4" + "2442442020" and plant.digits("x1 = 0x1F") == ""


def test_in_code_sentences_are_comments_of_the_lines_depth():
    sources = Sources(SOURCES.foreign, SOURCES.words, comment="# ")
    for seed in range(30):
        text, spans = plant.plant(CODE, sources, random.Random(seed))
        for span in spans:
            if span.kind in ("boilerplate", "off_domain"):
                line = text[text.rfind("\n", 0, span.start) + 1:span.end]
                assert re.fullmatch(r"( {4}|) {4}# .*", line)


def test_planting_hangs_on_seed_and_example_alone_and_leaves_some_clean():
    examples = [Example(str(number), (Message("user", "?"), Message("assistant", MATHS))) for number in range(200)]
    made = list(plant.planted(examples, SOURCES, 0))
    assert made == list(plant.planted(examples, SOURCES, 0)) and made[150:] == list(
        plant.planted(examples[150:], SOURCES, 0))
    assert made != list(plant.planted(examples, SOURCES, 1))
    clean = [one for one in made if not one.spans]
    assert 30 < len(clean) < 70  # a quarter of 200: 50, with a standard deviation of 6
    assert all(one.example.messages[1].content == MATHS for one in clean)


def test_off_domain_text_comes_from_other_fields():
    settings = PlantedSettings(examples=20)
    sets = data.data_sets(settings)
    assert [one.name for one in sets] == ["maths", "code", "medicine"]
    own = {one.name: {part for example in one.examples for part in plant.sentences(example.messages[-1].content)}
           for one in sets}
    for one, rows in zip(sets, data.with_noise(sets, SOURCES.words, 0), strict=True):
        foreign = [row.example.messages[-1].content[span.start:span.end] for row in rows for span in row.spans
                   if span.kind == "off_domain"]
        others = set().union(*(parts for name, parts in own.items() if name != one.name))
        assert len(foreign) > 8 and set(foreign) <= others


def test_a_token_is_planted_if_it_shares_a_character_with_a_plant():
    places = np.array([[0, 2], [2, 5], [5, 6], [6, 6], [6, 9]])
    spans = [Span("boilerplate", 1, 2, ""), Span("random", 5, 7, "")]
    assert measure.kinds_of(places, spans).tolist() == [1, 0, 4, 0, 4]
    assert measure.beginning("user: ab\nassistant: ab", "\n ab ") == 18 and measure.beginning("a", "b") == -1


def levels(noise, planted, example=None):
    noise = np.array(noise, np.float32)
    return ranking.levels(noise, np.array(planted, bool), np.array(example or [0] * len(noise)),
                          1 + max(example or [0]))


def test_auroc_and_average_precision_by_hand_with_ties():
    """From the highest: 5+, 4+ 4-, 3-, 2+ 2+ 2- 2-, 1-. Planted P = 4, others N = 5, 9 tokens.

    AUROC: 5 beats 5; 4 ties with one and beats 4: 4.5; each 2 ties with two and beats one: 2, twice; 13.5 of 20.
    Average precision: 1/4·1/1 + 1/4·2/3 + 2/4·4/8.
    Recall at 5 % (0.45 tokens): 0.45 of the 5, 0.1125; at 10 % (0.9): 0.225; at 20 % (1.8): 1 + 0.4 of the tie's one
    planted token (of two tied, 0.8 are taken): 1.4 / 4.
    """
    found = levels([5, 4, 4, 3, 2, 2, 2, 2, 1], [1, 1, 0, 0, 1, 1, 0, 0, 0])
    made = {name: values[0] for name, values in ranking.measures(found, np.ones((1, 1))).items()}
    assert made == pytest.approx({"auroc": 13.5 / 20, "average_precision": 1 / 4 + 1 / 6 + 1 / 4, "recall_5": 0.1125,
                                  "recall_10": 0.225, "recall_20": 0.35})


def test_weighted_figures_are_those_of_repeated_examples():
    """Two routes: weights of examples, and the tokens repeated as often, AUROC then by ranks."""
    source = np.random.default_rng(3)
    noise, planted, example = source.integers(0, 12, 300), source.random(300) < 0.2, source.integers(0, 9, 300)
    weights = source.integers(0, 4, 9)
    made = ranking.measures(levels(noise, planted, example.tolist()), weights[:, None].astype(float))
    again = np.repeat(np.arange(300), weights[example])
    assert made["auroc"][0] == pytest.approx(by_ranks(noise[again], planted[again]))
    plain = ranking.measures(levels(noise[again], planted[again]), np.ones((1, 1)))
    assert {name: values[0] for name, values in made.items()} == pytest.approx(
        {name: values[0] for name, values in plain.items()})


def test_intervals_hold_chance_for_noise_and_not_for_knowledge():
    source = np.random.default_rng(5)
    planted, example = source.random(4000) < 0.1, np.repeat(np.arange(40), 100)
    blind = ranking.drawn(ranking.levels(source.random(4000), planted, example, 40))
    found = ranking.estimate([blind["auroc"]], 40)
    assert found.low < 0.5 < found.high and 0.02 < found.high - found.low < 0.15
    assert blind["recall_20"][0] == pytest.approx(0.2, abs=0.05)
    knowing = ranking.drawn(ranking.levels(planted + source.random(4000), planted, example, 40))
    assert ranking.estimate([knowing["auroc"]], 40).low > 0.8
    mean = ranking.estimate([blind["auroc"], knowing["auroc"]], 80)
    assert mean.value == pytest.approx((blind["auroc"][0] + knowing["auroc"][0]) / 2)
    assert math.isnan(ranking.estimate([blind["auroc"]], 1).low)


@pytest.fixture
def found(planted_bench, monkeypatch):
    monkeypatch.setenv("XTF_HOME", str(planted_bench[0]))
    return result.load(planted_bench[1]["key"])


def test_the_result_is_kept_as_it_was_printed(planted_bench, found):
    assert result.known() == [found.key] and result.written(found) == planted_bench[1]
    assert {"all", "maths", "medicine"} <= set(found.titles())  # few code problems fit into 512 tokens
    assert found.settings.examples == 8
    with pytest.raises(StoreError, match="There is no bench deadbeef"):
        result.load("deadbeef")


def by_ranks(noise, planted):
    ranks, planted = rankdata(noise), np.array(planted)
    count = planted.sum()
    return (ranks[planted].sum() - count * (count + 1) / 2) / (count * (len(ranks) - count))


@pytest.mark.parametrize("kind, column", [("random", "random"), ("wrong_digit", "wrong_digit"),
                                          ("wrong_digit", "among_digits")])
def test_figures_are_those_of_the_run_and_its_file(kind, column, found):
    """A second route for one set: the run's own columns and the file of plants, token by token."""
    one = next(one for one in found.sets if one.name == "medicine")
    table, told = runs.open_run(one.run).table(), result.spans(found.key, one.name)
    noise, planted, tokens = [], [], 0
    for index in range(len(table)):
        example = table.example(index)
        answer, spans = told[example.id]
        at = example.text.index(answer)
        for place, (start, end) in enumerate(example.spans):
            if example.trainable[place]:
                touched = [span.kind for span in spans if start < at + span.end and end > at + span.start]
                tokens += 1
                beside = column != "among_digits" or re.search(r"\d", example.text[start:end])
                if touched == [kind] or (not touched and beside):
                    noise.append(example.scores["logprob"][place])
                    planted.append(bool(touched))
    cell = found.cell("medicine", "novelty", column)
    assert one.tokens == tokens and one.planted[kind] == sum(planted)
    assert cell.chance == pytest.approx(np.mean(planted))
    assert cell.metrics["auroc"].value == pytest.approx(by_ranks(noise, planted))
    mean = np.mean([found.cell(one.name, "novelty", column).metrics["auroc"].value for one in found.sets])
    assert found.cell("all", "novelty", column).metrics["auroc"].value == pytest.approx(mean)


def test_filters_recall_and_precision_agree_with_their_shares(found):
    for drop in found.drops:
        caught = drop.recall["any"].value * drop.chance
        assert caught == pytest.approx(drop.precision.value * drop.share) or drop.share == 0
        assert 0 <= drop.share <= 1 and set(drop.recall) == set(TARGETS)
    assert {"xtf-corrected", "xtf-paper", "xtf-published-code"} <= set(found.decisions)


def test_a_bench_is_not_scored_again(planted_bench, found, tiny_model):
    before = {path: path.stat().st_mtime_ns for path in (planted_bench[0] / "runs").rglob("*.arrow")}
    words = ["bench", "planted", "--examples", "8", "--model", str(tiny_model), "--device", "cpu"]
    ran = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert ran.exit_code == 0 and verdict.headline(found) in ran.stdout.replace("\n", " ")
    assert {path: path.stat().st_mtime_ns for path in (planted_bench[0] / "runs").rglob("*.arrow")} == before


def test_strategies_that_need_more_are_prepared_where_that_is_asked_for(found, planted_bench, tmp_path, monkeypatch):
    shutil.copytree(planted_bench[0], tmp_path / "home")
    monkeypatch.setenv("XTF_HOME", str(tmp_path / "home"))
    one = min(found.sets, key=lambda one: one.examples)
    run = runs.open_run(one.run)
    lacking = work.prepare(run, PlantedSettings(device="cpu"))
    there = candidates(run.table())
    few = ["self-evolving"] if one.examples < 5 else []  # for five parts
    assert list(there.missing) == [*PASSIVE, *few] and [note.partition(" is left out")[0] for note in lacking] == few
    assert {"df-ifd", "slm", "token-cleaning"} <= {signal.name for signal in there.signals}


def test_own_data_is_planted_in_too(tmp_path, tiny_model):
    file = tmp_path / "bank notes.jsonl"
    rows = [{"prompt": f"What is {number}?", "response": f"The bank pays {number} percent of interest a year. The loan "
                                                         "is due."} for number in range(30)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = PlantedSettings(examples=10, data=(str(file),))
    own = data.data_sets(settings)[3]
    assert (own.name, own.domain, len(own.examples)) == ("own1-bank-notes", "finance", 10)


def test_words_are_a_vocabularys(tiny_model):
    from transformers import AutoTokenizer

    words = data.words(AutoTokenizer.from_pretrained(tiny_model))
    assert words == sorted(words) and "apples" in words and all(re.fullmatch("[A-Za-z]{3,10}", word) for word in words)


def made_up(**aurocs):
    """A result whose scores have these AUROCs (of each kind in order), ± 0.05."""
    from xtf.evaluation.statistics import Estimate

    kinds = ("boilerplate", "off_domain", "among_digits", "random")
    cells = [result.Cell("all", name, kind, 0.1, {"auroc": Estimate(value, value - 0.05, value + 0.05, 60)})
             for name, values in aurocs.items() for kind, value in zip(kinds, values, strict=True)]
    sets = [result.Planting(name, name, name, "", 1, 1, {}) for name in ("maths", "code")]
    return result.Result("k", "m", {}, sets, {}, {}, cells, [])


def test_the_verdict_follows_from_the_figures():
    found = made_up(novelty=(0.36, 0.22, 0.13, 0.0), relevance=(0.72, 0.52, 0.21, 0.96))
    assert verdict.headline(found) == ("Low scores find boilerplate and random words better than chance; no score "
                                       "finds off-domain text or wrong digits.")
    novelty, relevance = verdict.sentences(found)
    assert novelty.startswith("Knowledge novelty finds none of the noise; worse than chance")
    assert "wrong digits among right ones (0.13)" in novelty
    assert novelty.endswith("Novelty keeps what surprises the model, wrong tokens too.")
    assert relevance == ("Task relevance finds boilerplate (0.72) and random words (0.96); no better than chance: "
                         "off-domain text (0.52); worse than chance, it would rather keep: wrong digits among right "
                         "ones (0.21).")
    assert "finds any kind" in verdict.headline(made_up(novelty=(0.5, 0.5, 0.5, 0.5)))
    assert verdict.headline(made_up(relevance=(0.9,) * 4)).endswith("better than chance: all that was planted.")
