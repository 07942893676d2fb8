"""The dials count in the browser what the server counts once the thresholds are really changed."""

import base64
import json

import numpy as np
import pytest

from tests.browser import chromium
from tests.tables import EOS, FINAL, PROMPT, RESPONSE, table
from xtf import filters, grid, stats
from xtf.config import ATTRIBUTES, ByClass, BySpan, ByType, Cutoff, Fence, Off, Otsu, Quantile, Thresholds
from xtf.figures import dials

SETTINGS, TABLES = 1000, 50
WORDS = {1: "12", 2: " +", 3: "\n", 4: " apples", 5: ".", 6: " Tom"}  # of several classes


@pytest.fixture(scope="module")
def counting():
    """The component's own functions in a browser."""
    with chromium() as running:
        page = running.new_page()
        page.evaluate("""async (js) => {
            window.dials = await import(URL.createObjectURL(new Blob([js], {type: "text/javascript"})));
        }""", dials.script())
        yield page


def random_table(rng):
    """A few examples, one of them without a response; scores with ties and gaps."""
    lengths = [*rng.integers(1, 40, size=rng.integers(1, 7)), 2]
    kinds = [RESPONSE] * 8 + [PROMPT, FINAL, EOS]
    marks = [rng.choice(kinds, length).tolist() for length in lengths[:-1]] + [[PROMPT, PROMPT]]
    ids = [rng.integers(1, 9, length).tolist() for length in lengths]

    def scores(values, gaps):
        rows = [np.where(rng.random(length) < gaps, np.nan, rng.choice(values, length)) for length in lengths]
        return [np.where(np.array(marked) == PROMPT, np.nan, row).tolist()
                for marked, row in zip(marks, rows, strict=True)]

    p = rng.choice([0.0005, 0.1, 0.5, 0.95, 0.951, 1.0, *rng.random(6)], 9)
    attention = np.append(rng.choice([0.0, 1.0, 2.0], 2), 10 ** rng.uniform(-2, 2, rng.integers(3, 30)))
    similar = {"embedding_dataset": {token: float(rng.choice([0.1, 0.2, rng.random()])) for token in range(1, 9)}}
    return table(ids, marks, {"logprob": scores(np.log(p), 0.05), "received_mean_adjusted": scores(attention, 0.15)},
                 similar, texts=WORDS, chunks=int(rng.integers(1, 3)))


def random_rule(rng, name):
    cap = {"cap": float(rng.choice([0.05, 0.3, 0.5])), "cap_ties": str(rng.choice(["position", "published"]))}
    rest = cap if rng.random() < 0.3 else {}
    scope = str(rng.choice(["example", "dataset"]))
    value = float(rng.choice([0.1, 0.5, 0.95, 1.3])) if name != "novelty" else float(rng.choice([0.0, 0.3, 0.95]))
    kinds = [Cutoff(value=value, **rest), Quantile(share=float(rng.choice([0, 0.02, 0.3, 1])), scope=scope, **rest),
             Fence(k=float(rng.choice([0, 0.5, 1.5])), scope=scope, **rest),
             Otsu(classes=5, drop=int(rng.integers(5)), **rest,
                  scope=str(rng.choice(["dataset", "dataset+prompts", "example"]))),
             Otsu(classes=3, drop=int(rng.integers(3)), **rest), Off()]
    return kinds[rng.choice(6, p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.1])]


def random_overrides(rng, made):
    found = []
    for _ in range(int(rng.integers(1, 4))):
        action = str(rng.choice(["keep", "drop"]))
        example, start = int(rng.integers(len(made))), int(rng.integers(20))
        found.append([ByClass(action=action, role=str(rng.choice(["numbers", "operators", "words", "special"]))),
                      ByType(action=action, token=int(rng.integers(1, 9))),
                      BySpan(action=action, example=f"e{example}", start=start, end=start + int(rng.integers(1, 30)))
                      ][int(rng.integers(3))])
    return tuple(found)


def random_thresholds(rng, made):
    return Thresholds(
        **{name: random_rule(rng, name) for name in ATTRIBUTES}, combine=str(rng.choice(["any", "two", "all"])),
        protect_eos=bool(rng.random() < 0.5), protect_final_answer=bool(rng.random() < 0.5), insist=True,
        relevance_distance=str(rng.choice(["normalised", "raw"])),
        overrides=random_overrides(rng, made) if rng.random() < 0.5 else ())


