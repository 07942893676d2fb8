"""Search in texts and ids, against a loop over Python strings."""

import re
import time

import numpy as np
import pytest

from tests.scored import HOSTILE
from tests.tables import table
from xtf import search
from xtf.errors import SettingsError

TEXTS = ["Tom has 48 apples", "apples APPLES", HOSTILE, "ÉCLAIR au café", "a.b*c", "line\nbreak\ttab", "שלום 🙂", "",
         "x" * 5000]


def run(chunks=1):
    """One token an example, whose text it is."""
    return table([[number] for number in range(len(TEXTS))], texts=dict(enumerate(TEXTS)), chunks=chunks)


@pytest.mark.parametrize("chunks", [1, 4])
@pytest.mark.parametrize("query", ["apples", "ApPlEs", "<SCRIPT>", "éclair", "a.b*c", ".*", "\n", "\t", "שלום", "🙂",
                                   "E1", "e", "48 ", "nowhere"])
def test_plain_search_is_what_a_loop_finds(query, chunks):
    found = search.plain(run(chunks), query)
    expected = [place for place, text in enumerate(TEXTS)
                if query.casefold() in text.casefold() or query.casefold() in f"e{place}"]
    assert found.examples.tolist() == expected
    assert found.searched == found.total == len(TEXTS) and found.note == ""


def test_half_a_character_is_found_nowhere():
    assert search.plain(run(), "\ud83d").examples.tolist() == []


@pytest.mark.parametrize("chunks", [1, 4])
@pytest.mark.parametrize("pattern", [r"\d+ apples", r"^apples", r"(?i)APPLES$", r"^$", r"<(\w+)>", r"x{100}$",
                                     r"^e[35]$", r"\n", r"nowhere"])
def test_a_pattern_finds_what_the_standard_library_finds(pattern, chunks):
    found = search.regex(run(chunks), pattern)
    expected = [place for place, text in enumerate(TEXTS)
                if re.search(pattern, text) or re.search(pattern, f"e{place}")]
    assert found.examples.tolist() == expected and found.note == ""


def test_a_pattern_that_takes_for_ever_gives_what_was_found_so_far():
    texts = {0: "aaa", 1: "b", 2: "a" * 60 + "b", 3: "aaa"}
    some = table([[number] for number in texts], texts=texts)
    began = time.monotonic()
    found = search.regex(some, r"^(a|aa)+$", seconds=0.3)
    assert time.monotonic() - began < 15  # the limit counts the processor's time
    assert found.examples.tolist() == [0] and (found.searched, found.total) == (2, 4)
    assert found.note.startswith("Searched the first 2 of 4 examples;")


def test_no_time_is_no_examples():
    found = search.regex(run(), "a", seconds=0)
    assert found.searched == 0 and not len(found.examples)


@pytest.mark.parametrize("pattern, place", [("(ab", "at character 4"), ("*a", "at character 1"),
                                            ("x{3,2}", "at character"), ("[a", "at character 3")])
def test_a_bad_pattern_is_told_with_its_place(pattern, place):
    with pytest.raises(SettingsError, match=place):
        search.regex(run(), pattern)


@pytest.mark.parametrize("pattern", ["(((a{1000}){1000}){1000})", "a{100000}", "(?:a{101}){100}", "a{,99999}",
                                     "(" * 800, "(" * 450 + "a" + ")" * 450, "a" * 1001, "a{9999999999999999999}"])
def test_a_pattern_that_would_not_fit_is_refused_at_once(pattern):
    began = time.monotonic()
    with pytest.raises(SettingsError):
        search.regex(run(), pattern)
    assert time.monotonic() - began < 2


def test_modest_counts_are_fine():
    assert search.regex(run(), r"(?:x{100}){50}$").examples.tolist() == [8]


def test_positions_run_on_over_batches(monkeypatch):
    monkeypatch.setattr(search, "_BEGINNING", 2)
    assert np.array_equal(search.plain(run(3), "e8").examples, [8])
    assert np.array_equal(search.regex(run(3), "^e[78]$").examples, [7, 8])
