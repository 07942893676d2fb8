"""What a session has chosen: run, example and thresholds. The one truth that widgets, pages and the URL follow.

Kept under keys that are no widget's, since a widget's value dies with its page.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st

from xtf import workspace
from xtf.config import PRESETS, Override, Thresholds, settings
from xtf.ui import links
from xtf.ui.history import History, Setting, Step
from xtf.words import escaped

_RUN, _EXAMPLE, _PRESET, _THRESHOLDS = "xtf.run", "xtf.example", "xtf.preset", "xtf.thresholds"
_PICK, _WRITTEN, _FORM, _ECHOES = "xtf.pick", "xtf.written", "xtf.form", "xtf.echoes"
_HISTORY, _SHOWN = "xtf.history", "xtf.shown"
#: Parameters of single pages. Other pages' URLs and links leave them out, and leave alone what was chosen.
_OWN = ("training", "comparison", "view", "step", "strategies")
_LAG_SECONDS = 1.0
_REMEMBERED = 20


class _Written(NamedTuple):
    """What this session has put into the URL."""

    query: dict[str, str]
    when: float  # monotonic seconds
    earlier: tuple[dict[str, str], ...]


def run_name() -> str | None:
    """The run that was chosen, whether or not it still exists."""
    return st.session_state.get(_RUN)


def choose_run(name: str | None) -> None:
    if name != run_name():
        st.session_state[_RUN] = name
        st.session_state.pop(_EXAMPLE, None)
        st.session_state.pop(_PICK, None)


def example_id() -> str | None:
    return st.session_state.get(_EXAMPLE)


def choose_example(example: str | None) -> None:
    st.session_state[_EXAMPLE] = example


def pick() -> str | None:
    """What was selected in a figure, if anything: only examples with such tokens are listed (`xtf.picks`)."""
    return st.session_state.get(_PICK)


def choose_pick(pick: str | None) -> None:
    st.session_state[_PICK] = pick


def own(name: str) -> str | None:
    """What one page has chosen for itself and keeps in its URL, a name of _OWN."""
    return st.session_state.get(f"xtf.own.{name}")


def choose_own(**values: str | None) -> None:
    st.session_state.update({f"xtf.own.{name}": value for name, value in values.items()})


def own_in_url(*names: str) -> None:
    """Called by such a page while it is drawn: its URL tells what it has chosen, of these names or of all."""
    st.session_state[_SHOWN] = {name: value for name in names or _OWN if (value := own(name))}


def preset() -> str:
    """The preset that the thresholds started from."""
    return st.session_state.get(_PRESET, links.DEFAULT_PRESET)


def thresholds() -> Thresholds:
    return st.session_state.get(_THRESHOLDS) or PRESETS[preset()][1]


def unchanged() -> bool:
    """Whether the thresholds are the preset's own."""
    return thresholds() == PRESETS[preset()][1]


def choose_preset(name: str) -> None:
    """Starts again from a preset."""
    choose_setting(name, PRESETS[name][1])


def change_thresholds(**values: Any) -> None:
    """Replaces some fields; `values` are valid already, being a form's."""
    choose_setting(preset(), thresholds().model_copy(update=values))


def choose_setting(preset: str, thresholds: Thresholds) -> None:
    """Takes over other thresholds and the preset that they started from, as one step that can be undone."""
    _step(Setting(preset, thresholds))


def decide(override: Override | Mapping[str, Any]) -> None:
    """Adds a verdict by hand as of now; an earlier one on the same tokens is replaced. Fields as a mapping are checked.

    Raises: SettingsError for a mapping that is no override.
    """
    if isinstance(override, Mapping):
        override = settings(Thresholds, {"overrides": [override]}).overrides[0]
    now = workspace.now()
    others = [other for other in thresholds().overrides if _target(other) != _target(override)]
    change_thresholds(overrides=(*others, override.model_copy(update={"created": now})))


def undecide(override: Override) -> None:
    """Takes a verdict by hand back."""
    change_thresholds(overrides=tuple(other for other in thresholds().overrides if other != override))


def can_undo() -> bool:
    return bool(_history().past)


def can_redo() -> bool:
    return bool(_history().future)


def undo_words() -> str:
    """What `undo` would take back, for a button's help: `Undo: novelty cutoff 0.95 → 0.9`, escaped for Markdown."""
    past = _history().past
    return f"Undo: {escaped(past[-1].words)}" if past else "There is nothing to undo."