def moves(rng):
    """(payload, attribute, place, thresholds with that attribute really moved there, table) of random settings; some
    have nothing to move."""
    for number in range(SETTINGS):
        if number % (SETTINGS // TABLES) == 0:
            made = random_table(rng)
        thresholds = random_thresholds(rng, made)
        verdicts, k = filters.judge(made, thresholds), int(rng.integers(len(ATTRIBUTES)))
        payload, found = dials.payload(made, verdicts, "key"), grid.of(made, thresholds, ATTRIBUTES[k])
        if found is None:
            yield payload, -1, None, thresholds, made
            continue
        place = int(rng.integers(len(found.values)))
        value = found.values[place].item()
        rule = getattr(thresholds, ATTRIBUTES[k])
        changed = type(rule).model_validate({**rule.model_dump(), found.field: value})
        yield payload, k, place, thresholds.model_copy(update={ATTRIBUTES[k]: changed}), made


def bare(payload, k):
    """Without what the count takes nothing from."""
    attributes = [{**attribute, "grid": attribute["grid"] and {**attribute["grid"], "hatch": "", "lines": ""}
                   if place == k else None} for place, attribute in enumerate(payload["attributes"])]
    return {**payload, "attributes": attributes}


def batched(items, size):
    return (items[start:start + size] for start in range(0, len(items), size))


def test_browser_counts_what_the_server_counts_at_1000_random_settings(counting):
    told, wanted = [], []
    for payload, k, place, thresholds, made in moves(np.random.default_rng(20260214)):
        told.append([bare(payload, k), k, place])
        wanted.append(dials.read_outs(stats.summary(made, filters.judge(made, thresholds))))
    counted = [found for batch in batched(told, 100) for found in counting.evaluate(
        "(told) => JSON.parse(told).map(([data, k, place]) => dials.state(dials.decode(data), k, place))",
        json.dumps(batch))]
    moved = [k >= 0 for _, k, _ in told]
    assert len(counted) == SETTINGS and sum(moved) > 0.8 * SETTINGS
    for number, (browser, server) in enumerate(zip(counted, wanted, strict=True)):
        assert browser == server, (number, told[number][1:])
    dropped = np.array([found["dropped"] / max(1, found["dropped"] + found["kept"]) for found in wanted])
    assert 0.2 < dropped.mean() < 0.8 and sum(found["byHand"] > 0 for found in wanted) > 100  # the settings do differ
    assert sum(found["spared"] > 0 for found in wanted) > 100


def opened(payload, name):
    """A card's arrays: values, hatch [G, BINS], lines [G, 2, 3]."""
    card = payload["attributes"][ATTRIBUTES.index(name)]
    values, hatch, lines = (np.frombuffer(base64.b64decode(card["grid"][part]), kind) for part, kind in (
        ("values", "<f8"), ("hatch", "u1"), ("lines", "<f4")))
    return card, values, hatch.reshape(len(values), -1), lines.reshape(-1, 2, 3)


def test_hatch_and_lines_show_what_fails_at_each_place():
    """Against a walk over the tokens at each twentieth place: bars of p are sixtieths, lines the rules' own limits."""
    rng = np.random.default_rng(1)
    rows = [np.round(rng.random(30), 3) for _ in range(4)]
    made = table([[1] * 30] * 4, scores={"logprob": [np.log(row).tolist() for row in rows],
                                         "received_mean_adjusted": [row.tolist() for row in rows]})
    chosen = Thresholds(reasoning=Quantile(share=0.3), novelty=Cutoff(value=0.95), relevance=Off())
    payload = dials.payload(made, filters.judge(made, chosen), "key")
    card, values, hatch, lines = opened(payload, "novelty")
    p = np.exp(np.log(np.concatenate(rows))).astype(np.float32)
    bar = np.minimum((p * 60).astype(int), 59)
    assert card["bins"] == np.bincount(bar, minlength=60).tolist()
    for place in range(0, len(values), 20):
        whole, failing = (np.bincount(some, minlength=60) for some in (bar, bar[p > values[place]]))
        assert np.abs(hatch[place] / 255 - failing / np.maximum(whole, 1)).max() < 1 / 254
        assert ((hatch[place] == 255) == ((failing == whole) & (whole > 0))).all()
        assert ((hatch[place] == 0) == (failing == 0)).all()
        assert lines[place, 0].tolist() == [np.float32(values[place])] * 3 and np.isnan(lines[place, 1]).all()
    _, values, _, lines = opened(payload, "reasoning")
    place = int(np.flatnonzero(values == 0.3)[0])
    limits = sorted(np.quantile(np.float32(row), 0.3) for row in rows)
    assert lines[place, 1].tolist() == pytest.approx([limits[0], limits[2], limits[3]])  # ranks 0.15, 1.5, 2.85 of 0-3


def test_payload_does_not_grow_with_the_run():
    rng = np.random.default_rng(2)
    chosen = Thresholds(insist=True, **{name: Quantile(share=0.0123) for name in ATTRIBUTES})
    sizes = []
    for examples in (20, 2000):
        ids = rng.integers(0, 50, (examples, 20)).tolist()
        made = table(ids, scores={"received_mean_adjusted": rng.random((examples, 20)).tolist(),
                                  "logprob": np.log(rng.random((examples, 20))).tolist()},
                     types={"embedding_dataset": {token: rng.random() for token in range(50)}})
        sizes.append(len(json.dumps(dials.payload(made, filters.judge(made, chosen), "key"))))
    assert sizes[1] < 1.02 * sizes[0] and sizes[1] < 300_000
