"""Made-up runs as the checks before an export see them."""

import numpy as np

from tests.tables import EOS, PROMPT, RESPONSE, table
from xtf import filters, preflight
from xtf.config import Cutoff, ExportSettings, Off, Thresholds
from xtf.store import Manifest

MANIFEST = Manifest("made-up", "0123456789abcdef", {"data": "demo"}, {"name": "tiny", "context": 4096})
#: Drops what has p above one half, and nothing else.
HALF = Thresholds(reasoning=Off(), relevance=Off(), novelty=Cutoff(value=0.5), insist=True, protect_eos=False,
                  protect_final_answer=False)
MARKS = {"p": PROMPT, "k": RESPONSE, "d": RESPONSE, "E": EOS, "e": EOS}


def rows(*words, marks=MARKS):
    """A table with one example for each word, one token for each letter: p of the prompt, k kept, d dropped, E a kept
    end of turn, e a dropped one. Each example has ids of its own."""
    ids = [[100 * number + place for place in range(len(word))] for number, word in enumerate(words)]
    p = [[0.9 if letter in "de" else 0.1 for letter in word] for word in words]
    return table(ids, [[marks[letter] for letter in word] for word in words], {"logprob": [np.log(row) for row in p]})


def look(scores, thresholds=HALF, manifest=MANIFEST, **settings):
    """The findings by name."""
    found = preflight.check(manifest, scores, filters.judge(scores, thresholds), ExportSettings(**settings))
    return {finding.check: finding for finding in found}


def mended(scores, name, thresholds=HALF, manifest=MANIFEST, **settings):
    """What that check says once its fix is applied."""
    fix = look(scores, thresholds, manifest, **settings)[name].fix
    thresholds, chosen = fix.applied(thresholds, ExportSettings(**settings))
    return look(scores, thresholds, manifest, **chosen.model_dump())[name]
