"""Named settings: what a file of them says, that it is read back as it was, and what is refused."""

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

import xtf
from tests.settings import presets, texts, thresholds
from xtf import saved
from xtf.config import PRESETS, ByClass, ByType, Cutoff, Fence, Off, Otsu, Thresholds
from xtf.errors import SettingsError, StoreError

NUMBERS = ByClass(action="keep", role="numbers", created="2026-11-23T10:00:00+00:00", note="sums")
STRICT = Thresholds(novelty=Cutoff(value=0.9), combine="two", overrides=(NUMBERS,))
ORIGIN = saved.Origin(name="demo", id="0123456789abcdef")


def told(content):
    """The one sentence on a faulty file."""
    with pytest.raises(SettingsError) as error:
        saved.from_yaml(content)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_says_only_what_differs_from_the_preset():
    content = saved.to_yaml(STRICT, "corrected", "for sums", ORIGIN, "strict")
    header, rest = content.split("\n", 1)
    assert header.startswith("# ") and "xtf filter" in header
    values = yaml.safe_load(rest)
    assert values.pop("created").endswith("+00:00")
    assert values == {
        "xtf": xtf.__version__, "name": "strict", "run": {"name": "demo", "id": "0123456789abcdef"},
        "note": "for sums", "preset": "corrected",
        "thresholds": {"combine": "two", "novelty": {"kind": "cutoff", "value": 0.9}, "overrides": [
            {"by": "class", "action": "keep", "role": "numbers", "created": "2026-11-23T10:00:00+00:00",
             "note": "sums"}]}}
    assert saved.differences("paper", PRESETS["paper"][1]) == {}
    assert saved.differences("paper", PRESETS["paper"][1].model_copy(update={"reasoning": Fence(k=1.0, cap=0.1)})) == {
        "reasoning": {"kind": "fence", "k": 1.0, "cap": 0.1}}


@given(presets, thresholds, st.text(max_size=500) | texts, texts)
def test_a_file_is_read_back_as_it_was(preset, chosen, note, run):
    found = saved.from_yaml(saved.to_yaml(chosen, preset, note, saved.Origin(name=run, id=run)))
    assert (found.preset, found.thresholds, found.note, found.run) == (preset, chosen, note,
                                                                       saved.Origin(name=run, id=run))


