"""Tiny tokenizers of the kinds that models use, trained in-process, and what their tokens stand for."""

from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<s>", "</s>", "<unk>", "<|start|>", "<|end|>"]
CORPUS = ["The quick brown fox jumps over the lazy dog. 1 + 2 = 3\n", "user assistant system #### 42 answer: four",
          "<script>alert(1)</script> 😀 שלום", "def f():\n    return 1\n    return 2"] * 3
CHATML = "{% for m in messages %}{{ '<|start|>' + m.role + '\n' + m.content + '<|end|>\n' }}{% endfor %}"


def fast(tokenizer: Tokenizer, **tokens: Any) -> PreTrainedTokenizerFast:
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"} | tokens
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, extra_special_tokens=["<|start|>", "<|end|>"], **names)


def byte_level(trim: bool = False, **tokens: Any) -> PreTrainedTokenizerFast:
    """As GPT-2 and Qwen have it; with `trim` as GPT-NeoX has it, whose own spans leave out blanks."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if trim:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    return fast(tokenizer, **tokens)


def swallowing() -> PreTrainedTokenizerFast:
    """A byte-level one whose <|stop|> takes in the white space around it, as Phi-3 and RoBERTa have it."""
    tokenizer = byte_level()
    stop = AddedToken("<|stop|>", lstrip=True, rstrip=True, special=True)
    tokenizer.add_special_tokens({"extra_special_tokens": [stop]})
    return tokenizer


def sentence_piece(scheme: str = "first", bos: bool = False) -> PreTrainedTokenizerFast:
    """As Llama 2 and Mistral have it: blanks are ▁, one is put in at the start, unknown characters fall to bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=360, special_tokens=SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)], show_progress=False))
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return fast(tokenizer)


def unigram() -> PreTrainedTokenizerFast:
    """As T5 has it. Its vocabulary holds the special tokens as ordinary pieces, too."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False))
    return fast(tokenizer)


def word_level() -> PreTrainedTokenizerFast:
    words = [*SPECIAL, "The", "quick", "fox", "user", "assistant", "system", "42", "####", "hello"]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return fast(tokenizer)


TOKENIZERS = {
    "byte-level": byte_level(), "byte-level, trimming": byte_level(trim=True),
    "sentencepiece": sentence_piece(), "sentencepiece, always prefixed": sentence_piece("always"),
    "unigram": unigram(), "words": word_level(),
}


def special_ids() -> set[int]:
    """They stand first in every vocabulary here."""
    return set(range(len(SPECIAL)))
