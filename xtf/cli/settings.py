"""`xtf settings`: thresholds under a name, and what two of them make of the same run."""

from typing import Any

import click

from xtf import changes, runs, saved
from xtf.cli import flags
from xtf.cli.output import json_flag, show, table
from xtf.config import PRESETS, Thresholds
from xtf.errors import SettingsError
from xtf.words import count, excerpt, percent

_SHOWN = 10  # examples


@click.command()
@click.option("--show", "shown", metavar="NAME|FILE.yaml", help="Show settings as YAML.")
@click.option("--save", metavar="NAME", help="Save the settings that the flags below give.")
@click.option("--note", default="", help="With --save: a few words on what they are for.")
@click.option("--overwrite", is_flag=True, help="With --save: replace settings of that name.")
@click.option("--delete", metavar="NAME", help="Delete settings.")
@click.option("--compare", nargs=2, metavar="A B", help="What B newly drops and rescues in a run against A: two names, "
                                                         "presets or files.")
@click.option("--run", metavar="RUN", help="With --compare: the run. With --save: the run they are made on. Without "
                                           "either: list what each keeps of it.")
@flags.thresholds_options
@json_flag
def settings(shown: str | None, save: str | None, note: str, overwrite: bool, delete: str | None,
             compare: tuple[str, str] | None, run: str | None, as_json: bool, **values: Any) -> Any:
    """List saved settings, or show, save, delete or compare them."""
    if len([wish for wish in (shown, save, delete, compare) if wish]) > 1:
        raise SettingsError("--show, --save, --delete and --compare exclude each other: give one.")
    if not save:
        _nothing_to_save(values)
    if shown:
        return _show(saved.find(shown), as_json)
    if save:
        return _save(save, note, overwrite, run, as_json, values)
    if delete:
        saved.delete(delete)
        return show({"deleted": delete}, as_json, f"Settings {delete} are deleted.")
    if compare:
        return _compare(saved.find(compare[0]), saved.find(compare[1]), run, as_json)
    return _list(run, as_json)


def _nothing_to_save(values: dict[str, Any]) -> None:
    """Flags that would have no effect are refused."""
    given = [name for name, value in values.items()
             if not (value is None or value == () or (value is False and name.endswith("_off")))]
    if given:
        flag = "settings" if given[0] == "settings_name" else given[0].replace("_", "-")
        raise SettingsError(f"--{flag} makes settings only together with --save NAME: add it, or leave --{flag} out.")


def _show(found: saved.Saved, as_json: bool) -> Any:
    if not as_json:  # as it is, so that it can go into a file: no line of it is folded
        click.echo(saved.text(found), nl=False)
        return found.model_dump()
    return show(found.model_dump(), True)


def _save(name: str, note: str, overwrite: bool, run: str | None, as_json: bool, values: dict[str, Any]) -> Any:
    origin = saved.Origin(name=run, id=runs.open_run(run).manifest.run_id) if run else None
    made = saved.save(name, flags.thresholds_from(values), flags.started(values).preset, note, origin, overwrite)
    return show(made.model_dump(), as_json, f"Saved as {name}: {_differs(made)}. "
                f"Use them with: xtf filter RUN --settings {name}")


def _list(run: str | None, as_json: bool) -> Any:
    found, faults = saved.listed()
    keeps = _kept_shares(run, [one.thresholds for one in found]) if run else []
    rows = [(one.name, one.preset, *([keeps[row]] if run else []), _differs(one), excerpt(one.note), one.created)
            for row, one in enumerate(found)]
    titles = ["name", "based on", *([f"kept of {run}"] if run else []), "differs in", "note", "created (UTC)"]
    return show({"settings": [one.model_dump() for one in found], "faults": faults}, as_json,
                table("", titles, rows) if rows else "No saved settings yet: `xtf settings --save NAME` with the flags "
                "of `xtf filter` makes some.", *faults)


def _kept_shares(run: str, all_of: list[Thresholds]) -> list[str]:
    from xtf import strategies

    scored = runs.open_run(run).table()
    trainable = int(scored.trainable_counts.sum())
    shares = []
    for thresholds in all_of:
        try:
            shares.append(percent(strategies.judge(scored, thresholds).keep.sum() / max(trainable, 1)))
        except SettingsError:
            shares.append("not for this run")
    return shares


def _compare(a: saved.Saved, b: saved.Saved, run: str | None, as_json: bool) -> Any:
    from xtf import difference, strategies

    if not run:
        raise SettingsError("--compare needs a run to compare on: add --run RUN.")
    scored = runs.open_run(run).table()
    found = difference.compare(scored, strategies.judge(scored, a.thresholds), strategies.judge(scored, b.thresholds))
    fields = changes.between(a.thresholds, b.thresholds)
    sides = {side: {"name": one.name, "preset": one.preset, "thresholds": one.thresholds.model_dump(), **found[side]}
             for side, one in (("a", a), ("b", b))}
    return show({"run": run, **found, **sides, "fields": [field._asdict() for field in fields]}, as_json,
                *_in_words(a, b, found, fields))


def _in_words(a: saved.Saved, b: saved.Saved, found: dict[str, Any], fields: list[changes.Change]) -> list[Any]:
    examples = found["examples"]
    counts = ("newly_dropped", "rescued")
    told = (f"A ({a.name or 'file'}) keeps {percent(found['a']['kept_share'], 2)}, B ({b.name or 'file'}) "
            f"{percent(found['b']['kept_share'], 2)} of {count(found['trainable'])} response tokens. B newly drops "
            f"{count(found['newly_dropped'])} and rescues {count(found['rescued'])}; {count(examples['changed'])} "
            f"examples change, of which {count(examples['emptied'])} lose all.")
    gone, back = (found["reasons"][kind] for kind in counts)
    reasons = [(name, f"{gone[name]:,}", f"{back[name]:,}") for name in gone]
    roles = [(name, *(f"{part[kind]:,}" for kind in ("tokens", *counts))) for name, part in found["roles"].items()
             if part["tokens"]]
    most = [(row["id"], *(f"{row[kind]:,}" for kind in ("trainable", "kept_a", "kept_b", *counts)))
            for row in examples["most"][:_SHOWN]]
    parts = [told, table("What differs", ["setting", "A", "B"], [field[1:] for field in fields]),
             table("Dropped by", ["by", "newly dropped", "rescued"], reasons),
             table("Roles of the tokens", ["role", "in responses", "newly dropped", "rescued"], roles),
             table("Examples that change most", ["id", "response tokens", "kept by A", "kept by B", "newly dropped",
                                                 "rescued"], most)]
    return parts if most else [*parts[:2], "They give every token of this run the same verdict."]


def _differs(one: saved.Saved) -> str:
    return changes.in_words(changes.between(PRESETS[one.preset][1], one.thresholds), 4) or "as the preset"
