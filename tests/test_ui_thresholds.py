"""The Thresholds and Export pages run as scripts: what is set, what follows from it, and what is taken away."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pages import expected, metric, opened, probabilities, rerun, widget
from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import filters, jobs, stats, workspace
from xtf.config import PRESETS, Cutoff, Off, Otsu, Thresholds
from xtf.ui import export, thresholds_form
from xtf.words import percent


def test_moving_the_cutoff_moves_the_kept_share_everywhere(workplace):
    app = opened("pages/thresholds.py")
    middle = round(float(np.median(probabilities())), 4)
    widget(app.number_input, "p, exactly (%)").set_value(100 * middle)
    widget(app.button, "Set").click()
    rerun(app)
    chosen = PRESETS["corrected"][1].model_copy(update={"novelty": Cutoff(value=middle)})
    shown = percent(expected(chosen))
    assert metric(app, "Kept") == shown != percent(expected(PRESETS["corrected"][1]))
    assert app.query_params["novelty.value"] == str(middle)
    assert widget(app.slider, "Already known above p =").value == pytest.approx(100 * middle)
    for page in ("app.py", "pages/export.py"):
        app.switch_page(page)
        assert metric(rerun(app), "Kept") == shown
    app.switch_page("pages/thresholds.py")
    assert widget(rerun(app).slider, "Already known above p =").value == pytest.approx(100 * middle)
    widget(app.button, "Reset").click()
    rerun(app)
    assert metric(app, "Kept") == percent(expected(PRESETS["corrected"][1]))


def test_the_page_says_what_the_command_line_says(workplace):
    app = opened("pages/thresholds.py", {"preset": "paper", "novelty.value": "0.002", "combine": "two"})
    done = subprocess.run([sys.executable, "-m", "xtf", "filter", "problems", "--preset", "paper", "--novelty-cutoff",
                           "0.002", "--combine", "two", "--json"], capture_output=True, text=True, check=True)
    assert metric(app, "Kept") == percent(json.loads(done.stdout)["kept_share"])
    assert metric(app, "Dropped") == f"{json.loads(done.stdout)['dropped']:,} tokens"


def test_every_rule_of_every_attribute_can_be_chosen(workplace):
    app = opened("pages/thresholds.py")
    for attribute in ("reasoning", "novelty", "relevance"):
        for kind in ("otsu", "fence", "quantile", "cutoff", "off"):
            app.selectbox(f"thresholds.{attribute}.kind").set_value(kind)
            rerun(app)
            assert not app.error, (attribute, kind)
            assert app.session_state["xtf.thresholds"].model_dump()[attribute]["kind"] == kind
    assert metric(app, "Kept") == "100.0 %"


def test_fewer_clusters_never_leave_an_impossible_one_chosen(workplace):
    app = opened("pages/thresholds.py", {"relevance.drop": "4"})
    widget(app.number_input, "Clusters").set_value(3)
    rerun(app)
    assert app.session_state["xtf.thresholds"].relevance == Otsu(classes=3, drop=2)


def test_impossible_settings_are_told_and_can_be_mended(workplace):
    app = opened("pages/thresholds.py", {"reasoning_score": "received_list"})
    assert len(app.error) == 1 and not app.exception
    widget(app.button, "Reset").click()
    assert not rerun(app).error


def test_a_fixed_cutoff_starts_at_the_lowest_two_in_a_hundred():
    values = np.arange(1, 102, dtype=np.float32)  # its 2 % quantile is 3
    made = table([[1] * 101], scores={"received_mean_adjusted": [values.tolist()], "logprob": [[-1.0] * 101]})
    verdicts = filters.judge(made, Thresholds(relevance=Off()))
    assert thresholds_form.started("reasoning", "cutoff", verdicts) == Cutoff(value=3.0)


@pytest.mark.parametrize("kind, file", [("jsonl", "data.jsonl"), ("parquet", "data.parquet"), ("hf", "dataset_info")])
def test_export_prepares_what_the_page_says(kind, file, workplace):
    app = opened("pages/export.py", {"novelty.value": "0.05"}, **{"xtf.form.export": {"kind": kind}})
    kept = metric(app, "Kept response tokens")
    widget(app.button, "Prepare the file").click()
    rerun(app)
    assert f"{kept} of " in app.success[0].value
    folder, = (workspace.home() / "exports").glob("problems-*/")
    assert f"{workspace.read_json(folder / 'export.json')['counts']['kept']:,}" == kept
    assert any(path.name.startswith(file) for path in folder.iterdir())
    assert not rerun(opened("pages/export.py")).success


def test_a_large_export_is_a_job_of_exactly_the_command_shown(workplace, sleeping, monkeypatch):
    monkeypatch.setattr(export, "IN_PAGE_TOKENS", 0)
    app = opened("pages/export.py", {"novelty.value": "0.05"})
    widget(app.button, "Prepare the file").click()
    rerun(app)
    job, = jobs.running()
    shown = shlex.split(app.code[0].value)
    folder = Path(job.argv[job.argv.index("--out") + 1])
    assert shown[:2] == [f"XTF_HOME={workplace}", "xtf"] and folder.parent == workplace / "exports"
    assert job.argv[:-3] == shown[2:-1] and job.argv[-2:] == ["--json", "--overwrite"]
    assert widget(app.button, "Cancel") and not app.success


def judged(thresholds, marks, p):
    made = table([list(range(1, len(row) + 1)) for row in marks], marks, {"logprob": [np.log(row) for row in p]})
    verdicts = filters.judge(made, thresholds)
    return export.warnings(made, verdicts, stats.summary(made, verdicts))


def test_export_warns_of_what_ruins_training():
    only_p = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.9), protect_eos=False)
    good, bad = [PROMPT, RESPONSE, RESPONSE, EOS], [PROMPT, RESPONSE, RESPONSE, RESPONSE]
    assert judged(only_p, [good], [[1, 0.1, 0.95, 0.2]]) == []
    assert ["plain fine-tuning" in text for text in judged(only_p, [good], [[1, 0.1, 0.2, 0.2]])] == [True]
    assert ["1 of 1 end-of-turn" in text for text in judged(only_p, [good], [[1, 0.1, 0.2, 0.95]])] == [True]
    assert ["No end-of-turn" in text for text in judged(only_p, [bad], [[1, 0.1, 0.2, 0.95]])] == [True]
    told = judged(only_p, [good, good], [[1, 0.1, 0.2, 0.3], [1, 0.99, 0.99, 0.99]])
    assert ["1 examples keep no token" in text for text in told] == [True, False]
