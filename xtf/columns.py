"""The literal table of everything that scoring stores per token: names, units and words, without any tensor code.

Scores go to disk as facts; thresholds and verdicts are derived from them (`xtf.filters`).
"""

from dataclasses import dataclass
from enum import IntFlag


class Mark(IntFlag):
    """What a token is, uint8. A token of the template (role headers, say) carries no bit but perhaps SPECIAL."""

    PROMPT = 1  # text of a system or user message
    RESPONSE = 2  # trainable: the loss may see it (never position 0, which nothing predicts)
    EOS = 4  # the end-of-turn token of a response
    FINAL_ANSWER = 8  # on the line that states the final answer
    SPECIAL = 16  # a special token of the tokenizer


@dataclass(frozen=True)
class Column:
    """One stored number per token: how it is titled, what it is measured in, and what it says."""

    title: str
    unit: str
    help: str


LAYER_GROUPS = {
    "mean": "all layers",
    "first": "the first layer",
    "last": "the last layer",
    "last_third": "the last third of the layers",
    "list": "the layers named when scoring",
}


def _received() -> dict[str, Column]:
    columns = {}
    for group, words in LAYER_GROUPS.items():
        columns[f"received_{group}"] = Column(
            f"Attention received, {words}", "weight",
            f"Mean over heads, {words} and all later queries of the attention weight that the token receives.")
        columns[f"received_{group}_adjusted"] = Column(
            f"Attention received, {words}, position-adjusted", "× uniform",
            "The same, each weight times the number of keys that its query sees: 1.0 is what uniform attention gives.")
    return columns


#: float32 per token, NaN exactly where the token is not trainable or (attention) has no later query.
TOKEN_COLUMNS: dict[str, Column] = {
    "logprob": Column("Log-probability", "nats", "Natural log of the probability that the base model gives the token."),
    "entropy": Column("Entropy", "nats", "Entropy of the base model's prediction at the token."),
    "entropy_top20": Column("Top-20 entropy", "nats", "Entropy of the 20 likeliest predictions, renormalised."),
    "rank": Column("Rank", "tokens", "Number of vocabulary entries the base model finds likelier than the token."),
    "margin": Column("Margin", "logits", "Difference between the two highest logits."),
    **_received(),
    "prompt_attention": Column("Attention to the prompt", "weight",
                               "Share of the token's own attention that goes to prompt tokens, all layers and heads."),
    "row_mean": Column("Attention row mean (published code)", "weight",
                       "Layer-0 attention averaged over heads and keys: 1/T by construction, kept for parity only."),
}

#: float32 per token type (vocabulary id in use): cosine similarity to a domain vector, in [-1, 1].
TYPE_COLUMNS: dict[str, Column] = {
    "embedding_dataset": Column("Input embedding against the dataset", "cosine",
                                "The token's input embedding against the mean over the dataset's tokens."),
    "embedding_words": Column("Input embedding against domain words", "cosine",
                              "The token's input embedding against the mean over the domain words."),
    "hidden_dataset": Column("Hidden state against the dataset", "cosine",
                             "Last hidden state of the token fed alone, against its mean over the dataset's tokens."),
    "hidden_words": Column("Hidden state against domain words", "cosine",
                           "Last hidden state of the token fed alone, against the mean over the domain words."),
}
