"""The settings of a fine-tune as a form: some in sight, the rest tucked away, and all of them as a file."""

from typing import Any

import streamlit as st

from xtf.config import settings
from xtf.training.folder import Training
from xtf.training.settings import IN_SIGHT, TrainSettings, from_yaml, to_yaml
from xtf.ui import forms, frame, launching, state
from xtf.ui.state import Form

FORM = Form("finetune")
_OF_LORA = ("rank", "alpha", "dropout", "target_modules")
_LEFT = ("method", *_OF_LORA, "seed")
_LABELS = {
    "method": "What is trained", "rank": "LoRA rank", "alpha": "LoRA alpha", "dropout": "LoRA dropout",
    "target_modules": "Target modules", "batch_examples": "Batch", "batch_tokens": "Micro-batch",
    "max_grad_norm": "Longest gradient", "warmup": "Warm-up", "group_by_length": "Group by length",
    "checkpoint_steps": "Checkpoint every", "dtype": "Number format"}
_NAMES = {"method": {"lora": "LoRA adapter", "full": "All weights"}}
_STEPS = {"learning_rate": 1e-5, "epochs": 1.0, "batch_tokens": 256}


def chosen() -> TrainSettings:
    """What the form says. Raises: SettingsError naming all faults."""
    return settings(TrainSettings, {name: _value(name) for name in TrainSettings.model_fields})


def fill(wanted: TrainSettings) -> None:
    """Makes the form say this."""
    FORM.values.update(wanted.model_dump())


def sections() -> None:
    """All of the form."""
    left, right = st.columns(2)
    with left:
        for name in _LEFT:
            _field(name, disabled=name in _OF_LORA and _value("method") == "full")
    with right:
        for name in IN_SIGHT:
            if name not in _LEFT:
                _field(name)
    with st.expander("Advanced", icon=":material/tune:"):
        _advanced()
    with st.expander("Settings as a file (YAML)", icon=":material/description:"):
        _file()


def _advanced() -> None:
    left, right = st.columns(2)
    names = [name for name in TrainSettings.model_fields if name not in IN_SIGHT]
    for place, name in enumerate(sorted(names, key=_is_switch)):
        with left if place % 2 == 0 else right:
            _field(name)


def _is_switch(name: str) -> bool:
    """Switches are lower than fields and come last, so that both columns stay in line."""
    return TrainSettings.model_fields[name].annotation is bool


def _file() -> None:
    with frame.told():
        text = to_yaml(chosen())
        with st.container(horizontal=True):
            st.download_button("Download as YAML", text, "finetune.yaml", "application/yaml", on_click="ignore",
                               icon=":material/download:", key="finetune.yaml.download")
            st.button("Back to the defaults", icon=":material/restart_alt:", key="finetune.defaults",
                      disabled=chosen() == TrainSettings(), on_click=fill, args=(TrainSettings(),))
    with frame.told():
        content = launching.yaml_given("finetune.yaml", "rank: 8\nepochs: 1",
                                       "What the file leaves out goes back to its default.")
        if content is not None:
            fill(from_yaml(content))
            st.rerun()


def take_button(training: Training, key: str) -> None:
    """Puts the settings of a fine-tune into the form."""
    st.button("Use these settings for a new one", key=key, icon=":material/content_copy:", on_click=_take,
              args=(training,), help="Fills in the form under Launch.")


def _take(training: Training) -> None:
    fill(training.settings)
    state.choose_own(view="launch")


def _value(name: str) -> Any:
    return FORM.values.get(name, TrainSettings.model_fields[name].default)


def _field(name: str, **options: Any) -> None:
    if name in _LABELS:
        options["label"] = _LABELS[name]
    if name in _STEPS:
        options["step"] = _STEPS[name]
    if name in _NAMES:
        options["names"] = _NAMES[name]
    forms.field(TrainSettings, name, _value(name), lambda new: FORM.take(name, new), f"finetune.{name}", **options)
