"""The Fine-tune page's view All: every fine-tune, delete, and several of them side by side: losses and settings."""

import hashlib
from typing import Any

import pandas as pd
import streamlit as st

from xtf import changes, strategies
from xtf.figures import training as figures
from xtf.ui import finetune_standing, finetune_watch, frame, plots, state
from xtf.ui.finetune_form import FORM
from xtf.ui.finetune_standing import AT_WORK, WORDS, Standing
from xtf.words import count, escaped, percent

_MOST = 5  # curves in one figure


def section(known: dict[str, Standing]) -> None:
    """The list, what can be done with the selected one, and the comparison."""
    names = list(known)
    key = "trainings-" + hashlib.blake2b("\0".join(names).encode(), digest_size=8).hexdigest()
    found = st.dataframe(_rows(known), key=key, on_select="rerun", selection_mode="single-row", hide_index=True,
                         alt="Fine-tunes in the workspace", column_config=_COLUMNS, placeholder="–")
    rows = found["selection"]["rows"]
    if rows and rows[0] < len(names):
        _actions(known[names[rows[0]]])
    else:
        st.caption("Select a row to open or delete it.")
    if len([one for one in known.values() if one.training]) > 1:
        _side_by_side({name: one for name, one in known.items() if one.training})


_COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Fine-tune", width=220),
    "strategy": st.column_config.TextColumn("Tokens", width=80, help="How the trained tokens were chosen."),
    "state": st.column_config.TextColumn("State", width=130),
    "steps": st.column_config.TextColumn("Steps", width=100, help="Done, of all."),
    "kept": st.column_config.NumberColumn("Kept", format="%.1f %%", width=70, help="Share of the response tokens."),
    "loss": st.column_config.NumberColumn("Last loss (nats)", format="%.4f", width=110,
                                          help="Of the last step, per trained token. Losses over different tokens "
                                               "cannot be compared."),
    "since": st.column_config.DatetimeColumn("Begun (UTC)", format="YYYY-MM-DD HH:mm", width=130),
}


def _rows(known: dict[str, Standing]) -> pd.DataFrame:
    return pd.DataFrame([{
        "name": one.name, "strategy": finetune_watch.strategy(one) if one.training else "",
        "state": WORDS[one.state][0].lower(), "steps": _steps(one),
        "kept": 100 * one.counts["kept_share"] if one.counts.get("kept_share") else None,
        "loss": one.metrics["loss"].iloc[-1] if len(one.metrics) else None,
        "since": pd.to_datetime(one.since, unit="s")} for one in known.values()], columns=list(_COLUMNS))


def _steps(one: Standing) -> str:
    done, total = one.steps
    return f"{count(done)} of {count(total)}" if total else ""


def _actions(one: Standing) -> None:
    with st.container(horizontal=True):
        for view, label, icon in (("watch", "Watch", ":material/monitoring:"),
                                  ("result", "Result", ":material/deployed_code:")):
            st.button(label, key=f"finetune.open-{view}", icon=icon, on_click=state.choose_own,
                      kwargs={"training": one.name, "view": view},
                      disabled=view == "result" and one.state != "finished")
        with st.popover("Delete", icon=":material/delete:", disabled=one.state in AT_WORK,
                        help="It is at work: cancel it first." if one.state in AT_WORK else None):
            st.markdown(f"Delete **{escaped(one.name)}** with its result for good?")
            if st.button("Delete it", key="finetune.delete", type="primary"):
                with frame.told():
                    _delete(one)


def _delete(one: Standing) -> None:
    finetune_standing.delete(one)
    if state.own("training") == one.name:
        state.choose_own(training=None)
    st.toast(f"{escaped(one.name)} is deleted.", icon=":material/delete:")
    st.rerun()


# Several of them -----------------------------------------------------------------------------------------------------

def _side_by_side(known: dict[str, Standing]) -> None:
    st.subheader("Side by side", anchor=False)
    key = "finetune.compared"
    usual = [name for name, one in known.items() if len(one.metrics)][:2]
    wanted = [name for name in FORM.values.get("compared", usual) if name in known]
    state.show(key, wanted)
    st.multiselect("Fine-tunes", list(known), key=key, max_selections=_MOST, on_change=FORM.taking("compared", key))
    chosen = [known[name] for name in wanted]
    if not chosen:
        st.caption("Choose two or more.")
        return
    if len({_tokens(one) for one in chosen}) > 1:
        left, right = frame.cards("finetune-warning", [4, 1], vertical_alignment="center")
        left.warning("These train on different tokens, so their training losses cannot be compared: a lower curve may "
                     "only have easier tokens. What counts is what they do on held-out data.",
                     icon=":material/balance:")
        with right:
            frame.link(frame.COMPARE, "Compare there")
    along, weight = finetune_watch.choices("finetune-compared")
    plots.show(figures.losses({one.name: one.metrics for one in chosen}, along, weight), "finetune-losses")
    _settings(chosen)


def _tokens(one: Standing) -> str:
    """What decides which tokens are trained."""
    asked = dict(one.training.asked) if one.training else {"settings": {}}
    seed = asked.pop("settings").get("seed") if asked.get("strategy") == "random" else None
    return str([seed, *sorted((name, value) for name, value in asked.items() if name != "settings")])


def _settings(chosen: list[Standing]) -> None:
    told = {one.name: described(one) for one in chosen}
    rows = pd.DataFrame(told, index=list(dict.fromkeys(name for each in told.values() for name in each)))
    differing = rows[rows.nunique(axis=1) > 1]  # what one does not have or not yet is no difference
    everything = st.toggle("Also what is the same", key="finetune.same")
    shown = rows if everything or len(chosen) == 1 else differing
    if not len(shown):
        st.caption("All settings are the same.")
        return
    st.dataframe(shown.fillna("").rename_axis("Setting").reset_index(), hide_index=True, height="content",
                 alt="Settings of the chosen fine-tunes")


def described(one: Standing) -> dict[str, str]:
    """Everything that was asked for, and what it came to, as text."""
    if one.training is None:
        return {}
    counts, thresholds = one.counts, one.training.thresholds
    found = {"Tokens": finetune_watch.strategy(one),
             "Trained on": one.training.run or str(one.training.asked.get("export", ""))}
    if thresholds:
        found |= dict(strategies.told(thresholds))
        found["By hand"] = ", ".join(map(changes.decision, thresholds.overrides)) or "nothing"
    if counts:
        found |= {"Kept": percent(counts["kept_share"]) if counts.get("kept_share") else "",
                  "Trained tokens of one pass": count(counts.get("trained", 0)),
                  "Examples": count(counts.get("examples", 0)), "Steps": count(counts.get("steps", 0))}
    return found | {name.replace("_", " ").capitalize(): _said(value)
                    for name, value in one.training.settings.model_dump().items()}


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
