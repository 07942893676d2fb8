"""Random runs and settings of every kind, with ties, gaps, protected tokens and overrides by hand."""

import numpy as np

from tests.tables import EOS, FINAL, PROMPT, RESPONSE, table
from xtf.config import ByClass, BySpan, ByType, Cutoff, Fence, Off, Otsu, Quantile, Thresholds


def random_table(random):
    """One to eight examples of up to 40 tokens."""
    lengths = random.integers(2, 40, random.integers(1, 9))
    ids = [random.integers(1, 12, length).tolist() for length in lengths]
    marks = [[PROMPT] * (cut := int(random.integers(1, length + 1))) + random.choice(
        [RESPONSE, RESPONSE, RESPONSE, FINAL, EOS], length - cut).tolist() for length in lengths]
    rough = random.random() < 0.5  # few distinct values: many ties

    def values(length, low, high):
        found = random.uniform(low, high, length)
        found = np.round(found, 1) if rough else found
        return np.where(random.random(length) < 0.1, np.nan, found)

    scores = {"logprob": [np.log(np.clip(values(length, 0, 1.05), 1e-9, 1)) for length in lengths],
              "received_mean_adjusted": [np.exp(values(length, -3, 3)) for length in lengths]}
    types = {"embedding_dataset": {token: float(random.uniform(-1, 1)) for token in range(1, 12)}}
    return table(ids, marks, scores, types, texts={3: " 12", 5: "\n", 7: "+"}, chunks=int(random.integers(1, 3)))


def random_thresholds(random):
    """Any rule for each attribute, insisting, so that even uninformative scores are used."""
    return Thresholds(
        **{name: random_rule(random, name) for name in ("reasoning", "novelty", "relevance")},
        combine=str(random.choice(["any", "two", "all"])), protect_eos=bool(random.random() < 0.5),
        protect_final_answer=bool(random.random() < 0.5), insist=True, overrides=random_overrides(random))


def random_rule(random, name):
    cap = {} if random.random() < 0.6 else {
        "cap": float(np.round(random.uniform(0, 0.6), 2)), "cap_ties": str(random.choice(["position", "published"]))}
    scope = str(random.choice(["example", "dataset"]))
    rules = [
        Off(), Cutoff(value=float(np.round(random.uniform(0.05, 0.95), 2)), **cap),
        Quantile(share=float(np.round(random.uniform(0, 1), 3)), scope=scope, **cap),
        Fence(k=float(np.round(random.uniform(0, 2), 2)), scope=scope, **cap),
        Otsu(classes=(classes := int(random.integers(2, 6))), drop=int(random.integers(0, classes)),
             scope=str(random.choice(["example", "dataset", "dataset+prompts"])), **cap)]
    return rules[int(random.choice(5, p=[0.1, 0.25, 0.25, 0.2, 0.2]))]


def random_overrides(random):
    if random.random() < 0.5:
        return ()
    def action():
        return str(random.choice(["keep", "drop"]))

    start = int(random.integers(0, 30))
    found = [ByClass(action=action(), role=str(random.choice(["numbers", "words", "whitespace", "operators"]))),
             ByType(action=action(), token=int(random.integers(1, 12))),
             BySpan(action=action(), example="e0", start=start, end=start + int(random.integers(1, 20)))]
    return tuple(found[:int(random.integers(1, 4))])
