"""The token view: what Python sends, its colours, and the script by itself."""

import base64
import json
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tables import table
from tests.token_views import THRESHOLDS, payload, scored
from xtf import explain, filters, grid
from xtf.alternatives import Alternatives
from xtf.columns import Mark
from xtf.config import ByType, Cutoff, Off, Thresholds
from xtf.data.types import Tokens
from xtf.figures import live as live_data
from xtf.figures import palette
from xtf.figures import tokens as view_data
from xtf.figures.svg import svg
from xtf.ui import token_view


def decoded(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def cut(text, spans):
    return view_data.cut(text, np.array(spans, np.int32).reshape(-1, 2))


# What Python sends


@pytest.mark.parametrize(("text", "spans", "texts", "gaps", "pieces"), [
    ("ab c", [(0, 1), (1, 2), (2, 4)], ["a", "b", " c"], {}, []),
    ("a 🎉b", [(0, 1), (1, 3), (2, 3), (2, 3), (3, 4)], ["a", " 🎉", "", "", "b"], {}, [2, 3]),  # byte pieces
    ("äö", [(0, 1), (0, 2), (1, 2)], ["ä", "ö", ""], {}, [1, 2]),  # a piece that also begins the next character
    ("a  b ", [(0, 1), (3, 4)], ["a", "b"], {1: "  ", 2: " "}, []),  # text that no token covers
    ("ab", [(0, 0), (0, 2), (2, 2)], ["", "ab", ""], {}, []),  # empty spans are no pieces
    ("", [(0, 0)], [""], {}, []),
    ("lost", [], [], {0: "lost"}, []),
])
def test_text_is_cut_by_spans(text, spans, texts, gaps, pieces):
    assert cut(text, spans) == (texts, gaps, pieces)


@settings(deadline=None)
@given(st.text(max_size=20), st.data())
def test_no_character_is_lost_or_doubled_whatever_the_spans(text, data):
    ends = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=8))
    texts, gaps, _ = cut(text, spans)
    assert "".join(gaps.get(t, "") + part for t, part in enumerate([*texts, ""])) == text


def test_payload_is_strict_json_and_holds_the_raw_numbers():
    found = scored()
    made, verdicts = payload(found)
    assert json.loads(json.dumps(made, allow_nan=False))["texts"] == made["texts"]
    assert decoded(made["ids"], "<i4").tolist() == [9, 1, 2, 3, 4, 5, 6]
    assert decoded(made["bits"], "u1").tolist() == verdicts.bits[:7].tolist()
    reasoning, novelty, relevance = made["attributes"]
    np.testing.assert_array_equal(decoded(novelty["values"], "<f4"), verdicts.attributes["novelty"].values[:7])
    # 0.2 quantile of 0.1 2 3 4 50, linear: 0.1 + 0.8 · 1.9
    assert reasoning["limits"] == [None, pytest.approx(1.62)] and reasoning["unit"] == "× uniform"
    assert novelty["limits"] == [0.95, None] and relevance["limits"] == [None, None]
    assert decoded(made["failed"], "u1").tolist() == [0, 1, 2, 0, 2, 0, 0]


def test_payload_follows_its_own_example():
    found = scored()
    made, verdicts = payload(found, index=1)
    assert decoded(made["ids"], "<i4").tolist() == [9, 1, 1]
    # 0.2 quantile of 1 2
    assert made["attributes"][0]["limits"] == [None, pytest.approx(1.2)]
    assert made["sentences"] == {1: explain.sentence(found, verdicts, 8)}


def test_sentences_come_with_every_token_that_fails_and_no_other():
    found = scored()
    made, verdicts = payload(found)
    assert list(made["sentences"]) == [1, 2, 4]
    assert made["sentences"][2] == explain.sentence(found, verdicts, 2)
    assert made["summary"] == explain.summary_sentence(found, verdicts, 0)


def test_tokens_without_text_are_labelled_by_their_type():
    found = table([[7, 8]], texts={8: ""})
    spans = np.array([[0, 3], [3, 3]], np.int32)
    made = view_data.unscored(Tokens(np.array([7, 8], np.int32), np.array([2, 22], np.uint8), spans, " t7"))
    assert made["labels"] == {}
    assert payload(found)[0]["labels"] == {1: ""}  # the component then shows ∅


def test_thresholds_change_the_payload_but_not_the_sample():
    found = scored()
    first, second = payload(found)[0], payload(found, Thresholds(novelty=Cutoff(value=0.4)))[0]
    assert first["sample"] == second["sample"] and first["bits"] != second["bits"]
    assert first["sample"] != payload(found, index=1)[0]["sample"]


