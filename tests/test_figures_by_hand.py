"""From a selection in the token view to the override that it means."""

import numpy as np
import pytest

from tests.tables import RESPONSE, table
from tests.token_views import payload, plain, scored
from xtf import overrides
from xtf.config import BySpan, ByType, Cutoff, Off, Thresholds
from xtf.data.types import Tokens
from xtf.figures.by_hand import override
from xtf.figures.tokens import unscored

TEXTS = {1: " a", 2: "b", 3: "🎉", 4: "<b>"}


def asked(by, first, last, action="drop"):
    return {"by": by, "action": action, "first": first, "last": last}


def hands(found, fields):
    kind = {"span": BySpan, "type": ByType}[fields["by"]]
    thresholds = Thresholds(reasoning=Off(), novelty=Cutoff(value=1), relevance=Off(), overrides=(kind(**fields),))
    decided = overrides.decided(found, thresholds.overrides)
    assert not decided.notes
    return np.flatnonzero(decided.among(found, 0, int(found.offsets[-1]))).tolist()


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 3), (2, 2), (3, 5)])
def test_a_stretch_means_its_tokens_and_no_others(first, last):
    found = table([[1, 2, 3, 4, 1, 2]], texts=TEXTS)
    fields = override(payload(found)[0], asked("span", first, last))
    assert hands(found, fields) == list(range(first, last + 1))
    text = "".join(TEXTS[token] for token in [1, 2, 3, 4, 1, 2])
    assert fields["quote"] == text[fields["start"]:fields["end"]] and fields["example"] == "e0"


def test_a_type_means_all_its_tokens():
    found = table([[1, 2, 1], [1, 4]], texts=TEXTS)
    fields = override(payload(found)[0], asked("type", 2, 2, "keep"))
    assert fields == {"by": "type", "action": "keep", "token": 1, "text": " a"}
    assert hands(found, fields) == [0, 2, 3]


def test_the_text_of_a_type_is_what_the_run_knows_it_by():
    spans = np.array([[0, 1], [1, 2], [1, 2]], np.int32)
    tokens = Tokens(np.array([5, 6, 7], np.int32), np.full(3, RESPONSE, np.uint8), spans, "a🎉")
    made = {**unscored(tokens), "example": "e", "types": {6: "\ufffd", 7: "\ufffd"}}
    assert override(made, asked("type", 2, 2))["text"] == "\ufffd"
    # a piece stands for its whole character
    assert override(made, asked("span", 2, 2)) == {
        "by": "span", "action": "drop", "example": "e", "start": 1, "end": 2, "quote": "🎉"}


def test_text_that_no_token_covers_counts_as_characters():
    spans = np.array([[0, 1], [3, 4], [4, 5]], np.int32)
    tokens = Tokens(np.arange(3, dtype=np.int32), np.full(3, RESPONSE, np.uint8), spans, "a--bc-")
    made = {**unscored(tokens), "example": "e", "types": {}}
    quotes = [override(made, asked("span", *tokens))["quote"] for tokens in ((0, 1), (1, 2), (2, 2))]
    assert quotes == ["a--b", "bc", "c"]
    assert override(made, asked("span", 1, 2))["start"] == 3


def test_a_token_without_text_can_only_be_decided_by_type():
    made = payload(scored())[0]
    assert override(made, asked("span", 6, 6)) is None
    assert override(made, asked("type", 6, 6)) == {"by": "type", "action": "drop", "token": 6, "text": ""}


@pytest.mark.parametrize("wrong", [
    None, 5, "span", {}, asked("class", 0, 0), asked("span", 0, 9), asked("span", -1, 0), asked("span", 1, 0),
    asked("span", "0", 0), asked("type", 0, 1), asked("span", 0, 0, "burn"), {"by": "span", "first": 0, "last": 0}])
def test_nonsense_from_a_browser_decides_nothing(wrong):
    assert override({**plain("a", "b"), "example": "e", "types": {}}, wrong) is None
