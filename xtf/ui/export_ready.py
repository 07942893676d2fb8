"""Step 2 of the Export page: what a trainer would stumble over, each with the click that mends it."""

import streamlit as st

from xtf.errors import XtfError
from xtf.ui import export_checks, export_choice, findings, frame
from xtf.ui.export_choice import FORM, Choice
from xtf.ui.findings import Desk

UNKNOWN = "The checks could not be made."


def checklist(chosen: Choice) -> tuple[Choice, str]:
    """Draws the checks. Returns the choice with what was accepted, and why it cannot be prepared, or nothing."""
    st.subheader("2 · Ready?", anchor=False)
    try:
        found = export_checks.findings(chosen)
    except XtfError as error:
        frame.fault(str(error))
        return chosen, UNKNOWN
    if found is None:
        return chosen, "The checks come first."
    desk = Desk("export", FORM, chosen.run, "Exports", export_choice.take, own_tokens=chosen.other is None)
    why_not = findings.cards(desk, found)
    return chosen.allowing(desk.allowed(found)), why_not