def test_a_followed_payload_holds_what_judging_anew_takes():
    found = scored()
    by_hand = THRESHOLDS.model_copy(update={"combine": "two", "overrides": (ByType(action="drop", token=5),)})
    made, verdicts = payload(found, by_hand, run_id="abc")
    live = made["live"]
    assert json.loads(json.dumps(made, allow_nan=False))["live"] == live
    assert live["key"] == live_data.key("abc", by_hand) != live_data.key("abc", THRESHOLDS)
    assert live["key"] != live_data.key("abd", by_hand)
    assert live["combine"] == 2 and set(live["grids"]) == {"reasoning", "novelty"}  # relevance is off
    assert decoded(live["guards"], "u1").tolist() == [0, 0, 0, 0, 0, 2, 1]  # EOS is protected
    novelty, places = live["grids"]["novelty"], grid.of(found, by_hand, "novelty")
    assert decoded(novelty["values"], "<f8")[novelty["now"]] == 0.95 and novelty["nested"]
    assert decoded(novelty["onset"], "<u2").tolist() == places.onset[:7].tolist()
    assert decoded(novelty["limits"], "<f8").reshape(-1, 2)[novelty["now"]].tolist()[0] == 0.95
    assert payload(found)[0]["live"] is None
    assert decoded(made["hand"], "u1").tolist() == verdicts.hand[:7].tolist() == [0, 0, 0, 0, 0, 4, 0]


def test_alternatives_come_for_trainable_tokens_only():
    found = scored()
    ids = np.arange(35, dtype=np.int32).reshape(7, 5)
    made, _ = payload(found, alternatives=Alternatives(ids, ids.astype(np.float32), {1: "<b>"}))
    sent = made["alternatives"]
    assert decoded(sent["ids"], "<i4").tolist() == list(range(5, 35))  # the first token is the prompt's
    assert decoded(sent["p"], "<f4").tolist() == list(range(5, 35))
    assert decoded(sent["rank"], "<i4").tolist() == [-1] * 6 and sent["texts"] == {1: "<b>"}


def test_a_second_setting_comes_with_its_verdicts_and_reasons():
    found = scored()
    other = filters.judge(found, Thresholds(novelty=Cutoff(value=0.45), reasoning=Off(), relevance=Off()))
    made, verdicts = payload(found, other=other, other_name="<b>")
    assert decoded(made["other"]["bits"], "u1").tolist() == other.bits[:7].tolist()
    either = np.flatnonzero((verdicts.bits | other.bits)[:7])
    assert made["other"]["sentences"] == {int(t): explain.sentence(found, other, int(t)) for t in either}
    assert made["other"]["name"] == "<b>"


def test_samples_with_the_same_text_are_told_apart_by_name():
    tokens = Tokens(np.array([1], np.int32), np.array([2], np.uint8), np.array([[0, 1]], np.int32), "a")
    assert view_data.unscored(tokens, "e1")["sample"] != view_data.unscored(tokens, "e2")["sample"]


def test_a_linear_ramp_takes_the_dataset_s_range_where_the_scale_has_no_ends():
    raw = Thresholds(relevance_distance="raw", relevance=Off())
    assert payload(scored(), raw)[0]["attributes"][2]["range"] == [-0.5, 0.5]
    assert payload(scored())[0]["attributes"][2]["range"] == [0, 1]


@pytest.mark.parametrize(("mark", "words"), [
    (Mark.RESPONSE, "response"), (Mark.RESPONSE | Mark.EOS | Mark.SPECIAL, "response, end of turn"),
    (Mark.RESPONSE | Mark.FINAL_ANSWER, "response, final answer"), (Mark.PROMPT, "prompt"), (0, "template"),
    (Mark.SPECIAL, "template, special token")])
def test_roles_are_told_in_words(mark, words):
    assert view_data.role(int(mark)) == words


def test_a_payload_of_four_thousand_tokens_is_small_and_soon_made():
    size = 4000
    rng = np.random.default_rng(0)
    found = table([rng.integers(0, 500, size).tolist()], scores={
        "logprob": [np.log(rng.random(size))], "received_mean_adjusted": [rng.random(size)]})
    made, _ = payload(found)
    assert len(json.dumps(made)) < 400_000


# Colours


def luminance(colour):
    channels = np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