@given(presets, thresholds)
@trying(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_leads_back_to_what_was_saved(preset, chosen):
    made = saved.save("mine", chosen, preset, overwrite=True)
    assert saved.load("mine") == made and made.thresholds == chosen


def test_written_by_hand_it_may_be_short():
    found = saved.from_yaml("thresholds:\n  novelty: {kind: cutoff, value: 1e-3}\n  relevance: {kind: off}\n"
                            "  overrides:\n  - {by: type, action: drop, token: 7, created: 2026-11-23T10:00:00Z}\n"
                            "created: 2026-11-23")
    assert found.preset == "corrected" and found.created == "2026-11-23"
    seven = ByType(action="drop", token=7, created="2026-11-23T10:00:00+00:00")
    assert found.thresholds == Thresholds(novelty=Cutoff(value=0.001), relevance=Off(), overrides=(seven,))
    assert saved.from_yaml("thresholds: {relevance: off}").thresholds == Thresholds(relevance=Off())
    assert saved.from_yaml("preset: paper").thresholds == PRESETS["paper"][1]


@pytest.mark.parametrize("content, words", [
    ("", ["empty"]), ("- a\n- b", ["names and values"]), ("just words", ["names and values"]),
    ("preset: [", ["YAML", "line 1"]), ("a: b: c", ["YAML", "line 1"]), ("\x00", ["YAML"]),
    ("preset: nonsense", ["preset", "'nonsense'", "paper"]), ("preset: [paper]", ["preset"]),
    ("colour: red\nthresholds: {size: 3}", ["colour", "thresholds.size"]),
    ("thresholds: {combine: none, novelty: {kind: cutoff, value: much}, reasoning: {kind: magic}}",
     ["thresholds.combine", "thresholds.novelty", "thresholds.reasoning"]),
    ("thresholds: {novelty: {kind: quantile, share: 7}}", ["share"]),
    ("thresholds: {overrides: [{by: class, action: keep, role: nonsense}, {by: magic}, 3]}",
     ["overrides.0", "overrides.1", "overrides.2"]),
    ("thresholds: 3", ["thresholds"]), ("thresholds: {overrides: 3}", ["overrides"]),
    ("preset: paper\npreset: corrected", ["preset twice"]),
    ("thresholds: {novelty: {kind: cutoff, value: 1, value: 2}}", ["value twice"]),
    ("!!python/object/apply:os.system ['true']", ["YAML"]), ("note: " + "x" * 501, ["note"]),
    ("created: 2026-13-45", ["YAML", "month"]), ("1: 2", ["1"]), ("[" * 5000, ["YAML"]),
    ("#" * (saved.LARGEST + 1), ["too long"]),
])
def test_all_faults_are_told_in_one_sentence(content, words):
    sentence = told(content)
    assert [word for word in words if word not in sentence] == [], sentence


def test_a_bomb_of_aliases_ends_soon():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "a29" in told("\n".join([*lines, "thresholds: {overrides: *a29}"]))
    assert "recursive" in told("recursive: &r [*r]")


def test_nothing_is_overwritten_without_being_asked():
    saved.save("mine", STRICT)
    with pytest.raises(SettingsError, match="already"):
        saved.save("mine", Thresholds())
    assert saved.load("mine").thresholds == STRICT
    saved.save("mine", Thresholds(), overwrite=True)
    assert saved.load("mine").thresholds == Thresholds()


@pytest.mark.parametrize("name", ["../mine", "", "a/b", ".hidden", " a", "x" * 81, "mine.yaml", "mine.YML", "paper"])
def test_names_are_checked(name, home):
    with pytest.raises(SettingsError):
        saved.save(name, STRICT)
    with pytest.raises(SettingsError):
        saved.load(name)
    with pytest.raises(SettingsError):
        saved.delete(name)
    assert not home.exists()


def test_presets_names_and_files_are_found_alike(tmp_path):
    saved.save("mine", STRICT)
    (tmp_path / "theirs.yml").write_text("preset: paper")
    assert saved.find("mine").thresholds == STRICT and saved.find("mine").name == "mine"
    assert saved.find("paper") == saved.Saved(name="paper", preset="paper", thresholds=PRESETS["paper"][1])
    assert saved.find(tmp_path / "theirs.yml").preset == "paper"
    with pytest.raises(SettingsError, match="nonsense"):
        saved.find("nonsense")


def test_a_file_is_known_by_its_ending(tmp_path):
    path = tmp_path / "theirs.yaml"
    path.write_text(saved.to_yaml(STRICT, "corrected", name="strict"), encoding="utf-8")
    assert saved.load(path).thresholds == STRICT and saved.load(str(path)).name == "strict"
    path.write_text("colour: red")
    with pytest.raises(SettingsError, match=r"theirs\.yaml: .*colour"):
        saved.load(path)
    path.write_bytes(b"note: \xff")
    with pytest.raises(SettingsError, match="could not be read"):
        saved.load(path)
    with pytest.raises(SettingsError, match="no file"):
        saved.load(tmp_path / "missing.yml")


def test_the_list_is_newest_first_and_tells_what_cannot_be_read(home, monkeypatch):
    assert saved.listed() == ([], [])
    for name in ("first", "second"):
        made = saved.save(name, STRICT)
        dated = made.model_copy(update={"created": f"2026-01-0{len(name) - 4}"})
        saved.write(saved.path_of(name), dated)
    (home / "settings" / "broken.yaml").write_text("preset: nonsense")
    (home / "settings" / ".writing-x.yaml").write_text("")
    found, faults = saved.listed()
    assert [one.name for one in found] == ["second", "first"] and len(faults) == 1 and "broken" in faults[0]
    saved.delete("first")
    assert [one.name for one in saved.listed()[0]] == ["second"]
    with pytest.raises(SettingsError, match=r"no settings called first: choose one of broken, second"):
        saved.delete("first")


def test_a_copied_file_goes_by_its_own_name(home):
    saved.save("mine", STRICT)
    (home / "settings" / "yours.yaml").write_bytes((home / "settings" / "mine.yaml").read_bytes())
    assert saved.load("yours").name == "yours"


def test_a_place_that_cannot_be_written_is_told(home):
    home.write_text("a file where the workspace should be")
    with pytest.raises(StoreError, match="could not be written"):
        saved.save("mine", Thresholds(relevance=Otsu(drop=0)))
