"""The report as a file: its numbers, its text, what it may load, and how it is written."""

import base64
import hashlib
import json
import re
import resource
from pathlib import Path

import pandas as pd
import pytest

from tests import reports
from tests.tables import saved, table
from tests.test_cli import sentence, xtf
from xtf import filters, report, runs, stats
from xtf.config import PRESETS, ByClass, BySpan, ByType, Cutoff, Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.filters import BIT
from xtf.report.text import tame

MARKUP = "<b onclick=alert(1)>&amp;\u202e</script><!--"


@pytest.fixture
def made(workplace, tmp_path):
    """Writes a report on a run and reads it back."""
    def make(run="problems", thresholds=PRESETS["corrected"][1], **options):
        path = tmp_path / "report.html"
        found = report.write(run, thresholds, path, overwrite=True, **options)
        return found, reports.parsed(path)
    return make


def judged(run, thresholds=PRESETS["corrected"][1]):
    scores = runs.open_run(run).table()
    return scores, filters.judge(scores, thresholds)


def headlines(document):
    return {box.one("dt").text.strip("■ "): [part.text for part in box.all("dd")]
            for box in document.all("div", class_="headline")}


def test_headlines_are_the_counts_of_a_naive_loop(made):
    _, document = made()
    scores, verdicts = judged("problems")
    response = [t for t in range(len(scores.ids)) if scores.marks[t] & 2]
    kept = sum(1 for t in response if verdicts.bits[t] == 0)
    found = headlines(document)
    assert found["Examples"][0] == "6" and found["Response tokens"][0] == f"{len(response):,}"
    assert found["Kept"] == [f"{100 * kept / len(response):.1f} %", f"{kept:,} response tokens are trained."]
    assert found["Dropped"][1].startswith(f"{len(response) - kept:,} response tokens")
    for name, label in (("reasoning", "reasoning importance (RI)"), ("novelty", "knowledge novelty (KN)"),
                        ("relevance", "task relevance (TR)")):
        gone = [t for t in response if verdicts.bits[t] & BIT[name]]
        alone = [t for t in gone if verdicts.bits[t] == BIT[name]]
        assert f"for {len(gone):,} dropped tokens, {len(alone):,} of which" in found[f"Dropped by {label}"][1]


def test_the_returned_summary_is_that_of_stats(made):
    found, document = made(examples=4)
    assert found["summary"] == stats.summary(*judged("problems")) and len(found["examples"]) == 4
    assert found["bytes"] == Path(found["out"]).stat().st_size
    assert f"{found['summary']['kept']:,}" in document.one("p", class_="lead").text


def test_figures_hold_the_same_numbers_as_their_tables(made):
    found, document = made()
    plots = reports.data(document, "figure-data")
    drawn = document.all("figure")
    assert found["figures"] == [figure.attributes["id"].removeprefix("figure-") for figure in drawn]
    assert [figure.one("div", class_="plot").attributes["data-figure"] for figure in drawn] == \
        [str(number) for number in range(len(plots))]
    summary = found["summary"]
    rows = reports.table(document.one("figure", id="figure-reasons").one("table"))
    counts = {row[0]: int(row[1].replace(",", "")) for row in rows[1:]}
    assert counts["Novelty"] == summary["combinations"]["novelty"]
    assert sum(counts.values()) == summary["dropped"]
    kept = reports.table(document.one("figure", id="figure-kept").one("table"))
    assert sum(int(row[1]) for row in kept[1:]) == 6 and kept[1][0] == "0 to 5 %"


def test_tables_are_the_dropped_types_and_the_extremes(made):
    _, document = made()
    scores, verdicts = judged("problems")
    captions = {found.one("caption").text: reports.table(found) for found in document.all("table")
                if found.all("caption")}
    most, least, greatest = captions.values()
    gone = pd.Series(scores.ids[verdicts.bits != 0]).value_counts()
    assert int(most[1][2].replace(",", "")) == gone.iloc[0] == gone[int(most[1][1])]
    shares = stats.by_example(scores, verdicts)["kept_share"]
    assert least[1][0] == f"{100 * shares.min():.1f} %" and greatest[1][0] == f"{100 * shares.max():.1f} %"
    assert len(least) == len(greatest) == 4  # three of six, and the heading


def test_nothing_is_loaded_and_only_our_scripts_may_run(made):
    _, document = made("hostile")
    policy = document.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:"
    scripts = [found for found in document.all("script") if found.attributes.get("type") != "application/json"]
    digests = [base64.b64encode(hashlib.sha256(found.text.encode()).digest()).decode() for found in scripts]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests] and len(digests) == 3

    def walk(element):
        for name, value in element.attributes.items():
            assert name not in ("src", "srcset", "style", "action", "data", "poster") and not name.startswith("on")
            assert name != "href" or value.startswith("#")
        assert element.tag not in ("link", "iframe", "img", "object", "embed", "base", "form")
        for part in element.inside:
            if isinstance(part, reports.Element):
                walk(part)

    walk(document)


