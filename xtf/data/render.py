"""From examples to tokens: the only place where a template is applied or a token is marked as trainable."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from xtf import workspace
from xtf.columns import Mark
from xtf.config import DataSettings
from xtf.data.chat import Region, locate
from xtf.data.encode import Encoder, joined
from xtf.data.types import Example, Tokens
from xtf.errors import DataError

#: Lines that state the final answer: `#### 24`, `\boxed{24}`, "Answer: 24", "Final decision: yes".
FINAL_ANSWER = re.compile(
    r"^(?:[ \t>*_#-]*(?:####|final answer|final decision|the answer is|answer:).*|.*\\boxed\{.*)$", re.I | re.M)

_TRAINABLE = Mark.RESPONSE | Mark.EOS | Mark.FINAL_ANSWER
Drawn = tuple[Tokens, list[Region]]  # marks are still without FINAL_ANSWER; regions of the contents in the text


@dataclass(frozen=True)
class Drawing:
    """A rendered example. What was too long is cut off `tokens`, but not off `text`, to which the regions refer."""

    tokens: Tokens
    text: str
    regions: list[Region]  # of the contents of the messages, in the order of the text


def renderer(tokenizer: Any, settings: DataSettings, context: int | None, tally: Counter[str] | None = None
             ) -> Callable[[Example], Tokens | None]:
    """A function from an example to its tokens, or to None where it is left out.

    `context` is the model's limit in tokens. `tally` counts truncated, skipped_too_long and skipped_empty.

    Raises: ModelError for a tokenizer without offsets, DataError for a template that is missing, broken, or does not
    take the messages, for an example that is too long, and for a response without any token (see `settings.too_long`
    and `settings.empty`).
    """
    draw = drawer(tokenizer, settings, context, tally)

    def tokens_of(example: Example) -> Tokens | None:
        drawing = draw(example)
        return None if drawing is None else drawing.tokens

    return tokens_of


def drawer(tokenizer: Any, settings: DataSettings, context: int | None, tally: Counter[str] | None = None
           ) -> Callable[[Example], Drawing | None]:
    """As `renderer`, but tells where the contents of the messages stand, too."""
    tally = Counter() if tally is None else tally
    encoder = Encoder(tokenizer)
    template = template_of(tokenizer, settings)
    draw: Callable[[Example], Drawn] = (
        partial(_plain, tokenizer, encoder, settings.eos) if template is None
        else partial(_chat, tokenizer, encoder, settings.eos, template))

    def drawing_of(example: Example) -> Drawing | None:
        tokens, regions = draw(example)
        _mark_final_answers(tokens, [region for region in regions if _is_response(example, region)])
        tokens.marks[:1] &= np.uint8(~_TRAINABLE & 0xFF)  # nothing predicts the first token
        checked = _checked(example, tokens, settings, context, tally)
        return None if checked is None else Drawing(checked, tokens.text, regions)

    return drawing_of


def template_name(tokenizer: Any, settings: DataSettings) -> str:
    """What `auto` comes to: none, chat (the tokenizer's own), or the file's name."""
    if settings.template == "auto":
        return "chat" if tokenizer.chat_template else "none"
    return settings.template


def template_of(tokenizer: Any, settings: DataSettings) -> str | None:
    """The Jinja template, or None to join the messages as they are. Raises: DataError for an unreadable file."""
    if settings.template == "none":
        return None
    if settings.template == "auto":
        return tokenizer.get_chat_template() if tokenizer.chat_template else None
    path = workspace.expanded(settings.template)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The template file {path} cannot be read ({getattr(error, 'strerror', None) or error}); give "
                        "a file with a Jinja template, auto or none.") from error


def _is_response(example: Example, region: Region) -> bool:
    return example.messages[region.message].role == "assistant"


def _plain(tokenizer: Any, encoder: Encoder, eos: bool, example: Example) -> Drawn:
    """Contents one after the other, each tokenised by itself, nothing between them."""
    pieces, marks, regions, text = [], [], [], ""

    def put(piece: Any, words: str, mark: int) -> None:
        nonlocal text
        pieces.append(piece.moved(len(text)))
        marks.append(np.full(len(piece.ids), mark, np.uint8))
        text += words

    first = tokenizer("", verbose=False)["input_ids"][:1]
    if first and first[0] == tokenizer.bos_token_id:
        put(encoder.token(first[0], tokenizer.bos_token), tokenizer.bos_token, Mark.SPECIAL)
    for index, message in enumerate(example.messages):
        regions.append(Region(index, len(text), len(text) + len(message.content)))
        response = message.role == "assistant"
        put(encoder.content(message.content), message.content, Mark.RESPONSE if response else Mark.PROMPT)
        if eos and response:
            id_, words = _eos(tokenizer)
            put(encoder.token(id_, words), words, Mark.RESPONSE | Mark.EOS | Mark.SPECIAL)
    encoding = joined(pieces)
    return Tokens(encoding.ids, np.concatenate(marks), encoding.spans, text), regions


def _chat(tokenizer: Any, encoder: Encoder, eos: bool, template: str, example: Example) -> Drawn:
    """The whole conversation as the template writes it, tokenised at once."""
    def render(contents: Sequence[str]) -> str:
        turns = [{"role": turn.role, "content": content} for turn, content in zip(example.messages, contents)]
        return _rendered(tokenizer, template, turns, example)

    text, regions = locate(render, [message.content for message in example.messages])
    if regions is None:
        raise DataError(f"The chat template rewrites the messages of example {example.id}, so that its tokens cannot "
                        "be told apart; use --template none or another template file.")
    encoding = encoder.text(text, [(region.start, region.end) for region in regions])
    marks = np.where(encoding.special, np.uint8(Mark.SPECIAL), np.uint8(0))
    tokens = Tokens(encoding.ids, marks, encoding.spans, text)
    for region in regions:
        inside = _starts_inside(tokens, region) & ~encoding.special
        marks[inside] |= np.uint8(Mark.RESPONSE if _is_response(example, region) else Mark.PROMPT)
    return (_with_ends(tokenizer, encoder, example, tokens, regions) if eos else tokens), regions


def _starts_inside(tokens: Tokens, region: Region) -> np.ndarray:
    """bool[T]: the tokens that begin in a content. So does a word whose token takes in the template's blank before it
    (`[/INST] Yes`), which the model writes in one piece; a newline joined to an indentation does not."""
    starts, ends = tokens.spans[:, 0], tokens.spans[:, 1]
    inside = (starts >= region.start) & (starts < region.end)
    for index in np.flatnonzero((starts < region.start) & (ends > region.start)).tolist():
        before = tokens.text[starts[index]:region.start]
        inside[index] = before.isspace() and bool(tokens.text[region.start:min(ends[index], region.end)].strip())
    return inside


def _with_ends(tokenizer: Any, encoder: Encoder, example: Example, tokens: Tokens, regions: list[Region]) -> Tokens:
    """Marks the special token that ends each response; appends EOS where the template leaves the last one open."""
    ended = True
    for region in regions:
        if _is_response(example, region):
            end = _end_token(tokens, region)
            ended = end is not None
            if end is not None:
                tokens.marks[end] |= np.uint8(Mark.RESPONSE | Mark.EOS)
    if ended or example.messages[-1].role != "assistant":
        return tokens
    id_, words = _eos(tokenizer)
    end_of_text = encoder.token(id_, words).moved(len(tokens.text))
    mark = np.array([Mark.RESPONSE | Mark.EOS | Mark.SPECIAL], np.uint8)
    return Tokens(np.append(tokens.ids, end_of_text.ids), np.append(tokens.marks, mark),
                  np.concatenate([tokens.spans, end_of_text.spans]), tokens.text + words)


def _end_token(tokens: Tokens, region: Region) -> int | None:
    """Index of the special token that follows a content, with nothing but white space between."""
    for index in np.flatnonzero(tokens.spans[:, 1] > region.end).tolist():
        start, end = tokens.spans[index].tolist()
        if tokens.marks[index] & Mark.SPECIAL:
            return index
        if tokens.text[max(start, region.end):end].strip():
            return None
    return None


def _rendered(tokenizer: Any, template: str, turns: list[dict[str, str]], example: Example) -> str:
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        return tokenizer.apply_chat_template(turns, chat_template=template, tokenize=False)
    except TemplateSyntaxError as error:
        raise DataError(f"The chat template is not valid Jinja (line {error.lineno}: {error.message}); mend it, or use "
                        "--template none.") from error
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        roles = ", ".join(turn["role"] for turn in turns)
        raise DataError(f"The chat template does not take example {example.id} with the roles {roles}: "
                        f"{str(error).strip().rstrip('.')}; change the messages, or use --template none.") from error


def _eos(tokenizer: Any) -> tuple[int, str]:
    if tokenizer.eos_token is None:
        raise DataError("The tokenizer has no end-of-text token to append to the responses; use --no-eos.")
    return tokenizer.eos_token_id, str(tokenizer.eos_token)


def _mark_final_answers(tokens: Tokens, responses: list[Region]) -> None:
    """Marks the trainable tokens on lines that state the final answer."""
    for region in responses:
        for line in FINAL_ANSWER.finditer(tokens.text[region.start:region.end]):
            start, end = region.start + line.start(), region.start + line.end()
            on_line = (tokens.spans[:, 0] < end) & (tokens.spans[:, 1] > start)
            tokens.marks[on_line & tokens.trainable & ((tokens.marks & Mark.EOS) == 0)] |= np.uint8(Mark.FINAL_ANSWER)


def _checked(example: Example, tokens: Tokens, settings: DataSettings, context: int | None, tally: Counter[str]
             ) -> Tokens | None:
    """The example if it can be used, cut if it must be, else None."""
    if not tokens.trainable.any():
        _leave_out(example, settings, tally)
        return None
    limit = min(filter(None, (settings.max_length, context)), default=len(tokens))
    if len(tokens) <= limit:
        return tokens
    if settings.too_long == "error":
        raise DataError(f"Example {example.id} has {len(tokens)} tokens, more than the limit of {limit}; choose "
                        "--too-long truncate to cut its end off, or --too-long skip to leave it out.")
    cut = _cut(tokens, limit)
    if settings.too_long == "skip" or not cut.trainable.any():
        tally["skipped_too_long"] += 1
        return None
    tally["truncated"] += 1
    return cut


def _leave_out(example: Example, settings: DataSettings, tally: Counter[str]) -> None:
    if settings.empty == "error":
        raise DataError(f"Example {example.id} has no response token that can be trained; check its format and "
                        "template, or leave such examples out with --empty skip.")
    tally["skipped_empty"] += 1


def _cut(tokens: Tokens, limit: int) -> Tokens:
    spans = tokens.spans[:limit]
    return Tokens(tokens.ids[:limit], tokens.marks[:limit], spans, tokens.text[:int(spans[:, 1].max())])
