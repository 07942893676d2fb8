"""The form of the Score page: which data, how rows become text, which model."""

import hashlib
import re
from pathlib import Path
from typing import Any

import streamlit as st

from xtf import workspace
from xtf.config import DataSettings, ScoreSettings, settings
from xtf.data.preview import glimpse
from xtf.errors import XtfError
from xtf.ui import forms, state
from xtf.ui.state import Form
from xtf.words import escaped
from xtf.workspace import size

_FORM = Form("score")
_SOURCES = {"demo": "Demo", "humaneval": "HumanEval", "path": "Path or hub id", "upload": "Upload"}
_SOURCE_NOTES = {
    "demo": "Generated maths word problems with worked answers, 24 unless you ask for more. Nothing is downloaded.",
    "humaneval": "OpenAI's 164 Python problems, from the installed package.",
    "path": "jsonl, json, csv or parquet files, folders written by `save_to_disk` or copied from a hub, and hub ids.",
    "upload": "Up to 200 MB, kept in the workspace. Larger files are read from their path.",
}
_MODELS = {"embedded": "Embedded", "other": "Hub id, folder or GGUF"}
_UPLOADS = ["jsonl", "json", "csv", "parquet"]
_CHOICES = {"error": "stop and say so", "truncate": "cut the end off", "skip": "leave out"}


def chosen() -> ScoreSettings:
    """What the form says. Raises: SettingsError naming all faults."""
    values = {name: value for name, value in _FORM.values.items() if name in ScoreSettings.model_fields}
    source = _value("source", "demo")
    values["data"] = {"path": forms.absolute(_value("path", "")), "upload": _value("upload", "")}.get(source, source)
    values["template"] = forms.absolute(values.get("template", "auto"))
    embedded = _value("model_source", "embedded") == "embedded"
    values["model"] = "embedded" if embedded else forms.absolute(_value("model_name", ""))
    return settings(ScoreSettings, values)


def fill(wanted: ScoreSettings) -> None:
    """Makes the form say this."""
    values = wanted.model_dump()
    data, model = values.pop("data"), values.pop("model")
    values |= {"source": data} if data in ("demo", "humaneval") else {"source": "path", "path": data}
    values |= {"model_source": "embedded"} if model == "embedded" else {"model_source": "other", "model_name": model}
    _FORM.values.clear()
    _FORM.values.update(values)


def missing() -> str:
    """What is still missing before anything can be read, or nothing."""
    source = _value("source", "demo")
    if source in ("path", "upload") and not _value(source, ""):
        return "Name a file, a folder or a hub id." if source == "path" else "Upload a file."
    if _value("model_source", "embedded") == "other" and not _value("model_name", ""):
        return "Name a model."
    return ""


def sections() -> None:
    """All of the form."""
    st.subheader("Data", anchor=False)
    data_section()
    with st.expander("Template and lengths"):
        text_section()
    st.subheader("Model", anchor=False)
    model_section()


def data_section() -> None:
    """Where the examples come from and how they become text."""
    source = _choice("source", "From", _SOURCES, "demo")
    st.caption(_SOURCE_NOTES[source])
    if source == "path":
        _text("path", "File, folder or hub id", "/data/train.jsonl or openai/gsm8k")
    elif source == "upload":
        _upload()
    left, right = st.columns(2)
    with left:
        _field("format", help="How rows become messages. Recognised from the columns unless you choose.")
    with right:
        _field("limit", placeholder="all")
    if source in ("path", "upload") and _value("format", "auto") in ("auto", "prompt-response"):
        columns = _columns()
        with left:
            _column("prompt_column", columns)
        with right:
            _column("response_column", columns)
    if source == "path":
        with left:
            _field("split")
        with right:
            _field("config", label="Configuration (subset)", placeholder="of a hub dataset")


def text_section() -> None:
    """Template and lengths."""
    _field("template", help="`auto`: the tokenizer's chat template. `none`: prompt and response joined as they are. "
                            "Or the path of a file with a Jinja template.")
    _field("eos")
    left, right = st.columns(2)
    with left:
        _field("max_length", placeholder="the model's context")
        _field("empty", names=_CHOICES)
    with right:
        _field("too_long", names=_CHOICES)
        _field("domain")


