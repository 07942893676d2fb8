"""`xtf settings`, and settings, overrides and copied commands wherever thresholds are given."""

import json
import os
import shlex
import subprocess
import sys

import datasets
import numpy as np
import pytest
from click.testing import CliRunner

from tests.browser import ROOT
from tests.pages import metric, opened
from tests.test_cli import sentence, xtf
from xtf import filters, runs, saved
from xtf.cli import flags
from xtf.cli.main import cli
from xtf.config import PRESETS, ByClass, BySpan, ByType, Cutoff, Thresholds
from xtf.errors import XtfError
from xtf.ui import links
from xtf.words import percent


def ran(*arguments):
    """A command's JSON, run in this process. Raises what it raises."""
    done = CliRunner().invoke(cli, [*map(str, arguments), "--json"], standalone_mode=False, catch_exceptions=False)
    return json.loads(done.output)


def told(*arguments) -> str:
    with pytest.raises(XtfError) as error:
        CliRunner().invoke(cli, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False)
    assert "\n" not in str(error.value)
    return str(error.value)


def people(*arguments) -> str:
    return CliRunner().invoke(cli, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False).output


def test_saved_settings_are_listed_shown_used_and_deleted(workplace):
    assert "No saved settings" in people("settings")
    made = ran("settings", "--save", "strict", "--preset", "paper", "--novelty-cutoff", "0", "--never-drop", "numbers",
               "--note", "for sums", "--run", "problems")
    assert made["run"] == {"name": "problems", "id": runs.open_run("problems").manifest.run_id}
    assert made["thresholds"]["overrides"] == [{"action": "keep", "created": "", "note": "", "by": "class",
                                                "role": "numbers"}]
    assert ran("settings")["settings"] == [made] == [ran("settings", "--show", "strict")]
    assert "xtf filter" in people("settings", "--show", "strict")
    by_name = ran("filter", "problems", "--settings", "strict")
    by_flags = ran("filter", "problems", "--preset", "paper", "--novelty-cutoff", "0", "--never-drop", "numbers")
    assert by_name == by_flags and by_name["preset"] == "paper" and by_name["kept"] < by_name["trainable"]
    shown = people("settings", "--run", "problems")
    assert "never drop numbers" in shown and f"{100 * by_name['kept_share']:.1f} %" in shown
    assert ran("settings", "--delete", "strict") == {"deleted": "strict"} and ran("settings")["settings"] == []


def test_what_is_shown_can_go_into_a_file(workplace):
    by_hand = (ByClass(action="keep", role="code", note="x" * 400),)
    made = saved.save("long", Thresholds(overrides=by_hand), note="a [b] c")
    assert saved.from_yaml(people("settings", "--show", "long")) == made


def test_flags_are_laid_over_settings(workplace):
    saved.save("mine", Thresholds(novelty=Cutoff(value=0.5, cap=0.1), overrides=(
        ByClass(action="keep", role="numbers"), ByClass(action="drop", role="words"))), "corrected")
    found = ran("filter", "problems", "--settings", "mine", "--novelty-cutoff", "0.7", "--combine", "two",
                "--never-drop", "words", "--always-drop", "operators", "--always-drop", "operators")["thresholds"]
    assert found["novelty"] == {"kind": "cutoff", "value": 0.7, "cap": 0.1, "cap_ties": "position"}
    assert found["combine"] == "two"
    assert [(override["role"], override["action"]) for override in found["overrides"]] == [
        ("numbers", "keep"), ("words", "drop"), ("words", "keep"), ("operators", "drop")]


def test_filter_tells_what_overrides_come_to(workplace):
    drop = ran("filter", "problems", "--always-drop", "words")
    table = runs.open_run("problems").table()
    hand = filters.judge(table, Thresholds(overrides=(ByClass(action="drop", role="words"),)))
    naive = sum(1 for t in range(len(table.ids)) if hand.bits[t] & filters.BY_HAND)
    assert drop["by_hand"]["dropped"] == naive > 0
    assert f"1 override by hand: {naive:,} tokens dropped" in people("filter", "problems", "--always-drop", "words")
    assert "by hand" not in people("filter", "problems")


