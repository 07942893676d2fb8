"""A sentence of the reader's own: the form, the job that scores it, and what each of its tokens came to."""

import streamlit as st

from xtf import explain, jobs, sentences, strategies
from xtf.config import Thresholds
from xtf.figures.tokens import payload
from xtf.filters import Verdicts
from xtf.runs import Run
from xtf.sentences import Sentence
from xtf.store import ScoreTable
from xtf.ui import asked, frame, loaders, state
from xtf.ui.loaders import Identity
from xtf.ui.state import Form
from xtf.ui.token_view import token_view
from xtf.words import count, escaped, visible

#: The paper's `220 - 4 = 216`, in words that the embedded model is sure of.
CASE = ("A farmer has 220 apples and sells 4 of them. Is it true that 220 - 4 = 216?",
        "Yes, it is true that 220 - 4 = 216. The farmer has 216 apples left.\n#### 216")
_FORM = Form("method")
_KEYS = {"prompt": "method.prompt", "response": "method.response"}
_LONGEST = 20_000  # characters: a command line holds no more than 128 KiB in one place
_BESIDE = 64  # shards, about a million tokens
_NAMED = 8  # token types


def section(run: Run) -> None:
    """Form, job and result. Raises: JobError, StoreError, SettingsError."""
    prompt, response = texts(run)
    _form(run, prompt, response)
    found = sentences.cached(run.manifest.run_id, prompt, response)
    if found is None and not asked.waiting(command(run, prompt, response), "sentence-job"):
        found = sentences.cached(run.manifest.run_id, prompt, response)  # the job may have ended just now
    if found is not None:
        _result(run, found)
    elif (prompt, response) != CASE:
        st.caption("Not scored with this run's model yet.")


def stands_ready(run: Run, prompt: str, response: str) -> bool:
    """Whether the form holds these texts and no job is at work on them."""
    job = asked.latest(command(run, prompt, response))
    return texts(run) == (prompt, response) and (job is None or job.state != "running")


def command(run: Run, prompt: str, response: str) -> list[str]:
    """`xtf sentence …`; no command line can hold a NUL."""
    prompt, response = (text.replace("\0", "\ufffd") for text in (prompt, response))
    return ["sentence", run.name, f"--prompt={prompt}", f"--response={response}", "--json"]


def texts(run: Run) -> tuple[str, str]:
    """Prompt and response as last handed in; in a new session those of the run's newest job, else the paper's case."""
    held = _FORM.values
    if "prompt" not in held:
        held["prompt"], held["response"] = _newest(run) or CASE
    return held["prompt"], held["response"]


def _newest(run: Run) -> tuple[str, str] | None:
    """What was asked last of this run, so that a page that is loaded anew goes on with it."""
    for job in jobs.list_jobs():
        parts = [word.partition("=") for word in job.argv[2:4]]
        if job.argv[:2] == ["sentence", run.name] and [part[0] for part in parts] == ["--prompt", "--response"]:
            return parts[0][2], parts[1][2]
    return None


def _form(run: Run, prompt: str, response: str) -> None:
    state.show(_KEYS["prompt"], prompt)
    state.show(_KEYS["response"], response)
    with st.form("method.sentence"):
        left, right = frame.cards("sentence", 2)
        left.text_area("Prompt", key=_KEYS["prompt"], height=140, max_chars=_LONGEST,
                       help="What the model is asked. It is read, never trained.")
        right.text_area("Response", key=_KEYS["response"], height=140, max_chars=_LONGEST,
                        help="What the model should learn to answer: each of its tokens is scored. A line that begins "
                             "with #### states the final answer, which is protected.")
        handed_in = st.form_submit_button("Score it", type="primary", icon=":material/play_arrow:", on_click=_take,
                                          help="Reads the sentence with the run's model, in the background: seconds.")
    if (prompt, response) != CASE:
        st.button("Back to the paper's case", type="tertiary", icon=":material/undo:", on_click=_put, args=CASE)
    if handed_in and not response.strip():
        frame.fault("There is no response to score: write one.")
    elif handed_in and sentences.cached(run.manifest.run_id, prompt, response) is None:
        asked.start(command(run, prompt, response), f"A sentence for {run.name}")


def _take() -> None:
    _put(*(str(st.session_state[key]).replace("\0", "\ufffd") for key in _KEYS.values()))


def _put(prompt: str, response: str) -> None:
    _FORM.values.update(prompt=prompt, response=response)


def _result(run: Run, found: Sentence) -> None:
    thresholds = state.thresholds()
    table, verdicts = _judged(loaders.identity(run), found.prompt, found.response, thresholds.model_dump_json())
    one = table.example(len(table) - 1)
    st.markdown(f"**{escaped(explain.summary_sentence(table, verdicts, one.index))}**")
    token_view(payload(one, verdicts, table, alternatives=found.alternatives), key=f"sentence-{found.run_id}")
    for note in _notes(run, table, verdicts):
        st.caption(escaped(note))


@st.cache_resource(max_entries=2, show_spinner=False)
def _judged(run: Identity, prompt: str, response: str, thresholds: str) -> tuple[ScoreTable, Verdicts]:
    found = sentences.cached(run[1], prompt, response)
    if found is None:  # tidied away between two looks
        st.rerun()
    table = sentences.beside(loaders.opened(run), found, _BESIDE)
    return table, strategies.judge(table, Thresholds.model_validate_json(thresholds))


def _notes(run: Run, table: ScoreTable, verdicts: Verdicts) -> list[str]:
    """What to know of these verdicts."""
    total = run.manifest.counts.get("examples", 0)
    others = count(len(table) - 1) if len(table) > total else f"the first {count(len(table) - 1)} of {count(total)}"
    notes = [f"Judged by the thresholds in the sidebar, beside {others} examples of {run.name}, as if it were one "
             "of them."]
    one, here = table.example(len(table) - 1), slice(int(table.offsets[-2]), None)
    unknown = sorted(set(one.ids[one.trainable & (table.types("count")[table.type_of[here]] == 0)].tolist()))
    if unknown:
        names = dict(zip(table.types("id").tolist(), table.type_texts))
        listed = ", ".join(f"“{visible(names[id_])}”" for id_ in unknown[:_NAMED])
        more = f" and {count(len(unknown) - _NAMED)} more" if len(unknown) > _NAMED else ""
        notes.append(f"{run.name} has never seen {listed}{more}: such tokens have no relevance, and are not dropped "
                     "by it.")
    return notes
