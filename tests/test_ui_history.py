"""The undo list of a session: what is one step, what it is called, and that it leads back and forth."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.pages import rerun
from xtf.config import PRESETS, ByClass, ByType, Cutoff, Thresholds
from xtf.errors import SettingsError
from xtf.ui import state
from xtf.ui.history import LONGEST, History, Setting, Step


def at(cutoff, **more):
    return Setting("corrected", Thresholds(novelty=Cutoff(value=cutoff), **more))


def walked(*settings, every=5.0):
    """The history of going from setting to setting, so many seconds apart."""
    history = History()
    for number in range(1, len(settings)):
        history = history.done(Step(settings[number - 1], settings[number], number * every))
    return history


def words(history):
    return [step.words for step in history.past]


def test_each_change_is_a_step_and_undo_leads_back_through_them():
    history = walked(at(0.95), at(0.9), at(0.9, combine="two"), Setting("paper", PRESETS["paper"][1]))
    assert words(history) == ["novelty cutoff 0.95 → 0.9", "combine any → two", "preset corrected → paper"]
    back = history.undone().undone()
    assert words(back) == words(history)[:1] and [step.words for step in back.future] == words(history)[1:]
    assert back.redone().redone() == history


def test_a_step_to_another_preset_says_what_was_changed_of_it():
    changed = PRESETS["paper"][1].model_copy(update={"combine": "all"})
    assert words(walked(at(0.9), Setting("paper", changed))) == ["preset corrected → paper, combine any → all"]
    assert words(walked(at(0.9), Setting("paper", PRESETS["paper"][1]))) == ["preset corrected → paper"]


def test_a_new_change_forgets_what_was_undone():
    history = walked(at(0.95), at(0.9), at(0.8)).undone()
    history = history.done(Step(at(0.9), at(0.5), 99.0))
    assert words(history) == ["novelty cutoff 0.95 → 0.9", "novelty cutoff 0.9 → 0.5"] and not history.future


def test_a_drag_is_one_step():
    assert words(walked(at(0.95), at(0.9), at(0.85), at(0.8), every=0.9)) == ["novelty cutoff 0.95 → 0.8"]
    assert len(walked(at(0.95), at(0.9), at(0.85), at(0.8), every=1.1).past) == 3
    assert walked(at(0.95), at(0.9), at(0.95), every=0.5) == History()


def test_different_fields_presets_and_overrides_never_merge():
    numbers, code = ByClass(action="keep", role="numbers"), ByClass(action="keep", role="code")
    decided = walked(at(0.95), at(0.95, overrides=(numbers,)), at(0.95, overrides=(numbers, code)), every=0.1)
    assert words(decided) == ["never drop numbers", "never drop code"]
    assert len(walked(at(0.95), at(0.9), at(0.9, combine="two"), every=0.1).past) == 2
    presets = [Setting(name, PRESETS[name][1]) for name in PRESETS]
    assert len(walked(*presets, every=0.1).past) == 2


def test_undoing_ends_a_drag():
    """Otherwise a change right after undo would swallow the step before."""
    history = walked(at(0.95), at(0.9), at(0.8), every=5.0).undone()
    assert len(history.done(Step(at(0.9), at(0.7), 5.1)).past) == 2


def test_the_list_is_bounded():
    history = walked(*[at(number / 1000) for number in range(2 * LONGEST)])
    assert len(history.past) == LONGEST == 100
    assert history.past[-1].after == at((2 * LONGEST - 1) / 1000)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["set", "undo", "redo"]), st.floats(0.1, 3)), max_size=40))
def test_any_walk_agrees_with_a_list_of_all_states(moves):
    """The naive route: a list of states and a finger in it, where a drag overwrites the state under the finger."""
    now, clock, history = at(0), 0.0, History()
    states, finger, last = [at(0)], 0, -9.0
    for number, move, pause in moves:
        clock += pause
        if move == "undo" and history.past:
            now, history, finger, last = history.past[-1].before, history.undone(), finger - 1, -9.0
        elif move == "redo" and history.future:
            now, history, finger = history.future[0].after, history.redone(), finger + 1
            last = history.past[-1].when
        elif move == "set" and at(number) != now:
            dragging = finger and len(states) == finger + 1 and clock - last <= 1
            states[finger + (0 if dragging else 1):] = [at(number)]
            finger, last = finger + (0 if dragging else 1), clock
            history = history.done(Step(now, at(number), clock))
            now = at(number)
            if dragging and states[finger] == states[finger - 1]:
                states.pop()
                finger -= 1
                last = history.past[-1].when if history.past else -9.0
        assert now == states[finger]
        assert len(history.past) == finger and len(history.future) == len(states) - finger - 1


SCRIPT = """
import streamlit as st
from xtf.ui import state

