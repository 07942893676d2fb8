"""`xtf sentence`: a prompt and a response of one's own, scored with a run's model and judged beside its examples."""

from typing import Any, TextIO

import click

from xtf import runs, sentences
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.errors import SettingsError
from xtf.jobs import reporter
from xtf.sentences import Sentence


@click.command()
@click.argument("run")
@click.option("--prompt", help="The prompt.")
@click.option("--prompt-file", type=click.File(encoding="utf-8", errors="replace"),
              help="Read the prompt from a file, - for standard input; a line end at its end does not count.")
@click.option("--response", help="The response, whose tokens are scored.")
@click.option("--response-file", type=click.File(encoding="utf-8", errors="replace"),
              help="Read the response from a file, or -.")
@flags.thresholds_options
@json_flag
def sentence(run: str, prompt: str | None, prompt_file: TextIO | None, response: str | None,
             response_file: TextIO | None, as_json: bool, **values: Any) -> Any:
    """Score a sentence of your own with the model, template and settings of RUN, and judge it as if it were one of its
    examples. The newest 50 are kept in the workspace."""
    asked = _text("prompt", prompt, prompt_file), _text("response", response, response_file)
    thresholds, opened = flags.thresholds_from(values), runs.open_run(run)
    opened.table()  # a run that cannot be read is told before a model is loaded
    found, known = sentences.cached(opened.manifest.run_id, *asked), True
    if found is None:
        from xtf.engine.sentence import score  # loads the model

        with progress() as report:
            found, known = score(opened, *asked, report), False
    told = {"run": run, "digest": sentences.digest(found.run_id, *asked), "known": known}
    if reporter():  # a job keeps only which sentence it was
        return show(told, as_json)
    _show(opened, found, told, thresholds, as_json)
    return told


def _text(name: str, text: str | None, file: TextIO | None) -> str:
    """Raises: SettingsError unless it is given in one of the two ways."""
    if (text is None) == (file is None):
        raise SettingsError(f"Give the {name} once: as --{name} TEXT or as --{name}-file FILE.")
    return text if text is not None else file.read().removesuffix("\n")  # type: ignore[union-attr]


def _show(run: runs.Run, found: Sentence, told: dict[str, Any], thresholds: Any, as_json: bool) -> None:
    from xtf import explain, strategies

    scored = sentences.beside(run.table(), found)
    verdicts, one = strategies.judge(scored, thresholds), scored.example(len(scored) - 1)
    here = slice(int(scored.offsets[-2]), int(scored.offsets[-1]))
    values = {name: attribute.values[here] for name, attribute in verdicts.attributes.items()}
    rows = [(repr(one.text[start:end]), *(f"{values[name][t]:.4g}" for name in ("novelty", "reasoning", "relevance")),
             explain.sentence(scored, verdicts, here.start + t))
            for t, (start, end) in enumerate(one.spans) if one.trainable[t]]
    show(told | {"text": one.text, "ids": one.ids, "spans": one.spans, "marks": one.marks, "trainable": one.trainable,
                 "p": values["novelty"], "relevance": values["relevance"], **one.scores, "keep": verdicts.keep[here],
                 "verdict": verdicts.bits[here],
                 "alternatives": {"ids": found.alternatives.ids, "p": found.alternatives.p,
                                  "texts": found.alternatives.texts}},
         as_json, explain.summary_sentence(scored, verdicts, one.index),
         table("", ["token", "p", "reasoning", "relevance", "verdict"], rows))
