"""Step 5 of the Export page: into a dataset repository of the Hugging Face Hub, by a job that alone gets the token."""

import re
from typing import Any

import streamlit as st

from xtf.export.record import RECORD
from xtf.jobs import Job
from xtf.ui import asked, commands, frame, state
from xtf.ui.export_choice import FORM, Choice
from xtf.words import count, escaped

TOKEN = "HF_TOKEN"
_KEY = "export.token"  # its value is kept nowhere else, and only until the push begins
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def push(chosen: Choice) -> None:
    """The form, tucked away until it is wanted; the job and its result stay in sight."""
    st.subheader("5 · Push to the Hub", anchor=False)
    job = asked.latest(_argv(chosen))
    if job and job.state == "done" and job.result and job.started >= (chosen.folder / RECORD).stat().st_mtime:
        _pushed(job)
    if asked.waiting(_argv(chosen), "export-push"):
        return
    with st.expander("To a dataset repository on huggingface.co", icon=":material/cloud_upload:"):
        _form(chosen)


def _argv(chosen: Choice) -> list[str]:
    flags = [*([] if _value("private", True) else ["--public"]), *(["--overwrite"] if _value("replace", False) else [])]
    return ["push", str(chosen.folder), _value("repo", ""), *flags, "--json"]


def _value(name: str, default: Any) -> Any:
    return FORM.values.get(f"hub.{name}", default)


def _form(chosen: Choice) -> None:
    left, right = frame.cards("export-hub", 2)
    with left:
        _widget(st.text_input, "repo", "Repository", "", placeholder="your-name/your-dataset", max_chars=193)
    with right:
        known = _known_token()
        st.text_input("Write token", key=_KEY, type="password", autocomplete="off", max_chars=500,
                      placeholder="found on this machine" if known else "hf_…",
                      help="Made on huggingface.co under Settings, Access Tokens. Only the push gets it: it is not "
                           "written down, and is forgotten here once the push begins.")
    with left:
        _widget(st.toggle, "private", "Private", True, help="Only you, or your organisation, can read it.")
    with right:
        _widget(st.toggle, "replace", "Replace what is there", False,
                help="Without it, a repository that holds files already is left as it is.")
    sure = _value("private", True) or _goes_public(chosen)
    missing = _missing(known, sure)
    st.button("Push", icon=":material/cloud_upload:", key="export.push", disabled=bool(missing),
              type="secondary" if missing else "primary", on_click=_start, args=(_argv(chosen),))
    st.caption(missing or "The data, its card, the record and the recipes go up in one commit.")
    st.caption("The same on the command line, with the token in HF_TOKEN")
    argv = ["push", chosen.stem, *_argv(chosen)[2:]]
    argv[2] = argv[2] or "OWNER/NAME"
    st.code(commands.shown(argv), language="bash", wrap_lines=True)


def _goes_public(chosen: Choice) -> bool:
    rows = chosen.run.manifest.counts.get("examples", 0)
    st.warning(f"**Everybody** will be able to read the text of your examples (of {count(rows)} in the run), the "
               "thresholds, and the names of the run, the data and the model. Folders of this machine are not told.",
               icon=":material/public:")
    return st.checkbox("Yes, all of this may be public", key="export.hub.sure")


def _missing(known: bool, sure: bool) -> str:
    """What still stands against it, in a sentence, or nothing."""
    if not _NAME.fullmatch(_value("repo", "")):
        return "Name the repository: OWNER/NAME."
    if not known and not st.session_state.get(_KEY):
        return "Give a write token."
    return "" if sure else "Say that all of this may be public."


def _known_token() -> bool:
    """Whether the push would find a token by itself: HF_TOKEN, or the login of the command line."""
    from huggingface_hub import get_token  # half a second, which only those who push wait for

    return bool(get_token())


def _start(argv: list[str]) -> None:
    token = st.session_state.get(_KEY, "").strip()
    st.session_state[_KEY] = ""
    with frame.told():
        asked.begin(argv, f"Pushing to {argv[2]}", {TOKEN: token} if token else None)


def _pushed(job: Job) -> None:
    found = job.result
    who = "private" if found["private"] else "public"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.success(f"Pushed: {count(len(found['files']))} files, {who}, commit {escaped(found['commit'][:10])}.",
                   icon=":material/check_circle:")
        st.link_button("Open it on the Hub", found["url"], icon=":material/open_in_new:")


def _widget(draw: Any, name: str, label: str, default: Any, **options: Any) -> None:
    key = f"export.hub.{name}"
    state.show(key, _value(name, default))
    draw(label, key=key, on_change=FORM.taking(f"hub.{name}", key), **options)
