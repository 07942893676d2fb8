"""Verdicts by hand on the Thresholds page: what is never dropped, and the list of all that was decided."""

from collections.abc import Sequence
from datetime import datetime, timezone

import streamlit as st

from xtf import overrides, roles, workspace
from xtf.changes import decision
from xtf.config import ByClass, Override, Thresholds
from xtf.store import ScoreTable
from xtf.ui import state
from xtf.words import count, escaped

_PROTECTIONS = {"protect_eos": "end of turn (EOS)", "protect_final_answer": "final answer"}
_LONGEST = 50  # overrides that are listed


def never_drop() -> None:
    """Pills for the two protections and the classes of tokens."""
    key = "thresholds.never"
    state.show(key, never(state.thresholds()))
    classes = "\n".join(f"- **{role}**: {escaped(words)}" for role, words in roles.WORDS.items())
    st.pills("Never drop", [*_PROTECTIONS, *roles.ROLES], selection_mode="multi", key=key, wrap=True,
             format_func=lambda name: _PROTECTIONS.get(name, name), on_change=state.taking(key, _take),
             help=f"Tokens that no rule may drop: the end-of-turn token, the line that states the final answer, and "
                  f"classes told from a token's own characters.\n\n{classes}")


def never(thresholds: Thresholds) -> list[str]:
    """The pills that are on."""
    kept = {override.role for override in thresholds.overrides
            if isinstance(override, ByClass) and override.action == "keep"}
    return [*(name for name in _PROTECTIONS if getattr(thresholds, name)),
            *(role for role in roles.ROLES if role in kept)]


def _take(chosen: Sequence[str]) -> None:
    now = state.thresholds()
    before, created = never(now), workspace.now()
    added = [role for role in roles.ROLES if role in chosen and role not in before]
    gone = {role for role in roles.ROLES if role in before and role not in chosen}
    others = [override for override in now.overrides
              if not (isinstance(override, ByClass) and (override.role in added or override.role in gone))]
    state.change_thresholds(
        **{name: name in chosen for name in _PROTECTIONS},
        overrides=(*others, *(ByClass(action="keep", role=role, created=created) for role in added)))


def by_hand(table: ScoreTable) -> None:
    """All overrides, with what each covers in this run, and a button that takes it back."""
    found = state.thresholds().overrides
    together = overrides.decided(table, found)
    if together is None:
        return
    with st.container(border=True, key="overrides"):
        st.markdown(f"**Decided by hand** ({count(len(found))})",
                    help="These go before the rules, are recorded with every export, and count in every number here.")
        for note in together.notes:
            st.caption(escaped(note))
        for place, override in list(enumerate(found))[::-1][:_LONGEST]:
            _row(table, override, place)
        if len(found) > _LONGEST:
            st.caption(f"The last {_LONGEST} of {count(len(found))} are listed.")


def _row(table: ScoreTable, override: Override, place: int) -> None:
    what, when, button = st.columns([6, 4, 1.4], vertical_alignment="center")
    words = decision(override)
    note = f": {escaped(override.note)}" if override.note else ""
    what.markdown(f"{escaped(words[:1].upper() + words[1:])}{note}")
    covered = covers(table, override)
    when.caption(" · ".join([f"{count(covered)} token{'' if covered == 1 else 's'} in this run",
                             *([escaped(_date(override.created))] if override.created else [])]))
    button.button("Remove", key=f"thresholds.remove.{place}", help=escaped(f"Remove: {words}"), width="stretch",
                  on_click=state.undecide, args=(override,))


def covers(table: ScoreTable, override: Override) -> int:
    """Response tokens of the run that an override names, whether or not another one goes before it."""
    found = overrides.decided(table, (override,))
    if found is None:
        return 0
    in_spans = sum(int(table.trainable[first:last].sum()) for first, last, _ in found.spans)
    return in_spans + int(table.types("response_count")[found.by_type > 0].sum())


def _date(created: str) -> str:
    """`2026-11-23 22:15 UTC`; what is no date as it is."""
    try:
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))
    except ValueError:
        return created
    utc = moment.astimezone(timezone.utc) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%d %H:%M} UTC"