#: Streamlit's own colours: page and text, in its light and dark themes of 1.67 and before.
THEMES = [("light", "#ffffff", "#2f2d2b"), ("light", "#ffffff", "#31333f"), ("dark", "#171614", "#edebe8"),
          ("dark", "#0e1117", "#fafafa")]


@pytest.mark.parametrize(("theme", "page", "text"), THEMES)
def test_text_has_enough_contrast_on_everything_that_it_stands_on(theme, page, text):
    words = {name: getattr(pair, theme) for name, pair in palette.TEXT.items()}
    for ramp in palette.RAMPS.values():
        assert contrast(text, getattr(ramp, theme)) >= 4.5
        assert contrast(words["dim-on-ramp"], getattr(ramp, theme)) >= 4.5
    assert all(contrast(text, getattr(change, theme)) >= 4.5 for change in palette.CHANGES.values())
    assert contrast(words["dim"], words["hatch"]) >= 4.5
    assert all(contrast(words[name], page) >= 4.5 for name in ("quiet", "dim", "dim-on-ramp"))
    assert all(contrast(colour, page) >= 3 for colour in [*palette.ATTRIBUTES.values(), palette.NEUTRAL])


def test_the_style_sheet_uses_only_colours_that_exist():
    sheet = view_data.style() + view_data.script()
    used = set(re.findall(r"var\((--[a-z-]+)\)", sheet)) - {"--ramp", "--ink", "--page", "--line", "--edge", "--dashes"}
    assert {name for name in used if not name.startswith("--st-")} <= set(re.findall(r"(--[a-z-]+):", sheet))


def test_the_script_never_parses_data_as_html():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setHTML",
                         view_data.script())


# The script by itself


def test_script_functions():
    if not shutil.which("node"):
        pytest.skip("node is not installed: the script's own tests were not run")
    folder = Path(__file__).parent / "js"
    done = subprocess.run(["node", "--test", *map(str, folder.glob("*.mjs"))], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# In Streamlit


def app():
    import numpy as np
    import streamlit as st

    from xtf.data.types import Tokens
    from xtf.figures.tokens import unscored
    from xtf.ui.token_view import token_view

    tokens = Tokens(np.array([1, 2], np.int32), np.array([2, 2], np.uint8), np.array([[0, 1], [1, 2]], np.int32), "ab")
    made = {**unscored(tokens), "example": "e0", "types": {}}
    st.session_state.used = f"run-{made['sample']}"
    told = st.session_state.setdefault("told", [])
    pinned = token_view(made, "run", moved=lambda *asked: told.append(asked), decided=told.append)
    st.write(f"pinned {pinned}")


@pytest.mark.skipif(version("streamlit") < "1.67", reason="AppTest of older Streamlit knows no v2 components")
@pytest.mark.parametrize(("state", "shown"), [
    (None, None), ({"pinned": 1}, 1), ({"pinned": None}, None), ({"pinned": 2}, None), ({"pinned": "x"}, None)])
def test_a_pin_reaches_python_if_there_is_such_a_token(state, shown):
    from streamlit.testing.v1 import AppTest

    test = AppTest.from_function(app, default_timeout=30).run()
    if state is not None:
        test.session_state[test.session_state.used] = state
        test.run()
    assert not test.exception
    assert test.markdown[0].value == f"pinned {shown}"


@pytest.mark.parametrize(("asked", "told"), [
    ({"attribute": "novelty", "place": 3, "value": 0.9}, [("novelty", 0.9)]),
    ({"attribute": "relevance", "place": 0, "value": 2}, [("relevance", 2.0)]),
    ({"attribute": "x", "value": 1}, []), ({"attribute": "novelty", "value": float("nan")}, []), ("x", []),
    ({"attribute": "novelty", "value": "1"}, []), (None, [])])
def test_a_moved_threshold_is_told_if_it_makes_sense(asked, told):
    heard = []
    token_view._move(asked, lambda *found: heard.append(found))
    token_view._move(asked, None)
    assert heard == told


def test_a_picture_is_made_only_when_asked_for():
    made = payload(scored())[0]
    asked = {"kind": "png", "number": 7, "mode": "novelty", "theme": "dark"}
    picture = token_view._picture(made, asked)
    assert picture == {"kind": "png", "number": 7, "svg": svg(made, "novelty", theme="dark")}
    for wrong in (None, {**asked, "kind": "exe"}, {**asked, "theme": "x"}, {**asked, "number": "x"}):
        assert token_view._picture(made, wrong) is None
