"""The Export page: from thresholds to a folder that a trainer takes, step by step."""

from xtf.runs import Run
from xtf.ui import (
    export_form,
    export_hub,
    export_ready,
    export_recipes,
    export_rows,
    export_shelf,
    export_take,
    export_verify,
    frame,
    loaders,
    state,
    strategy_form,
)
from xtf.words import count, percent


def summary(run: Run) -> bool:
    """Which strategy decides, and counts of what it gives. Whether there is something to export."""
    if not strategy_form.row(run, "export"):
        return False
    found = loaders.summary(run, state.thresholds())
    cells = frame.numbers("export", 4)
    cells[0].metric("Examples", count(found["examples"]), border=True, help="Examples of the run.")
    cells[1].metric("Kept response tokens", count(found["kept"]), border=True,
                    help="Their label is the token's id: the loss sees them.")
    cells[2].metric("Dropped response tokens", count(found["dropped"]), border=True,
                    help="Their label is -100: they stay in the input and give no gradient.")
    cells[3].metric("Kept", percent(found["kept_share"]), border=True, help="Kept share of the response tokens.")
    return True


def steps(run: Run) -> None:
    """The steps, a fault of one told in its place; and what was prepared before."""
    chosen = None
    with frame.told():
        chosen, why_not = export_ready.checklist(export_form.choose(run))
        if export_take.take(chosen, why_not):
            export_recipes.recipes(chosen)
            export_hub.push(chosen)
            export_verify.verify(chosen)
        if why_not != export_ready.UNKNOWN:
            export_rows.section(chosen)
    export_shelf.shelf(chosen.folder if chosen else None)
