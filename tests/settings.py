"""Hypothesis strategies of thresholds: any rule, any override, hostile text."""

from hypothesis import strategies as st

from tests.scored import HOSTILE
from xtf.config import (
    PRESETS,
    Augment,
    ByClass,
    BySpan,
    ByType,
    Cutoff,
    Dft,
    Eaft,
    Entropy,
    Fence,
    Ifd,
    Normal,
    Off,
    Otsu,
    Perplexity,
    Quantile,
    Random,
    SelfEvolving,
    Slm,
    Stm,
    Thresholds,
    TokenCleaning,
    Xtf,
)

presets = st.sampled_from(list(PRESETS))
shares = st.integers(0, 1000).map(lambda number: number / 1000)
caps = {"cap": st.none() | shares, "cap_ties": st.sampled_from(["position", "published"])}
rules = st.one_of(
    st.builds(Off),
    st.builds(Cutoff, value=st.floats(-5, 5, allow_nan=False), **caps),
    st.builds(Quantile, share=shares, scope=st.sampled_from(["example", "dataset"]), **caps),
    st.builds(Fence, k=st.floats(0, 9), scope=st.sampled_from(["example", "dataset"]), **caps),
    st.builds(Otsu, classes=st.integers(2, 5), drop=st.integers(0, 4),
              scope=st.sampled_from(["dataset", "dataset+prompts", "example"]), **caps))
#: Anything that a file or a tokenizer may hold; YAML's own signs among it.
texts = st.sampled_from([HOSTILE, "", "yes", "1e3", "- a: b", "# no comment", "'\"\\", "\x00\x07\x85\u2028\ufeff",
                         "!!python/object:os.system", "&a *a", "null", "a\r\nb", " \t "]) | st.text(max_size=40)
hand = {"action": st.sampled_from(["keep", "drop"]), "note": texts, "created": texts}
classes = st.builds(ByClass, role=st.sampled_from(["numbers", "words", "code", "special"]), **hand)
types = st.builds(ByType, token=st.integers(0, 200_000), text=texts, **hand)
spans = st.builds(BySpan, example=texts, start=st.integers(0, 50), end=st.integers(51, 99), quote=texts, **hand)
overrides = st.lists(st.one_of(classes, types, spans), max_size=4).map(tuple)
references = {"keep": shares, "reference": st.sampled_from(["reference", "my.own-1"])}
strategies = st.one_of(
    st.builds(Random, keep=st.none() | shares, seed=st.integers(0, 9)), st.builds(Perplexity, drop=shares),
    st.builds(Ifd, drop=shares), st.builds(Slm, **references), st.builds(TokenCleaning, **references),
    st.builds(SelfEvolving, **references), st.builds(Stm, cutoff=shares), st.builds(Eaft, drop=shares),
    st.builds(Entropy, keep=shares), *map(st.builds, (Xtf, Normal, Augment, Dft)))
plain_thresholds = st.builds(
    Thresholds, strategy=strategies, reasoning=rules, novelty=rules, relevance=rules,
    combine=st.sampled_from(["any", "two", "all"]),
    reasoning_score=st.sampled_from(["received_mean", "received_last_adjusted", "row_mean"]),
    relevance_vector=st.sampled_from(["embedding", "hidden"]), insist=st.booleans(), protect_eos=st.booleans())
thresholds = st.builds(lambda plain, by_hand: plain.model_copy(update={"overrides": by_hand}),
                       plain_thresholds, overrides)
