"""The Fine-tune page's view Result: the adapter or model to take away, its card, a merged model, a box to try it."""

import re
from pathlib import Path

import streamlit as st

from xtf.errors import XtfError
from xtf.training.folder import Training
from xtf.ui import asked, commands, downloads, finetune_watch, forms, frame, state
from xtf.ui.finetune_form import FORM
from xtf.ui.finetune_standing import Standing
from xtf.words import count, escaped
from xtf.workspace import size

_CARD, _ADAPTER = "README.md", "adapter_config.json"
_MERGED = "merged"  # folder beside the result


def section(one: Standing) -> None:
    """The whole view; before there is a result, how far it is."""
    finetune_watch.headline(one)
    if one.training is None or not one.training.done:
        _not_yet(one)
        return
    left, right = frame.cards("finetune-result", [1, 1], gap="large")
    with left:
        _take(one.training)
        if (one.training.result / _ADAPTER).is_file():
            _merge(one.training)
    with right:
        _try(one.training)
    _card(one.training)


def _not_yet(one: Standing) -> None:
    done, total = one.steps
    far = f" {count(done)} of {count(total)} steps are done." if total else ""
    left, right = frame.cards("finetune-not-yet", [4, 1], vertical_alignment="center")
    left.info(f"There is no result yet: it comes with the last step.{far}", icon=":material/hourglass_top:")
    right.button("Watch", width="stretch", key="finetune.to-watch", on_click=state.choose_own,
                 kwargs={"view": "watch"}, icon=":material/monitoring:")


def _take(training: Training) -> None:
    adapter = (training.result / _ADAPTER).is_file()
    st.subheader("Take it", anchor=False)
    st.caption(f"The {'adapter' if adapter else 'model'} with tokenizer and card, in this folder")
    _folder(training.result, "adapter" if adapter else "model", f"{training.name}.zip", "finetune.download")


def _folder(folder: Path, what: str, name: str, key: str) -> None:
    """Its path to copy, and the way to download it where it is in the workspace."""
    st.code(str(folder), language=None, wrap_lines=True)
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        downloads.button(f"Download the {what}, {size(total)}", folder, name, key=key,
                         help="A zip file of the whole folder.")
    except XtfError:
        st.caption(f"{size(total)}, outside the workspace: take it from there.")


# Merge ---------------------------------------------------------------------------------------------------------------

def _merge(training: Training) -> None:
    st.subheader("Merge into a full model", anchor=False)
    st.caption("Base model and adapter as one model, for what takes no adapters.")
    key, usual = "finetune.merged", str(training.path / _MERGED)
    wanted = FORM.values.get("merged", {}).get(training.name, usual)
    state.show(key, wanted)
    st.text_input("Into the folder", key=key, on_change=state.taking(key, lambda value: FORM.values.setdefault(
        "merged", {}).update({training.name: value.strip() or usual})), help="It must not exist yet.")
    out = Path(forms.absolute(wanted))
    argv = commands.merge(training.name, out)
    if asked.waiting(argv, "finetune-merge"):
        return
    job = asked.latest(argv)
    if job and job.state == "done" and out.is_dir():
        _folder(out, "merged model", f"{training.name}-merged.zip", "finetune.download-merged")
    elif st.button("Merge", icon=":material/merge:", key="finetune.merge", disabled=out.exists(),
                   help="There is something in this folder already." if out.exists() else
                   "Runs in the background; the same on the command line: "
                   f"{escaped(commands.shown(argv))}"):
        asked.start(argv, f"Merging {training.name}")


# Try it --------------------------------------------------------------------------------------------------------------

def _try(training: Training) -> None:
    st.subheader("Try it", anchor=False)
    st.caption("The base model and the fine-tune answer the same question. One answer proves nothing: the effect is "
               "measured on held-out data, on the page Compare.")
    with st.form("finetune.ask", border=False):
        question = st.text_area("Question", key="finetune.question", height=100, max_chars=4000,
                                placeholder="Tom has 48 apples and gives half of them to Mia. How many are left?")
        sent = st.form_submit_button("Ask both", icon=":material/forum:")
    questions: dict[str, str] = FORM.values.setdefault("questions", {})
    if sent and question.strip():
        questions[training.name] = question.strip()
        asked.start(commands.ask(training.name, question.strip()), f"Asking {training.name}")
    if last := questions.get(training.name):
        _answers(training, last)


def _answers(training: Training, question: str) -> None:
    argv = commands.ask(training.name, question)
    if asked.waiting(argv, "finetune-ask"):
        return
    job = asked.latest(argv)
    if job is None or job.state != "done" or not isinstance(job.result, dict):
        return
    st.markdown(f"**{escaped(question)}**")
    for cell, (title, name) in zip(st.columns(2), (("Base model", "base"), ("Fine-tune", "tuned")), strict=True):
        with cell:
            st.caption(title)
            st.code(str(job.result.get(name, "")) or "(nothing)", language=None, wrap_lines=True)


# The card ------------------------------------------------------------------------------------------------------------

def _card(training: Training) -> None:
    try:
        text = (training.result / _CARD).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    with st.expander("Model card", icon=":material/article:"):
        shown, raw = st.tabs(["As it reads", "As a file"])
        shown.markdown(_lowered(text))
        raw.code(text, language="markdown", wrap_lines=True)


def _lowered(card: str) -> str:
    """The card without its front matter, its headings as bold lines: those of the page come first."""
    parts = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL).split("```")
    parts[::2] = [re.sub(r"^#+ (.*)$", r"**\1**", words, flags=re.MULTILINE) for words in parts[::2]]
    return "```".join(parts)
