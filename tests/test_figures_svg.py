"""The picture of one sample: text in cells, colours in OKLab, and XML that is well-formed whatever the text."""

import base64
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.scored import HOSTILE
from tests.tables import table
from tests.token_views import THRESHOLDS, payload, plain, scored
from xtf import filters
from xtf.config import ByType, Cutoff, Thresholds
from xtf.data.types import Tokens
from xtf.figures import cells, palette, ramp
from xtf.figures.oklab import mix
from xtf.figures.svg import MODES, svg
from xtf.figures.tokens import unscored

NAME = "{http://www.w3.org/2000/svg}"


def parsed(*args, **more):
    return ET.fromstring(svg(*args, **more))


def letters(picture):
    """What stands in the cells, without blanks."""
    group = picture.find(f"{NAME}g")
    texts = [element.text for element in group.iter(f"{NAME}text") if element.get("font-size") is None]  # no signs
    return "".join(texts).replace("\u00a0", "").replace("⏎", "")


@pytest.mark.parametrize(("text", "width"), [
    ("abc", 3), ("日本", 4), ("🎉", 2), ("é", 1), ("e\u0301", 1), ("👩\u200d👩\u200d👧", 2), ("🇩🇪🇫🇷", 4), ("👍🏽", 2),
    ("❤\ufe0f", 2), ("\u0301", 1), ("ｆ", 2), ("שלום", 4), ("", 0)])
def test_characters_take_the_cells_of_a_terminal(text, width):
    assert cells.width(text) == width


def test_text_is_laid_out_in_rows():
    laid = cells.lay(["abc", " de", "\n\nf", "a日b日c日", "\tx"], 6)
    assert [(piece.text, piece.row, piece.column) for piece in laid] == [
        ("abc", 0, 0), (" de", 0, 3), ("⏎", 0, 6), ("⏎", 1, 0), ("f", 2, 0),
        ("a日b日", 3, 0), ("c日", 4, 0), ("⇥   x", 5, 0)]


def test_right_to_left_text_stands_in_its_order():
    laid = cells.lay(["x", "של", "1", "ום", "y"], 40)
    assert [(piece.text, piece.column) for piece in laid] == [("x", 0), ("של", 4), ("1", 3), ("ום", 1), ("y", 6)]


def test_colours_are_mixed_as_browsers_do():
    # color-mix(in oklab, black, white) is rgb(99, 99, 99): the worked example of the CSS specification
    assert mix("#000000", 0.5, "#ffffff") == "#636363"
    assert mix("#8fc8f7", 1, "#ffffff") == "#8fc8f7" and mix("#8fc8f7", 0, "#ffffff") == "#ffffff"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hostile_text_is_shown_as_itself(mode, theme):
    parts = [HOSTILE, "<script>alert(1)</script>", "]]>", "&amp;", "\x00\x1b", "\ud800", "\ufffe", "\u202eevil",
             "a\u0085b", "مرحبا", "\u200d", "🎉"]
    ids = [list(range(1, len(parts) + 1))]
    found = table(ids, scores={"logprob": [np.log(np.linspace(0.1, 1, len(parts)))]})
    made = plain(*parts)
    sent = {**payload(found, other=filters.judge(found, Thresholds(novelty=Cutoff(value=0.2))), other_name=HOSTILE)[0],
            "texts": made["texts"], "gaps": made["gaps"], "pieces": made["pieces"], "labels": {}}
    picture = parsed(sent, mode, theme=theme)
    assert {element.tag.removeprefix(NAME) for element in picture.iter()} <= {
        "svg", "title", "defs", "pattern", "path", "circle", "rect", "text", "g", "linearGradient", "stop"}
    wanted = "".join(cells.codes(part) if cells.invisible(part) else cells.tame(part) for part in parts)
    assert letters(picture) == wanted.replace(" ", "").replace("\n", "").replace("\t", "⇥")
    assert not any(name.startswith("on") for element in picture.iter() for name in element.attrib)


def test_dropped_tokens_are_hatched_and_struck_and_failing_bars_dashed():
    sent, verdicts = payload(scored())
    picture = parsed(sent, "novelty")
    group = picture.find(f"{NAME}g")
    dropped = int((verdicts.bits[:7] != 0).sum())
    assert sum(rect.get("fill") == "url(#cut)" for rect in group.iter(f"{NAME}rect")) == dropped == 3
    assert sum(path.get("stroke-width") == "1.4" for path in group.iter(f"{NAME}path")) == dropped
    assert sum(path.get("stroke-dasharray") is not None for path in group.iter(f"{NAME}path")) == 3
    # p of 0.2, 0.96, 0.5, 1, 0.3 and 0.4 on the ramp from the page to full colour
    fills = [rect.get("fill") for rect in group.iter(f"{NAME}rect") if rect.get("fill").startswith("#")]
    full = palette.RAMPS["novelty"].light
    assert fills == [mix(full, float(np.float32(p)), "#ffffff") for p in (0.2, 0.96, 0.5, 1.0, 0.3, 0.4)]
    said = " ".join(text.text for text in picture.iter(f"{NAME}text"))
    assert sent["summary"] in said and "hatched is dropped (> 0.95)" in said


def test_changes_and_hands_have_signs():
    found = scored()
    looser = THRESHOLDS.model_copy(update={"novelty": Cutoff(value=0.45), "reasoning": Cutoff(value=0.05)})
    sent, _ = payload(found, other=filters.judge(found, looser), other_name="looser")
    picture = parsed(sent, "changes")
    signs = [text.text for text in picture.find(f"{NAME}g").iter(f"{NAME}text") if text.get("font-size") == "9"]
    assert signs == ["+", "−"]  # the first is rescued, p of 0.5 newly dropped
    by_hand = THRESHOLDS.model_copy(update={"overrides": (ByType(action="drop", token=3),)})
    picture = parsed(payload(found, by_hand)[0], "verdict")
    assert [text.text for text in picture.find(f"{NAME}g").iter(f"{NAME}text") if text.get("font-size") == "9"] == ["✎"]
    assert "decided by hand" in [text.text for text in picture.iter(f"{NAME}text")]


def test_unscored_and_empty_samples_have_pictures():
    assert letters(parsed(plain("a", " b"), "novelty")) == "ab"
    none = Tokens(np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros((0, 2), np.int32), "")
    assert letters(parsed(unscored(none), "verdict")) == ""


def test_nothing_leaves_the_picture():
    rng = np.random.default_rng(0)
    found = table([rng.integers(0, 500, 900).tolist()], scores={"logprob": [np.log(rng.random(900))]})
    for width in (300, 900):
        picture = parsed(payload(found)[0], "novelty", width=width)
        for rect in picture.find(f"{NAME}g").iter(f"{NAME}rect"):
            assert float(rect.get("x")) + float(rect.get("width")) <= width - 20
            assert float(rect.get("y")) + float(rect.get("height")) <= float(picture.get("height"))


def test_places_are_those_of_the_component():
    attribute = {"scale": "percentile", "values": base64.b64encode(np.array([7, 1, 1000, 1, np.nan], "<f4")).decode()}
    # the values that tests/js/token_view.test.mjs works by hand
    assert ramp.places(attribute)[:4].tolist() == [0.625, 0.25, 0.875, 0.25]
    assert np.isnan(ramp.places(attribute)[4])
    linear = {"scale": "linear", "range": [0.5, 1.5]}
    assert [ramp.place(linear, value) for value in (0.5, 1, 9, -9)] == [0, 0.5, 1, 0]