def redo_words() -> str:
    """What `redo` would do again, for a button's help, escaped for Markdown."""
    future = _history().future
    return f"Redo: {escaped(future[0].words)}" if future else "There is nothing to redo."


def undo() -> None:
    """Back to the thresholds before the last step; nothing happens where there is none."""
    if past := _history().past:
        st.session_state[_HISTORY] = _history().undone()
        _take(past[-1].before)


def redo() -> None:
    """Does again what was undone last; nothing happens where there is nothing."""
    if future := _history().future:
        st.session_state[_HISTORY] = _history().redone()
        _take(future[0].after)


def _history() -> History:
    found: History = st.session_state.get(_HISTORY, History())
    return found


def _step(after: Setting, by_link: bool = False) -> None:
    before = Setting(preset(), thresholds())
    if after != before:
        st.session_state[_HISTORY] = _history().done(Step(before, after, time.monotonic(), by_link))
        _take(after)


def _take(setting: Setting) -> None:
    st.session_state[_PRESET], st.session_state[_THRESHOLDS] = setting


def _target(override: Override) -> tuple[Any, ...]:
    """The tokens that an override names."""
    return tuple(value for name, value in override if name not in ("action", "created", "note", "text", "quote"))


def show(key: str, value: Any) -> None:
    """Makes the widget of that key show `value`. One that does already is left alone: setting it again would throw back
    a slider that the user has moved on in the meantime."""
    if key not in st.session_state:
        st.session_state[key] = value
    elif st.session_state[key] != value:
        echoes = st.session_state.setdefault(_ECHOES, {})
        echoes[key] = [*echoes.get(key, ())[-_REMEMBERED:], (st.session_state[key], time.monotonic())]
        st.session_state[key] = value


def taking(key: str, take: Callable[[Any], None]) -> Callable[[], None]:
    """A widget's callback, which hands on its new value.

    What a click sends along for another widget can lag behind what `show` has just put there. Streamlit takes that for
    a change by the user; here it is recognised as an echo of the value before, and passed over.
    """
    def changed() -> None:
        value, now = st.session_state[key], time.monotonic()
        echoes = st.session_state.get(_ECHOES, {}).get(key, ())
        if not any(value == earlier and now - when < _LAG_SECONDS for earlier, when in echoes):
            take(value)
    return changed


class Form(NamedTuple):
    """The values of one form, kept while the session lives."""

    name: str

    @property
    def values(self) -> dict[str, Any]:
        return st.session_state.setdefault(f"{_FORM}.{self.name}", {})

    def take(self, field: str, value: Any) -> None:
        """Remembers a new value, text without the blanks around it."""
        self.values[field] = value.strip() if isinstance(value, str) else value

    def taking(self, field: str, key: str) -> Callable[[], None]:
        """The callback of the widget of that key: remembers its value as `field`."""
        return taking(key, lambda value: self.take(field, value))


def query() -> dict[str, str]:
    """The present view as URL parameters."""
    return links.to_query(run_name(), example_id(), preset(), thresholds(), pick())


def follow_url() -> None:
    """Takes over the view of a link that was opened, or gone back to. Raises: SettingsError for a broken link.

    The URL that a click sends along can lag behind what this session has just written there: such a one is no wish.
    """
    asked = st.query_params.to_dict()
    last = st.session_state.get(_WRITTEN, _Written({}, 0.0, ()))
    lagging = time.monotonic() - last.when < _LAG_SECONDS and asked in last.earlier
    if not asked or asked == last.query or lagging:
        return
    _remember_written(asked)
    if "run" in asked:
        st.session_state[_RUN] = asked["run"]
    st.session_state[_EXAMPLE], st.session_state[_PICK] = asked.get("example"), asked.get("pick")
    choose_own(**{name: asked[name] for name in _OWN if name in asked})
    _step(Setting(*links.thresholds_from(asked)), by_link=True)


def write_url() -> None:
    """Puts the present view into the URL, so that it can be copied."""
    wanted = query() | st.session_state.pop(_SHOWN, {})
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
        _remember_written(wanted)


def _remember_written(query: dict[str, str]) -> None:
    last = st.session_state.get(_WRITTEN, _Written({}, 0.0, ()))
    st.session_state[_WRITTEN] = _Written(query, time.monotonic(), (*last.earlier, last.query)[-_REMEMBERED:])
