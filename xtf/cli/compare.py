"""`xtf compare`: the same fine-tune by several strategies, measured on one held-out set."""

from typing import Any

import click

from xtf import runs, workspace
from xtf.cli import flags
from xtf.cli.output import json_flag, progress, show, table
from xtf.cli.train import settings_from
from xtf.comparison import files, folder
from xtf.comparison.folder import Comparison
from xtf.comparison.settings import CompareSettings
from xtf.config import Check, settings
from xtf.errors import SettingsError
from xtf.evaluation.settings import EvaluationSettings
from xtf.training.settings import TrainSettings


@click.command()
@click.argument("run", required=False)
@click.option("--name", help="What the comparison is called. [default: RUN and compare]")
@click.option("--show", "shown", metavar="NAME", help="Print what a comparison has found so far.")
@click.option("--format", "kind", type=click.Choice(list(files.FORMATS)),
              help="With --show: the table as a file of this kind, with a caption.")
@click.option("--out", metavar="FILE", help="With --format: where it is written; printed if not given.")
@click.option("--delete", metavar="NAME", help="Delete a comparison; its fine-tunes stay.")
@click.option("--with-arms", is_flag=True, help="With --delete: delete its fine-tunes, too.")
@click.option("--config", metavar="FILE.yaml", help="Settings of the fine-tunes from a file; flags go before it.")
@click.option("--allow", multiple=True, type=click.Choice(Check.__args__),  # type: ignore[attr-defined]
              help="Train in spite of what this check found. May be given several times.")
@click.option("--strategies", multiple=True, metavar="A,B,…",
              help=f"{CompareSettings.model_fields['strategies'].description} [default: normal,xtf,random]")
@flags.from_settings(CompareSettings, skip=("strategies",))
@flags.from_settings(TrainSettings)
@flags.from_settings(EvaluationSettings, skip=("seed",))
@click.option("--evaluation-seed", type=int, help=EvaluationSettings.model_fields["seed"].description)
@flags.thresholds_options
@json_flag
def compare(run: str | None, name: str | None, shown: str | None, kind: str | None, out: str | None,
            delete: str | None, with_arms: bool, config: str | None, allow: tuple[str, ...], as_json: bool,
            **values: Any) -> Any:
    """Did it help? Fine-tune the model that scored RUN by each strategy, with the same initial weights, data order,
    seeds and learning rate, and measure base model and fine-tunes on one held-out set.

    The same command again goes on where it was stopped. Without RUN the comparisons are listed.
    """
    if delete:
        folder.delete_comparison(delete, with_arms)
        return show({"deleted": delete, "with_arms": with_arms}, as_json, f"Comparison {delete} is deleted"
                    + (", its fine-tunes, too." if with_arms else "; its fine-tunes stay."))
    if kind or out:
        return _file(shown, kind or "csv", out, as_json)
    if shown:
        return _show(folder.open_comparison(shown), as_json)
    if run is None:
        return _list(as_json)
    begun = _begin(run, name or f"{run}-compare", config, values)
    from xtf.comparison.work import compare as work

    with progress() as report:
        work(begun, allow=allow, progress=report)
    return _show(begun, as_json)


def _begin(run: str, name: str, config: str | None, values: dict[str, Any]) -> Comparison:
    """Raises: SettingsError for what is out of order; TrainingError where the name is taken."""
    names = tuple(part.strip() for given in values["strategies"] for part in given.split(",") if part.strip())
    chosen = settings(CompareSettings, flags.given(values | {"strategies": names}, CompareSettings))
    seed = {} if values["evaluation_seed"] is None else {"seed": values["evaluation_seed"]}
    evaluation = settings(EvaluationSettings, flags.given(values | {"seed": None}, EvaluationSettings) | seed)
    return folder.begin(runs.open_run(run), flags.thresholds_from(values), chosen, settings_from(values, config),
                        evaluation, name)


def _file(name: str | None, kind: str, out: str | None, as_json: bool) -> Any:
    """The table of a comparison, written or printed. Raises: SettingsError without --show, or for a place that cannot
    be written to; StoreError."""
    from xtf.comparison.result import result

    if name is None:
        raise SettingsError("--format and --out are for what a comparison found: name it with --show NAME.")
    text = files.written(result(folder.open_comparison(name)), kind)
    if out is None and not as_json:
        click.echo(text, nl=False)  # as it is: what prints for people breaks long lines
    if out is None:
        return show({"comparison": name, "format": kind, "text": text}, as_json)
    path = workspace.expanded(out)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}): name another --out.") from error
    return show({"comparison": name, "format": kind, "out": str(path)}, as_json, f"The table of {name} is in {path}.")


def _show(comparison: Comparison, as_json: bool) -> Any:
    """The verdict, the table, and the paper's figures apart from it."""
    from xtf.comparison import paper
    from xtf.comparison import table as tables
    from xtf.comparison.result import result
    from xtf.comparison.verdict import verdict

    found = result(comparison)
    told = verdict(found)
    published = paper.TASKS.get(found.task)
    plain = tables.as_json(found) | {"paper": {"label": paper.LABEL, "task": published and published._asdict()}}
    return show(plain, as_json,
                *filter(None, [told.headline]), *told.sentences,
                *(table(f"{title} of comparison {found.name}, 95 % intervals in brackets", list(cells[0]),
                        [["\n".join(tables.lines(value)) for value in row.values()] for row in cells])
                  for title, cells in tables.parts(found)), *tables.missing(found), *found.notes,
                *([paper.sentence(published)] if published else []),
                f"Next: xtf app, page Compare; or xtf compare --show {found.name}.")


def _list(as_json: bool) -> Any:
    """All comparisons, newest first."""
    from xtf.comparison.arms import states

    found = [(one, [state.state for state in states(one)]) for one in folder.list_comparisons()]
    rows = [(one.name, one.run, ", ".join(one.settings.strategies), str(one.settings.seeds),
             f"{arms.count('done')} of {len(arms)}", one.record["created"]) for one, arms in found]
    return show({"comparisons": [{"name": one.name, **one.record, "arms": arms} for one, arms in found]}, as_json,
                table("", ["comparison", "run", "strategies", "seeds", "arms done", "created (UTC)"], rows)
                if rows else "No comparisons yet: `xtf compare RUN` makes one.")
