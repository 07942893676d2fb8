"""The grid of one threshold: what it says of every place equals what judging there says."""

import numpy as np
import pytest

from tests.random_tables import random_table, random_thresholds
from xtf import filters, grid, stats
from xtf.config import ATTRIBUTES


def moved(thresholds, name, found, place):
    rule = getattr(thresholds, name)
    value = found.values[place]
    changed = rule.model_copy(update={found.field: int(value) if found.field == "drop" else float(value)})
    return thresholds.model_copy(update={name: changed})


def places(found, random):
    return {0, found.now, len(found.values) - 1, *random.integers(0, len(found.values), 4).tolist()}


@pytest.mark.parametrize("seed", range(120))
def test_every_place_is_what_judging_there_gives(seed):
    random = np.random.default_rng(seed)
    table = random_table(random)
    thresholds = random_thresholds(random)
    verdicts = filters.judge(table, thresholds)
    for name in ATTRIBUTES:
        found, effects = grid.of(table, thresholds, name), grid.effects(table, verdicts, name)
        if found is None:
            assert effects is None and not verdicts.attributes[name].fails.any()
            continue
        swept = grid.sweep(table, verdicts, name).set_index("value")
        for place in places(found, random):
            changed = moved(thresholds, name, found, place)
            judged = filters.judge(table, changed)
            fails = found.onset <= place if found.nested else found.onset == place
            assert fails.tolist() == judged.attributes[name].fails.tolist()
            told = stats.summary(table, judged)
            assert effects.without_kept[place] == told["examples_without_kept"]
            assert effects.under[place] == told["examples_under"]["examples"]
            assert swept.loc[found.values[place], "kept"] == told["kept"]
            assert swept.loc[found.values[place], "dropped"] == told["attributes"][name]["dropped"]
            for example in range(len(table)):
                limits = judged.attributes[name].limits
                expected = limits[example if len(limits) > 1 else 0]
                np.testing.assert_array_equal(
                    grid.limits_of(table, thresholds, name, example)[place], expected)


def test_the_present_setting_has_a_place_of_its_own():
    random = np.random.default_rng(5)
    table = random_table(random)
    for seed in range(40):
        thresholds = random_thresholds(np.random.default_rng(seed))
        for name in ATTRIBUTES:
            if found := grid.of(table, thresholds, name):
                assert found.values[found.now] == getattr(getattr(thresholds, name), found.field)
                assert len(set(found.values.tolist())) == len(found.values)
