"""One sample's token view as a standalone SVG picture, in the encoding of the component in assets/. Pure functions."""

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from xtf.config import ATTRIBUTES
from xtf.figures import palette, ramp
from xtf.figures.cells import BREAK, Piece, codes, invisible, lay, tame, wrapped
from xtf.figures.oklab import mix

Theme = Literal["light", "dark"]
MODES = ("verdict", *ATTRIBUTES, "changes")
_PAGE = {"light": "#ffffff", "dark": "#171614"}
_INK = {"light": "#2f2d2b", "dark": "#edebe8"}
_MARGIN, _CELL, _ROW, _SIZE = 24, 8.4, 31, 14  # px
_SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_MONO = "ui-monospace, 'DejaVu Sans Mono', 'Source Code Pro', Menlo, Consolas, monospace"


def svg(payload: dict[str, Any], mode: str, *, width: int = 900, theme: Theme = "light") -> str:
    """The picture of a payload of `xtf.figures.tokens`: XML text, its height as long as the sample takes.

    `mode`: one of MODES, or verdict where the payload has nothing of it. `width`: px, at least 300.
    """
    return _Picture(payload, mode, max(width, 300), theme).drawn()


def _tag(name: str, text: str | None = None, /, **attributes: Any) -> str:
    """An element; `fill_opacity=` stands for fill-opacity."""
    told = "".join(f" {key.replace('_', '-')}={quoteattr(_plain(value))}" for key, value in attributes.items())
    return f"<{name}{told}/>" if text is None else f"<{name}{told}>{escape(text)}</{name}>"


def _plain(value: Any) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