def test_hostile_text_is_text(made):
    found, document = made("hostile", Thresholds(
        novelty=Cutoff(value=0.0), overrides=(ByClass(action="drop", role="numbers", note=MARKUP),)))
    scores, _ = judged("hostile")
    for index, box in zip(found["examples"], document.all("div", class_="static"), strict=True):
        shown = [part if isinstance(part, str) else part.text for part in box.inside
                 if isinstance(part, str) or part.tag != "sup"]
        assert re.sub(r"[\s␣⏎⇥]", "", "".join(shown)) == re.sub(r"\s", "", tame(scores.example(index).text))
    assert tame(MARKUP) in document.one("section", **{"aria-labelledby": "settings"}).text
    assert "⟦U+202E⟧" in document.one("main").text and "\u202e" not in document.one("main").text
    text = Path(found["out"]).read_text(encoding="utf-8")
    assert "<script>alert" not in text and "<img src=x>" not in text and "<b onclick" not in text


def test_the_same_run_and_settings_give_the_same_file(made):
    def lines():
        found, _ = made()
        lines = Path(found["out"]).read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not line.startswith("<p>Report made ")]

    assert lines() == lines()


def test_settings_are_told_in_words_with_what_differs_and_what_was_decided_by_hand(made):
    thresholds = PRESETS["paper"][1].model_copy(update={"novelty": Cutoff(value=0.9), "overrides": (
        ByType(action="keep", token=5, text=" the", created="2026-11-23T10:00:00+00:00", note="needed"),
        BySpan(action="drop", example="0", start=3, end=9, quote=MARKUP))})
    _, document = made(thresholds=thresholds, preset="paper")
    section = document.one("section", **{"aria-labelledby": "settings"})
    differs, by_hand = map(reports.table, section.all("table"))
    assert differs[1:] == [["novelty cutoff", "0.95", "0.9"]]
    assert by_hand[1][0].startswith("never drop") and by_hand[1][1:] == ["2026-11-23T10:00:00+00:00", "needed"]
    assert tame(MARKUP) in by_hand[2][0]
    written = section.all("pre")
    assert Thresholds.model_validate_json(written[1].text) == thresholds and "preset: paper" in written[0].text
    assert "drops p above 90 %." in section.text and "below Q1 - 1 × IQR of each response" in section.text


def test_a_run_that_drops_nothing_and_one_without_responses_are_told(home, tmp_path):
    saved("bare", table([[1, 2, 3]], [[1, 1, 1]]))
    found = report.write("bare", PRESETS["corrected"][1], tmp_path / "bare.html")
    document = reports.parsed(tmp_path / "bare.html")
    notes = [note.text for note in document.one("header").all("p", class_="warning")]
    assert found["examples"] == found["figures"] == [] and any("no response tokens" in note for note in notes)
    assert any("attention" in note for note in notes)  # reasoning importance is switched off


def test_an_unfinished_run_says_so_first(partial, tmp_path):
    found = report.write("part", PRESETS["corrected"][1], tmp_path / "part.html")
    document = reports.parsed(tmp_path / "part.html")
    told = document.one("header").all("p", class_="warning")[0].text
    assert not found["complete"] and partial.unfinished in told and "of 12 examples" in told
    facts = document.one("dl", class_="facts")
    assert dict(zip(*([part.text for part in facts.all(tag)] for tag in ("dt", "dd")), strict=True))["Finished"] == "no"


def test_refusals_leave_what_is_there(workplace, tmp_path):
    path, thresholds = tmp_path / "a.html", PRESETS["corrected"][1]
    path.write_text("mine")
    for bad, fault, words in (
            (path, StoreError, "exists"), (tmp_path / "a.txt", SettingsError, "ends in .html"),
            (path / "b.html", StoreError, "could not be written"), (tmp_path, SettingsError, "ends in .html")):
        with pytest.raises(fault, match=words):
            report.write("problems", thresholds, bad)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        report.write("problems", thresholds, tmp_path / "folder.html", overwrite=True)
    with pytest.raises(SettingsError, match="cannot be negative"):
        report.write("problems", thresholds, path, examples=-1, overwrite=True)
    assert path.read_text() == "mine" and sorted(found.name for found in tmp_path.iterdir() if found.is_file()) == \
        ["a.html"]


def test_a_full_disk_or_a_cancel_leaves_the_earlier_report(workplace, tmp_path):
    path, thresholds = tmp_path / "a.html", PRESETS["corrected"][1]
    path.write_text("mine")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # as a disk that fills up on the way
    try:
        with pytest.raises(StoreError, match="could not be written"):
            report.write("problems", thresholds, path, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    stages = []

    def progress(done, total, stage):
        stages.append(stage)
        if stage == "writing the report":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report.write("problems", thresholds, path, overwrite=True, progress=progress)
    assert len(set(stages)) == 4 and path.read_text() == "mine"
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith(".writing")] == []


def test_on_the_command_line(workplace, tmp_path):
    path = tmp_path / "report.html"
    flags = ["--preset", "paper", "--novelty-cutoff", "0.5"]
    found = json.loads(xtf("report", "problems", "--out", path, "--examples", 2, *flags, "--json")[0])
    told = json.loads(xtf("filter", "problems", *flags, "--json")[0])
    assert found["summary"]["kept"] == told["kept"] and found["bytes"] == path.stat().st_size < 7e6
    document = reports.parsed(path)
    assert len(document.all("article")) == 2 and "paper" in document.one("section", **{
        "aria-labelledby": "settings"}).one("strong").text
    assert "exists" in sentence("report", "problems", "--out", path)
    assert "no run called" in sentence("report", "nothing", "--out", tmp_path / "other.html")
    assert "ends in .html" in sentence("report", "problems", "--out", tmp_path / "x")
    assert "written to" in xtf("report", "problems", "--out", path, "--overwrite")[0]
