"""What preflight finds, for the Export page: at once where that is quick, else by a job."""

from datetime import datetime
from typing import Any, get_args

import numpy as np
import streamlit as st

from xtf import preflight, runs
from xtf.config import Check, ExportSettings, OtherTokenizer
from xtf.preflight import Finding, Fix, Rows
from xtf.store import ScoreTable
from xtf.ui import asked, commands, export_other, loaders
from xtf.ui.export_choice import Choice
from xtf.ui.loaders import Identity


def findings(chosen: Choice) -> list[Finding] | None:
    """All findings; None while they are still to come, and the page says how. Raises: as `preflight.check`."""
    if chosen.in_page or chosen.other is None:
        other = chosen.other.model_dump_json() if chosen.other else None
        return _findings(*_key(chosen), other, chosen.stamp)
    return _by_job(chosen)


def exported(chosen: Choice) -> np.ndarray:
    """int64[R]: the run's examples that get a row, as scored. Raises: DataError where held-out data cannot be read."""
    return _rows(*_key(chosen), chosen.stamp).index


def _key(chosen: Choice) -> tuple[Identity, str, str]:
    return (loaders.identity(chosen.run), chosen.thresholds.model_dump_json(),
            chosen.settings.model_dump_json(exclude={"allow"}))


@st.cache_resource(max_entries=16, show_spinner="Looking for what a trainer would stumble over …")
def _findings(run: Identity, thresholds: str, settings: str, other: str | None, stamp: str) -> list[Finding]:
    return preflight.check(runs.open_run(run[0]).manifest, loaders.opened(run), loaders.judged(run, thresholds),
                           ExportSettings.model_validate_json(settings),
                           OtherTokenizer.model_validate_json(other) if other else None,
                           None if other else _rows(run, thresholds, settings, stamp))


@st.cache_resource(max_entries=4, show_spinner=False)
def _rows(run: Identity, thresholds: str, settings: str, stamp: str) -> Rows:
    return preflight.scored(runs.open_run(run[0]).manifest, loaders.opened(run), loaders.judged(run, thresholds),
                            ExportSettings.model_validate_json(settings))


def _by_job(chosen: Choice) -> list[Finding] | None:
    """What the newest job of `xtf preflight` found; stops are no failure of it."""
    accepting = chosen.settings.model_copy(update={"allow": get_args(Check)})
    argv = commands.preflight(chosen.run.name, chosen.preset, chosen.thresholds, accepting, chosen.other)
    if asked.waiting(argv, "export-preflight"):
        return None
    job = asked.latest(argv)
    if job and job.state == "done" and job.result and job.started >= _newest(chosen):
        table = loaders.table(chosen.run)
        return [_read(found, table) for found in job.result["findings"]]
    st.caption("To check what another tokenizer makes of the examples, all of them are carried over to it once.")
    if st.button("Check for this tokenizer", icon=":material/checklist:", key="export.check"):
        asked.start(argv, f"Checking {chosen.run.name}")
    return None


def _read(found: dict[str, Any], table: ScoreTable) -> Finding:
    """A finding of the command line; of the examples it names the first."""
    fix = found["fix"]
    return Finding(found["check"], found["level"], found["title"], found["sentence"],
                   np.flatnonzero(np.isin(table.example_ids, found["first_examples"])),
                   Fix(fix["words"], fix["target"], fix["change"]) if fix else None)


def _newest(chosen: Choice) -> float:
    """When what the checks read was changed last, seconds since the epoch."""
    other = chosen.other.tokenizer if chosen.other else None
    scored = datetime.fromisoformat(chosen.run.manifest.created).timestamp()
    read = chosen.settings.held_out, other, f"{other}/tokenizer.json"
    return max(scored, *map(export_other.changed, read))