class _Picture:
    """One picture while it is drawn."""

    def __init__(self, payload: dict[str, Any], mode: str, width: int, theme: Theme):
        self.payload, self.width, self.theme = payload, width, theme
        self.attributes = {one["name"]: one for one in payload["attributes"]}
        known = mode in self.attributes or (mode == "changes" and payload.get("other"))
        self.mode = mode if known else "verdict"
        self.page, self.ink = _PAGE[theme], _INK[theme]
        self.quiet = self._colour(palette.TEXT["quiet"])
        self.marks, self.bits, self.failed, self.hand = (
            _octets(payload[name]) for name in ("marks", "bits", "failed", "hand"))
        self.other = _octets(payload["other"]["bits"]) if self.mode == "changes" else self.bits
        self.places = {name: ramp.places(one) for name, one in self.attributes.items()}

    def _colour(self, pair: palette.Pair) -> str:
        return getattr(pair, self.theme)

    def drawn(self) -> str:
        head, top = self._head()
        items, texts = _items(self.payload)
        pieces = lay(texts, int((self.width - 2 * _MARGIN) // _CELL))
        height = top + _ROW * (1 + max((piece.row for piece in pieces), default=0)) + _MARGIN
        body = [mark for piece in pieces for mark in self._piece(piece, items[piece.item], top)]
        opening = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height}" '
                   f'viewBox="0 0 {self.width} {height}" font-family={quoteattr(_SANS)} font-size="13" '
                   f'fill="{self.ink}">')
        return "\n".join([
            opening, _tag("title", tame(self.payload["summary"])), self._patterns(),
            _tag("rect", width="100%", height="100%", fill=self.page), *head,
            f"<g font-family={quoteattr(_MONO)} font-size=\"{_SIZE}\">", *body, "</g>", "</svg>"])

    def _patterns(self) -> str:
        hatch = self._colour(palette.TEXT["hatch"])
        stripe = '<path d="M-1 6L6 -1M-1 1L1 -1M4 6L6 4" stroke={} stroke-width="{}"/>'
        return "<defs>" + "".join(
            f'<pattern id="{name}" width="5" height="5" patternUnits="userSpaceOnUse">{inner}</pattern>'
            for name, inner in (
                ("hatch", stripe.format(quoteattr(hatch), 2.2)), ("cut", stripe.format(quoteattr(self.page), 1.3)),
                ("zone", stripe.format(quoteattr(self.ink), 0.9)),
                ("dots", f'<circle cx="2" cy="2" r="1" fill="{self.page}"/>'))) + "</defs>"

    # Head: what the picture says, and how to read it.

    def _head(self) -> tuple[list[str], int]:
        """Its elements, and where the text begins."""
        y, made = _MARGIN + 8, []
        for line in wrapped(tame(self.payload["summary"]), (self.width - 2 * _MARGIN) / 8.6):
            made.append(_tag("text", line, x=_MARGIN, y=y, font_size=14, font_weight=600))
            y += 20
        if self.mode in self.attributes:
            made += self._ramp(y + 14)
            y += 58
        for line in wrapped(tame(self._reading()), (self.width - 2 * _MARGIN) / 7.1):
            made.append(_tag("text", line, x=_MARGIN, y=y, fill=self.quiet))
            y += 18
        keys, y = self._keys(y + 6)
        return made + keys, y + 14

    def _ramp(self, y: int) -> list[str]:
        attribute, span = self.attributes[self.mode], min(330, self.width - 2 * _MARGIN)
        stops = "".join(f'<stop offset="{k / 8}" stop-color="{self._shade(self.mode, k / 8)}"/>' for k in range(9))
        low, high = (ramp.place(attribute, limit) if limit is not None else None for limit in attribute["limits"])
        made = [f'<linearGradient id="ramp-{self.mode}">{stops}</linearGradient>',
                _tag("rect", x=_MARGIN, y=y, width=span, height=14, fill=f"url(#ramp-{self.mode})", stroke=self.quiet)]
        if low is not None or high is not None:
            start, end = (low or 0.0), (1.0 if high is None else high)
            made.append(_tag("rect", x=_MARGIN + span * start, y=y, width=span * max(end - start, 0.0), height=14,
                             fill="url(#zone)"))
        for at, limit in zip((low, high), attribute["limits"], strict=True):
            if at is not None and 0 < at < 1:
                x = _MARGIN + span * at
                made += [_tag("path", d=f"M{x:.1f} {y - 3}V{y + 17}", stroke=self.ink, stroke_width=2),
                         _tag("text", ramp.number(limit), x=x, y=y - 6,
                              text_anchor="start" if at < 0.1 else "end" if at > 0.9 else "middle")]
        ends = ramp.ends(attribute)
        made += [_tag("text", ramp.number(ends[0]), x=_MARGIN, y=y + 28, fill=self.quiet),
                 _tag("text", f"{ramp.number(ends[1])} {attribute['unit']}".strip(), x=_MARGIN + span, y=y + 28,
                      text_anchor="end", fill=self.quiet)]
        return made

    def _reading(self) -> str:
        if self.mode == "changes":
            lost, won = ((self.bits == 0) & (self.other != 0)).sum(), ((self.bits != 0) & (self.other == 0)).sum()
            return f"Against the present setting, {self.payload['other']['name']} drops {lost} more and rescues {won}."
        if self.mode == "verdict":
            return "Verdicts: hatched and struck through is dropped." if self.attributes else "Unscored."
        attribute = self.attributes[self.mode]
        scale = "the percentile within this sample" if attribute["scale"] == "percentile" else "linear in the value"
        return (f"{attribute['title']}. {attribute['help']} Colour is {scale}; hatched is dropped "
                f"({ramp.region(attribute)}). {attribute['note']}")

    def _keys(self, y: int) -> tuple[list[str], int]:
        made, x = [], float(_MARGIN)
        for draw, words in self._key_marks():
            if x + 26 + 6.6 * len(words) > self.width - _MARGIN:
                x, y = float(_MARGIN), y + 20
            made += [*draw(x, y), _tag("text", words, x=x + 26, y=y)]
            x += 46 + 6.6 * len(words)
        return made, y + 8

    def _key_marks(self) -> Iterator[tuple[Any, str]]:
        def swatch(*kinds: str) -> Any:
            return lambda x, y: self._ground(x, y - 11, 20.0, kinds)

        def bar(colour: str, dashes: str = "none") -> Any:
            return lambda x, y: [_tag("path", d=f"M{x:.1f} {y - 4}h20", stroke=colour, stroke_width=3,
                                      stroke_dasharray=dashes)]

        if not self.attributes:
            yield swatch("edge"), "trainable"
        elif self.mode == "changes":
            yield swatch("lost"), "− newly dropped"
            yield swatch("won"), "+ rescued"
        if self.attributes:
            yield swatch("dropped"), "dropped"
        yield (lambda x, y: [_tag("text", "ab", x=x, y=y, fill=self.quiet)]), "not trained"
        for name, attribute in self.attributes.items():
            yield bar(palette.ATTRIBUTES[name]), attribute["title"]
        if self.attributes:
            yield bar(self.ink, "3 2"), "dashed = fails"
        if self.hand.any():
            yield (lambda x, y: [_tag("text", "✎", x=x, y=y)]), "decided by hand"

    # Tokens

    def _piece(self, piece: Piece, token: int, top: int) -> list[str]:
        x, y = _MARGIN + _CELL * piece.column, float(top + _ROW * piece.row)
        wide = _CELL * piece.cells
        trained = token >= 0 and bool(self.marks[token] & self.payload["response"])
        kinds = self._kinds(token) if trained else ()
        made = self._ground(x, y, wide, kinds, token) if trained else []
        if token >= 0 and self.marks[token] & self.payload["special"]:
            made.append(_tag("rect", x=x + 0.5, y=y + 0.5, width=wide - 1, height=18, rx=3, fill="none",
                             stroke=self.quiet, stroke_opacity=0.5))
        made += self._letters(piece, x, y, wide, self._text_colour(kinds, trained))
        return made + (self._signs(x, y, wide, kinds, token) if trained else [])

    def _kinds(self, token: int) -> tuple[str, ...]:
        if self.mode == "changes" and bool(self.bits[token]) != bool(self.other[token]):
            return ("won",) if self.bits[token] else ("lost",)
        return ("dropped",) if self.bits[token] else ("edge",)

    def _ground(self, x: float, y: float, wide: float, kinds: tuple[str, ...], token: int = -1) -> list[str]:
        box = {"x": x, "y": y, "width": wide, "height": 19}
        place = self.places[self.mode][token] if token >= 0 and self.mode in self.attributes else np.nan
        made = [_tag("rect", **box, fill=self._shade(self.mode, place))] if np.isfinite(place) else []
        for kind in kinds:
            if kind in palette.CHANGES:
                made.append(_tag("rect", **box, fill=self._colour(palette.CHANGES[kind])))
            pattern = {"dropped": "cut" if np.isfinite(place) else "hatch", "lost": "cut", "won": "dots"}.get(kind)
            made += [_tag("rect", **box, fill=f"url(#{pattern})")] if pattern else []
        return [*made, _tag("path", d=f"M{x + 0.5:.1f} {y:.1f}v19", stroke=self.ink, stroke_opacity=0.2)]

    def _text_colour(self, kinds: tuple[str, ...], trained: bool) -> str:
        if not trained:
            return self.quiet
        on_ramp = self.mode in self.attributes
        return self._colour(palette.TEXT["dim-on-ramp" if on_ramp else "dim"]) if "dropped" in kinds else self.ink

    def _letters(self, piece: Piece, x: float, y: float, wide: float, colour: str) -> list[str]:
        text = piece.text.strip(" ")
        if not text:
            return []
        # Blanks at its ends would be lost in some viewers: they are left out, and their place is left free.
        before, blanks = len(piece.text) - len(piece.text.lstrip(" ")), len(piece.text) - len(text)
        left = x + _CELL * (blanks - before if piece.right_to_left else before)
        sign = {"fill_opacity": 0.55} if piece.text == BREAK else {}
        side = {"direction": "rtl", "text_anchor": "end"} if piece.right_to_left else {}
        # The length makes any font fit its cells.
        return [_tag("text", text.replace(" ", "\u00a0"), x=left, y=y + 14, fill=colour,
                     textLength=wide - _CELL * blanks, lengthAdjust="spacingAndGlyphs", **sign, **side)]

    def _signs(self, x: float, y: float, wide: float, kinds: tuple[str, ...], token: int) -> list[str]:
        """Strike, bars, and what is said by signs."""
        made = []
        if {"dropped", "lost"} & set(kinds):
            made.append(_tag("path", d=f"M{x:.1f} {y + 10}h{wide:.1f}", stroke=self.ink, stroke_width=1.4))
        sign = {"lost": "−", "won": "+"}.get(kinds[0], "") + ("✎" if self.hand[token] else "")
        if sign:
            made.append(_tag("text", sign, x=x, y=y, font_size=9, font_weight=700))
        for k, name in enumerate(self.attributes):
            place, fails = self.places[name][token], bool(self.failed[token] & (1 << k))
            if not fails and not np.isfinite(place):
                continue
            colour = self.ink if fails else _mixed(palette.ATTRIBUTES[name], 0.12 + 0.88 * place, self.page)
            made.append(_tag("path", d=f"M{x:.1f} {y + 21 + 3 * k}h{wide - 1:.1f}", stroke=colour, stroke_width=2,
                             **({"stroke_dasharray": "3 2"} if fails else {})))
        return made

    def _shade(self, name: str, place: float) -> str:
        return _mixed(self._colour(palette.RAMPS[name]), float(place), self.page)


def _items(payload: dict[str, Any]) -> tuple[list[int], list[str]]:
    """What is drawn in order: the token (-1 for text that none covers), and its text, or a label where it has none."""
    items, texts, pieces = [], [], set(payload["pieces"])
    for token, text in enumerate([*payload["texts"], None]):
        if gap := payload["gaps"].get(token):
            items.append(-1)
            texts.append(gap)
        if text is None:
            break
        label = "·" if token in pieces else payload["labels"].get(token) or "∅"
        items.append(token)
        texts.append(label if text == "" else codes(text) if invisible(text) else text)
    return items, texts


def _octets(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8)


@lru_cache(maxsize=4096)
def _mixed(colour: str, share: float, page: str) -> str:
    return mix(colour, share, page)
