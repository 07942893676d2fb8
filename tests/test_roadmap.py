"""The checklist reads off the workspace what is done: each item against a workspace that has just that."""

import json

import pytest

from tests import comparisons
from xtf import roadmap, saved
from xtf.config import Thresholds
from xtf.export.record import RECORD


def done():
    """Titles of what is done."""
    return [item.title for phase in roadmap.phases() for item in phase.items if item.done]


def item(title):
    return next(item for phase in roadmap.phases() for item in phase.items if item.title.startswith(title))


def test_an_empty_workspace_has_done_nothing_and_is_told_how_to_begin(home):
    phases = roadmap.phases()
    assert [(phase.title, phase.takes) for phase in phases] == [
        ("Discovery and assessment", "2 to 4 weeks"), ("Integration and pilot", "4 to 8 weeks"),
        ("Optimisation and scaling", "ongoing")]
    assert done() == [] and all(item.told.endswith(".") for phase in phases for item in phase.items)
    assert [phase.done for phase in phases] == [0, 0, 0]


def test_every_item_leads_to_a_page(home):
    from xtf.ui import frame

    for phase in roadmap.phases():
        for one in phase.items:
            assert f"pages/{one.page}.py" in frame._PAGES


def test_runs_of_the_demo_and_of_own_data_are_told_apart(workplace):
    assert done() == ["Score a first run", "Score data of your own", "Score with the model that you fine-tune"]
    assert item("Score data of your own").told == "hostile"
    (workplace / "runs" / "hostile" / "manifest.json").unlink()
    assert "Score data of your own" not in done() and item("Score a first run").told == "problems"


def test_the_embedded_model_is_not_yours(workplace):
    for name in ("problems", "hostile"):
        path = workplace / "runs" / name / "manifest.json"
        told = json.loads(path.read_text())
        told["settings"]["model"] = "embedded"
        path.write_text(json.dumps(told))
    assert "Score with the model that you fine-tune" not in done()


def test_saved_settings_and_exports_count(workplace):
    saved.save("mine", Thresholds())
    folder = workplace / "exports" / "problems-hf"
    folder.mkdir(parents=True)
    assert "Settle thresholds and save them" in done() and "Prepare an export for your trainer" not in done()
    (folder / RECORD).write_text("{}")
    assert item("Prepare an export").done and item("Prepare an export").told == "problems-hf"


@pytest.mark.parametrize("seeds, enough", [(2, False), (3, True)])
def test_a_comparison_counts_with_three_seeds(seeds, enough, workplace):
    values = {(name, seed): comparisons.ARMS[name, seed % 2] for name in ("normal", "xtf", "random")
              for seed in range(seeds)}
    comparisons.finished("problems", "hostile", values, seeds=seeds)
    one = item("Compare with normal and random")
    assert one.done == enough
    assert one.told == ("helped" if enough else "helped had too few seeds, or lacked normal or random.")
    assert item("Finish a fine-tune").done and item("Evaluate fine-tunes").done


def test_a_bench_with_planted_noise_counts_and_its_data_is_not_yours(workplace):
    folder = workplace / "planted" / "abc"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{}")
    assert item("See whether the scores find planted noise").told == "abc"
    path = workplace / "runs" / "hostile" / "manifest.json"
    told = json.loads(path.read_text())
    told["settings"]["data"] = str(folder / "maths.jsonl")
    path.write_text(json.dumps(told))
    assert not item("Score data of your own").done


def test_a_comparison_that_is_not_finished_does_not_count(workplace):
    comparisons.begun("problems", "hostile", seeds=3)
    assert item("Compare with normal and random").told == "Begun and not finished: helped."
    assert not item("Finish a fine-tune").done


def test_the_second_of_a_kind_is_what_scaling_asks_for(workplace):
    assert not item("Score a second dataset").done and not item("Compare other thresholds").done
    path = workplace / "runs" / "problems" / "manifest.json"
    path.write_text(path.read_text().replace('"data": "demo"', '"data": "mine.jsonl"'))
    assert item("Score a second dataset").done


def test_what_is_damaged_is_passed_over(workplace):
    comparisons.finished("problems", "hostile")
    (workplace / "comparisons" / "helped" / "comparison.json").write_text('{"created": "now", "asked": {}}')
    assert not item("Compare with normal and random").done
