"""What the inputs come to: the range, its parts, what moves it, what may be said of it, and files to take away."""

import streamlit as st

from xtf.argv import flag
from xtf.figures import value as figures
from xtf.runs import Run
from xtf.ui import commands, frame, plots, state, value_inputs
from xtf.value import claims, ranges, table, words
from xtf.value.claims import Claim
from xtf.value.inputs import Inputs
from xtf.value.measured import Compared
from xtf.value.ranges import Outcome
from xtf.value.settings import SPREADS, ValueSettings
from xtf.words import escaped, percent

_ICONS = {"carried": ":material/check_circle:", "against": ":material/block:", "open": ":material/help:"}
_TITLES = {"carried": "What the measurements carry", "against": "What they speak against",
           "open": "What is not measured"}


def headline(made: Inputs) -> Outcome:
    """The range, and what it comes to in words."""
    result = _outcome(made.settings.model_dump_json())
    said = claims.headline(made, result)
    say = {"carried": st.success, "against": st.warning, "open": st.info}[said.kind]
    left, right = frame.cards("value-head", [1, 1], gap="large", vertical_alignment="center")
    with left:
        say(f"**{escaped(said.text)}**", icon=_ICONS[said.kind])
    with right:
        _numbers(made, result)
    return result


def behind(run: Run, made: Inputs, found: Compared | None, result: Outcome) -> None:
    """Parts, what moves it, what may be said, and files to take away."""
    said = claims.claims(made, run.manifest, found, result)
    plots.show(figures.parts(result, made.settings.currency), "value-parts")
    plots.show(figures.tornado(result, made.settings), "value-tornado")
    _still(made, result)
    _break_even(made, result)
    _claims(said)
    _take(run, made, result, [claims.headline(made, result), *said], found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _outcome(settings: str) -> Outcome:
    return ranges.outcome(ValueSettings.model_validate_json(settings))


def _numbers(made: Inputs, result: Outcome) -> None:
    first, second = frame.numbers("value", 2)
    low, _, high = result.net
    currency = escaped(made.settings.currency)
    first.metric(f"Return ({currency} a month)", words.money(low, high, ""), border=True,
                 help="What XTF brings less what it costs, against plain fine-tuning on the same data: the middle "
                      f"{percent(ranges.INSIDE, 0)} of {ranges.DRAWS:,} seeded draws. Each input is drawn by itself "
                      "between its lowest and highest value, most often near the likely one.")
    months = made.settings.months
    second.metric(f"Return ({currency} in {months} month{'s' if months > 1 else ''})",
                  words.money(low * months, high * months, ""), border=True,
                  help=f"The same times the months, setting up included. It pays in {percent(result.pays, 0)} of the "
                       "draws.")


def _still(made: Inputs, result: Outcome) -> None:
    """Inputs that the plot leaves out."""
    moving = {swing.name for swing in figures.wide(result.swings)}
    still = [words.LABELS[name].lower() for name in SPREADS if name not in moving]
    st.caption(f"With all inputs likely the return is {escaped(_one(result.likely, made))} a month. Left out, since "
               f"they are known, do not count here or hardly move it: {', '.join(still)}.")


def _one(value: float, made: Inputs) -> str:
    return words.money(value, value, made.settings.currency)


def _break_even(made: Inputs, result: Outcome) -> None:
    if not result.break_even or result.likely == 0:
        return
    listed = [f"- {words.LABELS[name]}: {words.number(name, value, made.settings.currency)}"
              for name, value in result.break_even.items()]
    st.markdown("**It would break even, all else likely, at one of these**")
    st.markdown("\n".join(map(_line, listed)))


def _line(text: str) -> str:
    return f"- {escaped(text.removeprefix('- '))}"


def _claims(found: list[Claim]) -> None:
    for kind, title in _TITLES.items():
        mine = [claim for claim in found if claim.kind == kind]
        if mine:
            st.markdown(f"**{_ICONS[kind]} {title}**")
            st.markdown("\n".join(_line(claim.text) for claim in mine))


def _take(run: Run, made: Inputs, result: Outcome, said: list[Claim], found: Compared | None) -> None:
    """The calculation as a file, and as a command."""
    st.download_button("Calculation as CSV", lambda: table.rows(made, result, said).to_csv(index=False).encode(),
                       f"{run.name}-value.csv", "text/csv", on_click="ignore", key="value.csv",
                       icon=":material/download:", help="Every input with its source, every part, swing and sentence.")
    with st.expander("As a command", icon=":material/terminal:"):
        given = [word for name, value in value_inputs.given().items()
                 for word in flag(name, str(value) if name in SPREADS else value)]
        comparison = ["--comparison", found.name if found else "none"]
        argv = ["value", run.name, *comparison, *given,
                *commands.threshold_flags(state.preset(), state.thresholds())]
        st.code(commands.shown(argv), language="bash", wrap_lines=True)