state.follow_url()
wish = st.session_state.pop("wish", None)
if wish:
    wish(state)
for name in ("undo", "redo"):
    st.button(name, key=name, on_click=getattr(state, name), disabled=not getattr(state, f"can_{name}")(),
              help=getattr(state, f"{name}_words")())
state.write_url()
"""


class Session:
    """A session that does what it is told, one run of the script each."""

    def __init__(self, **query):
        self.app = AppTest.from_string(SCRIPT)
        for name, value in query.items():
            self.app.query_params[name] = value
        rerun(self.app)

    def do(self, wish):
        self.app.session_state["wish"] = wish
        return rerun(self.app)

    def click(self, name):
        self.app.button(key=name).click()
        return rerun(self.app)

    @property
    def thresholds(self):
        return self.app.session_state["xtf.thresholds"]

    def help(self, name):
        return self.app.button(key=name).help


def test_the_buttons_say_what_they_do_and_do_it():
    session = Session()
    assert session.app.button(key="undo").disabled and session.app.button(key="redo").disabled
    session.do(lambda state: state.change_thresholds(novelty=Cutoff(value=0.9)))
    session.do(lambda state: state.choose_preset("paper"))
    assert session.help("undo") == r"Undo: preset corrected → paper"
    session.click("undo")
    assert session.thresholds == Thresholds(novelty=Cutoff(value=0.9))
    assert session.app.session_state["xtf.preset"] == "corrected"
    assert session.app.query_params["novelty.value"] == "0.9"
    assert session.help("undo") == r"Undo: novelty cutoff 0\.95 → 0\.9"
    session.click("undo")
    assert session.thresholds == Thresholds() and session.app.button(key="undo").disabled
    session.click("redo")
    session.click("redo")
    assert session.thresholds == PRESETS["paper"][1] and session.app.session_state["xtf.preset"] == "paper"
    assert session.app.button(key="redo").disabled


def test_choosing_what_is_chosen_is_no_step():
    session = Session()
    session.do(lambda state: state.choose_preset("corrected"))
    session.do(lambda state: state.change_thresholds(combine="any"))
    assert session.app.button(key="undo").disabled


def test_a_link_is_a_step():
    session = Session(**{"novelty.value": "0.5"})
    assert session.help("undo") == r"Undo: link \(novelty cutoff 0\.95 → 0\.5\)"
    session.click("undo")
    assert session.thresholds == Thresholds()
    assert Session(example="e1").app.button(key="undo").disabled


def test_verdicts_by_hand_come_with_a_date_and_replace_earlier_ones_on_the_same_tokens():
    session = Session()
    session.do(lambda state: state.decide(ByType(action="keep", token=7, text=" t")))
    session.do(lambda state: state.decide({"by": "class", "action": "keep", "role": "numbers"}))
    session.do(lambda state: state.decide(ByType(action="drop", token=7, text=" t")))
    numbers, seven = session.thresholds.overrides
    assert (numbers.role, seven.action) == ("numbers", "drop")
    for made in (numbers, seven):
        when = datetime.fromisoformat(made.created)
        assert when.utcoffset() == timedelta(0) and not when.microsecond
        assert abs(datetime.now(timezone.utc) - when) < timedelta(minutes=2)
    session.do(lambda state: state.undecide(numbers))
    assert session.thresholds.overrides == (seven,)
    for left in ((numbers, seven), 2, 1, 0):
        session.click("undo")
        assert session.thresholds.overrides == left if isinstance(left, tuple) else \
            len(session.thresholds.overrides) == left


def test_a_verdict_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="role"):
        state.decide({"by": "class", "action": "keep", "role": "nonsense"})


def test_text_of_data_is_escaped_in_the_help():
    session = Session()
    session.do(lambda state: state.decide(ByType(action="drop", token=7, text="<b>**x**")))
    assert r"\<b\>\*\*x\*\*" in session.help("undo")
