"""What the Method page says, as Markdown. Figures are the paper's or ours, and each place says whose."""

from typing import NamedTuple

IDEA = """\
Fine-tuning data is written sentence by sentence, but a model learns token by token. Before any training, the *base*
model reads every example once, and each token of a response gets three scores. A token that clearly fails one of the
three questions is left out of the loss: its label becomes −100. It stays in the text, so that later tokens still see
it. Prompts, templates and special tokens are never trained, and never counted as dropped."""


class Score(NamedTuple):
    """How one attribute is computed, in a sentence, a formula, and the rule of the preset `corrected`."""

    told: str
    formula: str
    rule: str


SCORES = {
    "reasoning": Score(
        "The mean, over all layers, all heads and all later tokens $i$, of the attention $A_{i,k}$ that they pay to "
        "token $k$, each weight times the number of tokens that $i$ can see: 1 is what a reader who looks everywhere "
        "alike would give.",
        r"\mathrm{RI}(O_k) = \operatorname*{mean}_{\text{layers, heads}}\; \operatorname*{mean}_{i > k}\;"
        r" (i + 1)\, A_{i,k}",
        "The default drops the lowest 2 % of each response. The last token has no later one to look at it, and is "
        "never dropped by this."),
    "novelty": Score(
        "One minus the probability that the base model gives the token after the prompt $I$ and the response so far, "
        "$O_{<k}$.",
        r"\mathrm{KN}(O_k) = 1 - p(O_k), \qquad p(O_k) = P(O_k \mid I, O_{<k})",
        "The default drops what the model already gives more than 95 %."),
    "relevance": Score(
        "How near the token, taken alone, lies to the mean of all tokens of the dataset: the cosine of their input "
        "embeddings, stretched so that 1 is the nearest token of all responses and 0 the farthest.",
        r"\mathrm{TR}(O_k) = 1 - \frac{d(O_k) - \min d}{\max d - \min d}, \qquad"
        r" d(O_k) = 1 - \cos(e_{O_k}, \bar e)",
        "The default sorts tokens into five clusters and drops the second-lowest; the lowest is mostly spaces."),
}

DROP = """\
Dropped means **uninformative for this model and this task**. It does not mean *wrong*: novelty keeps what surprises
the model, and a wrong digit surprises it most. XTF is no tool for finding errors in answers. Another model, another
template or other data give other scores."""

PLANTED = """\
Noise of four kinds was planted into answers of maths, code and medicine (`xtf bench planted`). How well a low score
finds it is told as AUROC: 1.00 always finds it, 0.50 is guessing, 0.00 takes it for the best tokens of all.

| a low score finds | boilerplate | off-domain text | a wrong digit among digits | random words |
|---|---|---|---|---|
| Reasoning importance | 0.55 | 0.50 | 0.51 | 0.52 |
| Knowledge novelty | 0.34 | 0.32 | 0.12 | 0.01 |
| Task relevance | 0.62 | 0.50 | 0.46 | 0.96 |

None finds wrong digits, and novelty keeps planted errors by design: do not read a drop as a judgement on truth.
Measured with SmolLM2-135M-Instruct on 180 examples; intervals, all strategies and your own data are on the page
Evidence."""

MENDED = """\
- **The published reasoning score is a constant.** It averages each token's *own* attention over what it looks at.
  These weights sum to 1 by construction, so that every token gets 1/T, and what is dropped is rounding noise.
  `corrected` takes the attention that a token *receives*, as the paper's text says.
- **The paper's fence drops almost nothing.** With attention that is really received, Q1 − 1.0 · IQR lies below nearly
  every score. `corrected` drops the lowest 2 % instead.
- **Early tokens win by position.** A token shares one unit of attention among all tokens that it sees, so later ones
  give each less. `corrected` multiplies by how many there are.
- **The published code cuts novelty short.** It drops p > 95 % only within the top tenth of a response; the paper, and
  `corrected`, drop all of it.
- **The published relevance is another one.** It compares hidden states with a hand-written list of words, and takes
  tokens with the same stripped text for one. `corrected` follows the paper: input embeddings against the dataset's
  mean.
- **The end is part of the answer.** The published code trains no end token, cuts off what follows `####`, and uses no
  chat template. `corrected` never drops the end token or the line with the final answer; scoring uses the model's
  template and trains the end token unless you say otherwise.

The presets `paper` and `published-code` repeat both procedures, for comparison. Whatever the preset, XTF looks for
scores that say nothing (nearly constant, or mostly equal) and drops nothing by them unless you insist."""

CLAIMS = """\
These are **the paper's figures, not ours**: models of 1 to 14 billion parameters, 500 to 3,000 examples. Average
accuracy in %:

| | base | normal | twice the epochs | data filtering | augmentation | selective LM | token cleaning | XTF |
|---|---|---|---|---|---|---|---|---|
| GSM8K | 16.0 | 37.1 | 39.0 | 41.4 | 36.5 | 40.5 | 41.0 | 45.7 |
| PubMedQA | 20.6 | 30.4 | 29.9 | 31.4 | 32.7 | 33.5 | 33.7 | 37.1 |

Its ablation, on average: no filter 30.7; reasoning alone 32.0, novelty 34.5, relevance 33.3; all three 40.1. On GSM8K
it dropped 26.3 % of the tokens. It publishes no seeds and no intervals, and moving its thresholds by ±3 % moved its
accuracy between 44.3 and 56.2: a single figure says little.

*Explainable Token-level Noise Filtering for LLM Fine-tuning Datasets*, ICLR 2026, arXiv 2602.14536."""

CASE = """\
The paper's example for novelty is `220 - 4 = 216`: its base model gives `216` more than 95 %, so there is nothing left
to learn from it. The sentence below shows the same with the embedded model. That one is small and bad at sums, so
here the question already holds the sum, and the model reads it off. Take it out of the question, score again, and see
`216` become news. Every word is yours to change; it is scored with the model of the run in the sidebar."""
