"""What the data becomes before anything is scored: recognised format, rendered template, trained tokens."""

from typing import Any

import streamlit as st

from xtf import jobs, models, workspace
from xtf.config import DataSettings, ScoreSettings
from xtf.data.formats import FORMATS
from xtf.data.types import Tokens
from xtf.figures.tokens import unscored
from xtf.ui import commands
from xtf.ui.token_view import token_view
from xtf.words import escaped, percent

COUNT = 3
_ASKED = "xtf.preview_asked"
_READING = {*DataSettings.model_fields, "model", "revision", "trust_remote_code"}


def section(chosen: ScoreSettings) -> None:
    """The preview, once it is asked for: it loads the tokenizer, which takes some seconds. Raises: XtfError."""
    st.subheader("What will be trained", anchor=False)
    if not st.session_state.get(_ASKED):
        st.caption("Look at the rendered template and at the tokens that the loss will see, before anything is scored.")
        if not st.button("Preview the first examples", icon=":material/visibility:"):
            return
        st.session_state[_ASKED] = True
        st.rerun()
    show(chosen)


def show(chosen: ScoreSettings) -> None:
    """A few examples as the model will read them. Raises: XtfError for data or a model that cannot be read."""
    if chosen.model == models.EMBEDDED and not models.embedded_ready():
        _prepare(chosen)
        return
    found = _preview(chosen.model_dump_json(include=_READING), _stamp(chosen.data), _stamp(chosen.template))
    which = st.segmented_control("Example", range(len(found)), default=0, required=True, key="preview.which",
                                 format_func=lambda index: str(index + 1)) if len(found) > 1 else 0
    item = found[min(which, len(found) - 1)]
    tokens: Tokens = item.tokens
    st.markdown(f"Format **{escaped(item.format)}** · {percent(float(tokens.trainable.mean()))} of the tokens are "
                "trainable", help=FORMATS[item.format].help)
    token_view(unscored(tokens), key="preview")


def _prepare(chosen: ScoreSettings) -> None:
    argv = commands.preview(ScoreSettings())
    if any(job.argv == argv or job.argv[0] == "score" for job in jobs.running()):
        st.caption("The embedded model is being prepared; the preview comes by itself.")
        return
    st.caption("The embedded model has to be unpacked once, which takes about 20 seconds.")
    if st.button("Prepare the embedded model"):
        jobs.start(argv, "Preparing the embedded model")
        st.rerun()


def _stamp(name: str) -> str:
    """Changes when the file does."""
    path = workspace.expanded(name)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ""
    return f"{status.st_mtime_ns}-{status.st_size}"


@st.cache_resource(max_entries=4, show_spinner="Reading the first examples …")
def _preview(reading: str, data_stamp: str, template_stamp: str) -> list[Any]:
    from xtf.data.preview import preview

    chosen = ScoreSettings.model_validate_json(reading)
    tokenizer, context = _tokenizer(chosen.model_dump_json(include={"model", "revision", "trust_remote_code"}))
    return list(preview(chosen, tokenizer, context, COUNT))


@st.cache_resource(max_entries=2, show_spinner="Loading the tokenizer …")
def _tokenizer(model: str) -> tuple[Any, int | None]:
    chosen = ScoreSettings.model_validate_json(model)
    return models.load_tokenizer(chosen), models.context_length(models.load_config(chosen))