@pytest.mark.parametrize("arguments, words", [
    (["filter", "problems", "--settings", "nonsense"], "no settings called nonsense"),
    (["filter", "problems", "--settings", "nonsense.yaml"], "no file nonsense.yaml"),
    (["filter", "problems", "--settings", "x", "--preset", "paper"], "exclude each other"),
    (["filter", "problems", "--never-drop", "words", "--always-drop", "words"], "exclude each other"),
    (["settings", "--novelty-cutoff", "0"], "--novelty-cutoff makes settings only"),
    (["settings", "--no-protect-eos"], "only together with --save"),
    (["settings", "--settings", "x"], "--settings makes settings only"),
    (["settings", "--save", "x", "--delete", "x"], "exclude each other"),
    (["settings", "--compare", "paper", "corrected"], "--run"),
    (["settings", "--compare", "paper", "nonsense", "--run", "problems"], "no settings called nonsense"),
    (["settings", "--save", "paper"], "preset"), (["settings", "--save", "../x"], "cannot be a name"),
    (["settings", "--delete", "nonsense"], "no settings called nonsense")])
def test_faults_are_sentences(arguments, words, workplace):
    assert words in told(*arguments)


def test_a_fault_ends_the_process_with_two(home):
    assert "no settings called x" in sentence("settings", "--show", "x")
    assert json.loads(xtf("settings", "--json")[0]) == {"settings": [], "faults": []}


def test_two_settings_are_compared_on_a_run(workplace):
    strict = Thresholds(novelty=Cutoff(value=0.003), overrides=(ByType(action="drop", token=7),))
    saved.save("strict", strict, "corrected")
    found = ran("settings", "--compare", "paper", "strict", "--run", "problems")
    table = runs.open_run("problems").table()
    a, b = (filters.judge(table, thresholds).keep for thresholds in (PRESETS["paper"][1], strict))
    assert (found["newly_dropped"], found["rescued"]) == (int((a & ~b).sum()), int((b & ~a).sum()))
    assert found["newly_dropped"] > 0 and found["a"]["name"] == "paper" and found["b"]["kept"] == int(b.sum())
    assert {field["field"] for field in found["fields"]} >= {"novelty.value", "overrides", "protect_eos"}
    shown = people("settings", "--compare", "paper", "strict", "--run", "problems")
    assert f"newly drops {found['newly_dropped']:,}" in shown and "Examples that change most" in shown
    assert "the same verdict" in people("settings", "--compare", "paper", "paper", "--run", "problems")


def test_a_file_that_cannot_be_read_does_not_hide_the_others(workplace):
    saved.save("good", Thresholds())
    (workplace / "settings" / "bad.yaml").write_text("colour: red")
    found = ran("settings")
    assert [one["name"] for one in found["settings"]] == ["good"] and "bad" in found["faults"][0]
    assert "bad" in people("settings")


def overridden():
    """Settings with overrides of all kinds, on text that the run of hostile text holds."""
    table = runs.open_run("hostile").table()
    one = table.example(0)
    t = int(np.flatnonzero(one.trainable)[0])
    start, end = map(int, one.spans[t])
    row = int(table.type_of[t])
    return Thresholds(novelty=Cutoff(value=0.01), combine="any", overrides=(
        ByClass(action="keep", role="operators"),
        ByType(action="drop", token=int(table.types("id")[row]), text=table.type_texts[row], note="why: \"'\n#"),
        BySpan(action="keep", example=one.id, start=start, end=end + 5, quote=one.text[start:end + 5])))


def test_a_copied_command_does_what_the_page_does(workplace, tmp_path):
    """From the Export page, opened by a link, through a shell as it is pasted; on hostile ids and text."""
    chosen = overridden()
    app = opened("pages/export.py", links.to_query("hostile", None, "paper", chosen))
    line = app.code[0].value.replace(" xtf ", f" {shlex.quote(sys.executable)} -m xtf ", 1)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    rows = datasets.load_from_disk(str(next(tmp_path.glob("hostile*"))))
    table = runs.open_run("hostile").table()
    verdicts = filters.judge(table, chosen)
    assert not verdicts.notes and verdicts.hand.any()
    assert [label != -100 for row in rows for label in row["labels"]] == verdicts.keep.tolist()
    assert metric(app, "Kept") == percent(verdicts.keep.sum() / table.trainable.sum())
    without = filters.judge(table, chosen.model_copy(update={"overrides": ()}))
    assert verdicts.keep.tolist() != without.keep.tolist()


def test_the_flags_of_saved_settings_are_those_settings(workplace):
    chosen = overridden()
    saved.save("all", chosen, "paper")
    found = ran("filter", "hostile", "--settings", "all")["thresholds"]
    assert Thresholds.model_validate(found) == chosen
    assert flags.started({"preset": None, "settings_name": "all"}).preset == "paper"
