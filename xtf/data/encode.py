"""Text to token ids with exact character spans, where text that only looks like a special token stays text."""

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtf.errors import ModelError

Span = tuple[int, int]


@dataclass(frozen=True)
class Encoding:
    """T tokens; spans are [start, end) in characters of the text that was encoded."""

    ids: np.ndarray  # int32[T]
    spans: np.ndarray  # int32[T, 2]
    special: np.ndarray  # bool[T]

    def moved(self, offset: int) -> "Encoding":
        return Encoding(self.ids, self.spans + np.int32(offset), self.special)

    def chosen(self, which: Any) -> "Encoding":
        return Encoding(self.ids[which], self.spans[which], self.special[which])


def joined(parts: Sequence[Encoding]) -> Encoding:
    return Encoding(np.concatenate([part.ids for part in parts]), np.concatenate([part.spans for part in parts]),
                    np.concatenate([part.special for part in parts]))


class Encoder:
    """A tokenizer seen as two functions: `text` for a rendered conversation, `content` for one message by itself.

    Raises: ModelError when the tokenizer is not a fast one, the only kind that tells character offsets.
    """

    def __init__(self, tokenizer: Any):
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(f"The tokenizer {type(tokenizer).__name__} gives no character offsets; use a model that "
                             "comes with a fast tokenizer (tokenizer.json).")
        self._tokenizer = _untrimmed(tokenizer)
        added = {id_: token.content for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._special = added | dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens))
        longest_first = sorted(filter(None, self._special.values()), key=len, reverse=True)
        self._looks_special = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._blanks = [id_ for id_ in map(tokenizer.convert_tokens_to_ids, ("▁", "Ġ"))
                        if id_ not in (None, tokenizer.unk_token_id)]
        self._starts_anew = self._is_prefixed_after(longest_first[0]) if longest_first else False

    def content(self, text: str) -> Encoding:
        """One message, without any special token."""
        return self._as_text(text) if self._looks_special.search(text) else self._encoded(text)

    def text(self, text: str, contents: Sequence[Span]) -> Encoding:
        """A rendered conversation. Special tokens are those of the template: what lies in `contents` is text."""
        masked = self._masked(text, contents)
        encoding = self._encoded(masked)
        if masked == text:
            return encoding
        parts, first, end = [], 0, 0  # first token and first character after the last special token
        for index in [*np.flatnonzero(encoding.special).tolist(), len(encoding.ids)]:
            start, after = encoding.spans[index].tolist() if index < len(encoding.ids) else (len(text), len(text))
            if text[end:start] == masked[end:start]:
                parts.append(encoding.chosen(slice(first, index)))
            else:
                anew = end == 0 or self._starts_anew
                parts.append((self._as_text if anew else self._resumed)(text[end:start]).moved(end))
            parts.append(encoding.chosen(slice(index, index + 1)))
            first, end = index + 1, after
        return joined(parts)

    def token(self, id_: int, text: str) -> Encoding:
        """A single special token that is put in by id."""
        return Encoding(np.array([id_], np.int32), np.array([[0, len(text)]], np.int32), np.ones(1, bool))

    def _masked(self, text: str, contents: Sequence[Span]) -> str:
        """`text` with special-looking parts of contents blotted out, at the same length: what the tokenizer finds in
        it are the special tokens of the template, with the white space that some of them swallow."""
        pieces, end = [], 0
        for start, stop in sorted(contents):
            blotted = self._looks_special.sub(lambda match: "x" * len(match[0]), text[start:stop])
            pieces += [text[end:start], blotted]
            end = stop
        return "".join([*pieces, text[end:]])

    def _as_text(self, text: str) -> Encoding:
        """Text without special tokens. Where a vocabulary holds one as an ordinary piece (Unigram, whole words), it is
        cut in two and its halves are encoded apart."""
        encoding = self._encoded(text, split_special_tokens=True)
        longer = np.flatnonzero(encoding.special & (np.diff(encoding.spans)[:, 0] > 1))
        if len(longer) == 0:
            return Encoding(encoding.ids, encoding.spans, np.zeros(len(encoding.ids), bool))
        start, end = encoding.spans[longer[0]].tolist()
        cut = end - len(text[start:end].lstrip()) + 1  # after the first character that is not white space
        return joined([self._as_text(text[:cut]), self._resumed(text[cut:]).moved(cut)])

    def _resumed(self, text: str) -> Encoding:
        """Text in the middle of a text. A newline is put in front and taken away again, because SentencePiece
        tokenizers add a blank to what they take for a start."""
        encoding = self._as_text("\n" + text)
        kept = encoding.spans[:, 1] > 1
        if np.any(kept & (encoding.spans[:, 0] < 1)):  # one token holds the newline and more
            return self._as_text(text)
        return encoding.chosen(kept).moved(-1)

    def _is_prefixed_after(self, special: str) -> bool:
        """Whether text after a special token is encoded like a text by itself."""
        return self._encoded(special + "a").ids[1:].tolist() == self._encoded("a").ids.tolist()

    def _encoded(self, text: str, split_special_tokens: bool = False) -> Encoding:
        output = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False,
                                 split_special_tokens=split_special_tokens)
        ids: list[int] = output["input_ids"]
        spans = np.array(output["offset_mapping"], np.int32).reshape(-1, 2)
        special = np.zeros(len(ids), bool)
        for index in [index for index, id_ in enumerate(ids) if id_ in self._special]:
            start, end = output["offset_mapping"][index]
            # An unknown word has the id of a special token too: it is one only if its text says so.
            special[index] = text[start:end].strip() == self._special[ids[index]]
        found = np.array(ids, np.int32)
        for blank in self._blanks:
            if blank in ids:  # put in by the tokenizer, it stands for nothing; it claims the character that follows
                put_in = np.flatnonzero((found[:-1] == blank) & (spans[:-1, 0] == spans[1:, 0]))
                spans[put_in, 1] = spans[put_in, 0]
        return Encoding(found, spans, special)


def _untrimmed(tokenizer: Any) -> Any:
    """The tokenizer, or a copy of it whose spans keep the blanks that its tokens stand for: some byte-level ones
    (GPT-NeoX, RoBERTa) trim them off."""
    processor = tokenizer.backend_tokenizer.post_processor
    if processor is None or not _trims(json.loads(processor.__getstate__())):
        return tokenizer
    from tokenizers.processors import ByteLevel

    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.backend_tokenizer.post_processor = ByteLevel(trim_offsets=False)
    return tokenizer


def _trims(state: Any) -> bool:
    if isinstance(state, dict):
        return bool(state.get("trim_offsets")) or any(_trims(part) for part in state.get("processors", []))
    return False
