"""A view as URL and as command line: both lead back to the same thresholds."""

import click
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying

from tests.settings import presets, thresholds
from xtf import linked
from xtf.cli import flags
from xtf.config import ATTRIBUTES, PRESETS, ByClass, BySpan, ByType, Cutoff, ScoreSettings, Thresholds
from xtf.errors import SettingsError, StoreError
from xtf.ui import commands, links


@given(presets, thresholds)
@trying(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_link_leads_back_to_the_same_thresholds(preset, chosen):
    query = links.to_query("demo", "7", preset, chosen)
    assert all(isinstance(value, str) and value for value in query.values())
    assert links.thresholds_from(query) == (preset, chosen)


def parsed(argv):
    """The thresholds that the command line makes of these flags."""
    found = []
    command = flags.thresholds_options(click.Command("filter", callback=lambda **values: found.append(values)))
    command.main(args=argv, standalone_mode=False)
    return flags.thresholds_from(found[0])


def plain(chosen):
    """The settings with what makes no difference left out: a cap of 1 is no cap, and "off" has none."""
    values = chosen.model_dump()
    for name in ATTRIBUTES:
        if values[name]["kind"] == "off":
            values[name] = {"kind": "off"}
        elif values[name]["cap"] == 1:
            values[name]["cap"] = None
    if all(isinstance(override, ByClass) and not override.note for override in chosen.overrides):
        # flags carry no date, and of equals only the last counts
        values["overrides"] = {override.role: override.action for override in chosen.overrides}
    return values


@given(presets, thresholds)
@trying(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_command_line_means_the_same_thresholds(preset, chosen):
    assert plain(parsed(commands.threshold_flags(preset, chosen))) == plain(chosen)


def test_what_is_as_in_the_preset_is_left_out():
    assert links.to_query(None, None, "corrected", PRESETS["corrected"][1]) == {}
    assert commands.threshold_flags("paper", PRESETS["paper"][1]) == ["--preset", "paper"]
    moved = PRESETS["corrected"][1].model_copy(update={"novelty": Cutoff(value=0.9)})
    assert links.to_query("demo", None, "corrected", moved) == {"run": "demo", "novelty.value": "0.9"}
    assert commands.threshold_flags("corrected", moved) == ["--preset", "corrected", "--novelty-cutoff", "0.9"]


def test_overrides_in_a_link_are_named_by_a_digest(home):
    one, other = ByType(action="drop", token=7, text="<b>"), BySpan(action="keep", example="e", start=0, end=2)
    chosen = Thresholds(overrides=(one, other))
    query = links.to_query("demo", None, "corrected", chosen)
    assert query.keys() == {"run", "overrides"} and query["overrides"].isalnum()
    path, = (home / "overrides").iterdir()
    assert path.name == f"{query['overrides']}.json"
    written = path.stat().st_mtime_ns
    assert links.to_query(None, None, "paper", PRESETS["paper"][1].model_copy(
        update={"overrides": (one.model_copy(), other)}))["overrides"] == query["overrides"]
    assert path.stat().st_mtime_ns == written
    swapped = links.to_query(None, None, "corrected", Thresholds(overrides=(other, one)))
    assert swapped["overrides"] != query["overrides"]
    path.write_text(path.read_text().replace("drop", "keep"))
    with pytest.raises(SettingsError, match="workspace"):
        links.thresholds_from(query)


@pytest.mark.parametrize("digest", ["0123456789abcdef", "", "../runs/x", "../settings", "0123456789ABCDEF", "\x00"])
def test_an_unknown_digest_is_a_sentence(digest, home):
    (home / "settings.json").parent.mkdir(parents=True)
    (home / "settings.json").write_text("[]")
    with pytest.raises(SettingsError, match="not in this workspace"):
        links.thresholds_from({"overrides": digest})


def test_a_link_is_made_even_where_nothing_can_be_written(home):
    home.write_text("a file where the workspace should be")
    with pytest.raises(StoreError):
        linked.keep((ByClass(action="keep", role="code"),))
    assert links.to_query("demo", None, "corrected", Thresholds(overrides=(ByClass(action="keep", role="code"),))) == {
        "run": "demo"}


def test_classes_are_flags_and_other_overrides_a_file(home):
    classes = Thresholds(novelty=Cutoff(value=0.9), overrides=(
        ByClass(action="keep", role="numbers", created="2026-01-01"), ByClass(action="drop", role="code")))
    assert commands.threshold_flags("corrected", classes) == [
        "--preset", "corrected", "--novelty-cutoff", "0.9", "--never-drop", "numbers", "--always-drop", "code"]
    mixed = classes.model_copy(update={"overrides": (*classes.overrides, ByType(action="keep", token=3, text=" t"))})
    flag, path, *rest = commands.threshold_flags("corrected", mixed)
    assert flag == "--settings" and rest == ["--novelty-cutoff", "0.9"]
    assert path.startswith(str(home / "overrides")) and parsed([flag, path, *rest]) == mixed


@pytest.mark.parametrize("query, word", [
    ({"preset": "nonsense"}, "nonsense"), ({"novelty.value": "much"}, "novelty"), ({"novelty": "magic"}, "novelty"),
    ({"combine": "none"}, "combine"), ({"novelty.colour": "red"}, "colour"), ({"reasoning.share": "7"}, "share")])
def test_a_broken_link_is_told_in_a_sentence(query, word):
    with pytest.raises(SettingsError, match=word) as told:
        links.thresholds_from(query)
    assert "\n" not in str(told.value)


def test_score_commands_name_only_what_differs(monkeypatch):
    monkeypatch.delenv("XTF_HOME")
    settings = ScoreSettings(data="my data.jsonl", limit=40, eos=False, too_long="truncate")
    argv = commands.score(settings, "first run")
    assert commands.shown(argv) == ("xtf score 'my data.jsonl' --run 'first run' --limit 40 --no-eos "
                                    "--too-long truncate")
    assert commands.score(ScoreSettings(data="-x.csv"))[-2:] == ["--", "-x.csv"]
    monkeypatch.setenv("XTF_HOME", "/tmp/a b")
    assert commands.shown(["runs"]) == "XTF_HOME='/tmp/a b' xtf runs"
