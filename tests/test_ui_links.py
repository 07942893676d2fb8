"""A view as URL and as command line: both lead back to the same thresholds."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtf.cli import flags
from xtf.config import ATTRIBUTES, PRESETS, Cutoff, Fence, Off, Otsu, Quantile, ScoreSettings, Thresholds
from xtf.errors import SettingsError
from xtf.ui import commands, links

shares = st.integers(0, 1000).map(lambda number: number / 1000)
caps = {"cap": st.none() | shares, "cap_ties": st.sampled_from(["position", "published"])}
rules = st.one_of(
    st.builds(Off),
    st.builds(Cutoff, value=st.floats(-5, 5, allow_nan=False), **caps),
    st.builds(Quantile, share=shares, scope=st.sampled_from(["example", "dataset"]), **caps),
    st.builds(Fence, k=st.floats(0, 9), scope=st.sampled_from(["example", "dataset"]), **caps),
    st.builds(Otsu, classes=st.integers(2, 5), drop=st.integers(0, 4),
              scope=st.sampled_from(["dataset", "dataset+prompts", "example"]), **caps))
thresholds = st.builds(
    Thresholds, reasoning=rules, novelty=rules, relevance=rules, combine=st.sampled_from(["any", "two", "all"]),
    reasoning_score=st.sampled_from(["received_mean", "received_last_adjusted", "row_mean"]),
    relevance_vector=st.sampled_from(["embedding", "hidden"]), insist=st.booleans(), protect_eos=st.booleans())
presets = st.sampled_from(list(PRESETS))


@given(presets, thresholds)
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
    return values


@given(presets, thresholds)
def test_the_command_line_means_the_same_thresholds(preset, chosen):
    assert plain(parsed(commands.threshold_flags(preset, chosen))) == plain(chosen)


def test_what_is_as_in_the_preset_is_left_out():
    assert links.to_query(None, None, "corrected", PRESETS["corrected"][1]) == {}
    assert commands.threshold_flags("paper", PRESETS["paper"][1]) == ["--preset", "paper"]
    moved = PRESETS["corrected"][1].model_copy(update={"novelty": Cutoff(value=0.9)})
    assert links.to_query("demo", None, "corrected", moved) == {"run": "demo", "novelty.value": "0.9"}
    assert commands.threshold_flags("corrected", moved) == ["--preset", "corrected", "--novelty-cutoff", "0.9"]


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
