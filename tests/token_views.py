"""A small scored run for tests of the token view, and what Python sends of it."""

import numpy as np

from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import filters
from xtf.config import Cutoff, Off, Quantile, Thresholds
from xtf.figures import tokens


def scored():
    """One prompt token, five of the response, EOS with an empty span; a second example for dataset-wide ranges."""
    ids = [[9, 1, 2, 3, 4, 5, 6], [9, 1, 1]]
    marks = [[PROMPT, *[RESPONSE] * 5, EOS], [PROMPT, RESPONSE, RESPONSE]]
    scores = {
        "logprob": [np.log([1, 0.2, 0.96, 0.5, 1.0, 0.3, 0.4]), np.log([1, 0.5, 0.1])],
        "received_mean_adjusted": [[np.nan, 0.1, 2, 3, 4, 50, np.nan], [np.nan, 1, 2]]}
    types = {"embedding_dataset": {1: -0.5, 2: 0.5, 3: 0.0, 4: 0.25, 5: 0.5, 6: 0.5, 9: 0.5}}
    return table(ids, marks, scores, types, texts={3: "<b>", 6: ""})


THRESHOLDS = Thresholds(reasoning=Quantile(share=0.2), novelty=Cutoff(value=0.95), relevance=Off())


def payload(found, thresholds=THRESHOLDS, index=0):
    verdicts = filters.judge(found, thresholds)
    return tokens.payload(found.example(index), verdicts, found), verdicts