def model_section() -> None:
    """Which model scores."""
    source = _choice("model_source", "Which", _MODELS, "embedded")
    if source == "embedded":
        st.caption("SmolLM2-135M-Instruct (Apache-2.0), part of the installation. Score with the model that you will "
                   "fine-tune: novelty is what *that* model does not know yet.")
    else:
        _text("model_name", "Hub id, folder with safetensors, or .gguf file", "Qwen/Qwen2.5-0.5B or its folder")
    with st.expander("Advanced"):
        left, right = st.columns(2)
        with left:
            _field("dtype")
            _field("layers", placeholder="0,5,10-14")
        with right:
            _field("device")
            _field("batch_tokens", step=256)
        if source == "other":
            _field("revision", placeholder="main")
            _field("trust_remote_code")


def _value(name: str, default: Any) -> Any:
    return _FORM.values.get(name, default)


def _field(name: str, **options: Any) -> None:
    value = _value(name, ScoreSettings.model_fields[name].default)
    forms.field(ScoreSettings, name, value, lambda new: _FORM.take(name, new), f"score.{name}", **options)


def _columns() -> list[str]:
    """The columns of a local file or folder; a hub is not asked while somebody types."""
    data = forms.absolute(_value("path" if _value("source", "demo") == "path" else "upload", ""))
    if not Path(data).is_absolute() or not Path(data).exists():
        return []
    try:
        return _columns_of(data, Path(data).stat().st_mtime_ns, _value("split", "train"), _value("config", None))
    except XtfError:
        return []  # the preview and the run tell it in full


@st.cache_data(max_entries=8, show_spinner=False)
def _columns_of(data: str, changed: int, split: str, config: str | None) -> list[str]:
    return glimpse(settings(DataSettings, {"data": data, "split": split, "config": config})).columns


def _column(name: str, columns: list[str]) -> None:
    """A column by its name: to choose where the columns are known, else to type."""
    value = _value(name, None)
    if not columns or value not in (None, *columns):
        _field(name, placeholder="recognised")
        return
    info, key = ScoreSettings.model_fields[name], f"score.{name}.chosen"
    state.show(key, value)
    st.selectbox(name.replace("_", " ").capitalize(), columns, None, key=key, placeholder="recognised",
                 help=info.description, on_change=_FORM.taking(name, key))


def _choice(name: str, label: str, names: dict[str, str], default: str) -> str:
    key = f"score.{name}"
    state.show(key, _value(name, default))
    st.segmented_control(label, list(names), key=key, format_func=names.__getitem__, required=True,
                         on_change=_FORM.taking(name, key))
    return str(_value(name, default))


def _text(name: str, label: str, placeholder: str) -> None:
    key = f"score.{name}"
    state.show(key, _value(name, ""))
    st.text_input(label, key=key, placeholder=placeholder, on_change=_FORM.taking(name, key))


def _upload() -> None:
    file = st.file_uploader("File", _UPLOADS, label_visibility="collapsed", max_upload_size=200)
    if file is not None and file.file_id != _value("upload_id", ""):
        _FORM.values.update(upload=str(saved(file.name, file.getbuffer())), upload_id=file.file_id)
    path = Path(_value("upload", "") or "/")
    if path.is_file():
        st.caption(f"{escaped(path.name)}, {size(path.stat().st_size)}, kept in the workspace")


def saved(name: str, content: memoryview) -> Path:
    """Puts an upload into the workspace under a harmless name, once. Raises: StoreError if the disk is full."""
    digest = hashlib.sha256(content).hexdigest()[:8]
    stem, suffix = Path(name).stem, Path(name).suffix.lower()
    path = workspace.home() / "uploads" / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', stem)[:40] or 'data'}-{digest}{suffix}"
    if not path.is_file():
        workspace.write_atomically(path, lambda temporary: temporary.write_bytes(content))
    return path
