"""Tokenizers of the kinds that verdicts are carried to, beside those that data is rendered with."""

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.data_tokenizers import SPECIAL, byte_level, fast, sentence_piece, unigram, word_level


def characters() -> PreTrainedTokenizerFast:
    """One token a character; only some are known."""
    tokenizer = Tokenizer(models.WordLevel({word: id_ for id_, word in enumerate([*SPECIAL, *"abc 124="])}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return fast(tokenizer)


def folding() -> PreTrainedTokenizerFast:
    """Byte-level after NFKC and lower-casing: ﬁ is two letters to it, and İ two code points."""
    tokenizer = byte_level()
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    return tokenizer


TOKENIZERS = {"byte-level": byte_level(), "characters": characters(), "words": word_level(), "unigram": unigram(),
              "sentencepiece": sentence_piece(bos=True), "folding": folding()}
#: Another frame around the same contents.
BRACKETS = "{% for m in messages %}[{{ m.role }}] {{ m.content }}</s>{% endfor %}"
