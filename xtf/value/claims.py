"""What may be said of the return: only what the measurements carry, and plainly what they do not."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from xtf.comparison import verdict
from xtf.comparison.budget import WORDS
from xtf.comparison.metrics import CORRECT, LOSS, METRICS
from xtf.store import Manifest
from xtf.value import words
from xtf.value.inputs import Inputs, unused
from xtf.value.measured import ENOUGH, Compared, worse_loss
from xtf.value.model import PIECES
from xtf.value.ranges import INSIDE, Outcome
from xtf.words import count, listed, percent

#: carried: measured, and in favour or neutral; against: measured, and not in favour; open: not measured.
Kind = Literal["carried", "against", "open"]


class Claim(NamedTuple):
    """One sentence, and whether measurements carry it."""

    kind: Kind
    text: str


def headline(made: Inputs, found: Outcome) -> Claim:
    """What the return comes to. It is only carried where no part that brings something rests on an assumption."""
    low, _, high = found.net
    if low == high == 0:
        return Claim("open", "At these inputs XTF neither brings nor costs anything.")
    told = f"{words.money(low, high, made.settings.currency)} a month"
    if high < 0:
        return Claim("against", f"At these inputs XTF costs more than it brings: {told}.")
    assumed = _assumed(made, found)
    rests = f" What it brings rests on assumptions: {listed(assumed)}." if assumed else ""
    if low > 0:
        return Claim("open" if assumed else "carried", f"At these inputs XTF brings more than it costs: {told}.{rests}")
    return Claim("open", f"At these inputs it is open whether XTF pays: {told}. It does in {percent(found.pays, 0)} of "
                         f"the draws.{rests}")


def _assumed(made: Inputs, found: Outcome) -> list[str]:
    """Titles of the parts that bring something and are not measured: what cleaning and a point of accuracy are worth
    never is."""
    by = "time_ratio" if made.settings.time_by == "ratio" else "head_share"
    return [PIECES[name].title.lower() for name, part in found.pieces.items() if part.high > 0
            and not (name == "training" and made.sources[by].kind == "measured")]


def claims(made: Inputs, manifest: Manifest, found: Compared | None, result: Outcome) -> list[Claim]:
    """All of them, the measured ones first within each subject."""
    return [*_time(made, found), *_accuracy(made, found), *_scoring(made, manifest), *_cleaning(made, result),
            *_basis(made, found)]


def _time(made: Inputs, found: Compared | None) -> Iterator[Claim]:
    settings = made.settings
    if found and found.ratios:
        yield _measured_time(found)
    if settings.time_by == "ratio" and made.sources["time_ratio"].kind == "yours":
        yield Claim("open", f"A fine-tune on the kept tokens takes {words.shown('time_ratio', settings)}: that is your "
                            "assumption, not measured.")
    elif settings.time_by == "kept" and settings.head_share.high > 0:
        yield Claim("open", f"That your trainer skips {words.shown('head_share', settings)} of a step for a dropped "
                            "token is your assumption.")
    elif not (found and found.ratios):
        yield Claim("open", "Whether filtering saves training time was not measured, so none is counted.")
    kept = f"The thresholds keep {words.shown('kept_share', settings)} of the response tokens. " \
        if made.sources["kept_share"].kind == "measured" else ""
    yield Claim("against", f"{kept}Fewer trained tokens are not less time: labels of -100 alone save almost none, "
                           "since every token is still read.")


def _measured_time(found: Compared) -> Claim:
    low, high = min(found.ratios), max(found.ratios)
    span = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    many = f"{len(found.ratios)} seed{'s' if len(found.ratios) > 1 else ''}"
    told = f"in the comparison {found.name} {found.title} took {span} times as long as normal fine-tuning ({many})"
    if found.budget != "raw":
        return Claim("open", f"That {told} is what its budget gave it ({WORDS[found.budget][0].lower()}, not the same "
                             "passes): it says nothing of time that filtering saves.")
    if high < 1:
        return Claim("carried", f"Filtering saved training time: {told}. What else the machine did counts in it, too.")
    if low > 1:
        return Claim("against", f"Filtering saved no training time: {told}.")
    return Claim("against", f"Filtering is not shown to save training time: {told}.")


def _accuracy(made: Inputs, found: Compared | None) -> Iterator[Claim]:
    normal = found.difference(CORRECT, "normal") if found else None
    if found is None or normal is None:
        yield Claim("open", "Whether answers get better was not measured: nothing may be claimed of it.")
    else:
        yield from _measured_accuracy(found)
    if made.sources["accuracy"].kind == "yours" and any(value for _, value in made.settings.accuracy):
        yield Claim("open", f"An accuracy gained of {words.shown('accuracy', made.settings)} is your assumption.")
    if found and (loss := worse_loss(found)):
        yield Claim("against", f"On held-out loss {found.title} is worse than normal fine-tuning: "
                               f"{verdict.told(loss, METRICS[LOSS])}. It forgets what it does not train.")


_AGAINST: dict[int, tuple[Kind, str]] = {
    1: ("carried", "{title} beats {control} on {words}"), 0: ("against", "{title} ties with {control} on {words}"),
    -1: ("against", "{title} is worse than {control} on {words}")}
_ADDED = {("normal", 0): " No gain in accuracy is shown, and none may be claimed.",
          ("random", 0): " That its scores chose the tokens is not shown to matter.",
          ("random", -1): " Tokens drawn at random did better."}


def _measured_accuracy(found: Compared) -> Iterator[Claim]:
    """Against normal fine-tuning, and against random tokens at the same share."""
    for control, name in verdict.CONTROLS.items():
        if (difference := found.difference(CORRECT, control)) is None:
            yield Claim("open", f"{found.title} was not measured against {name}.")
            continue
        sign = verdict.sign(difference, METRICS[CORRECT])
        kind, text = _AGAINST[sign]
        said = text.format(title=found.title, control=name, words=found.words)
        yield Claim(kind, f"{said}: {verdict.told(difference, METRICS[CORRECT])}.{_ADDED.get((control, sign), '')}")


def _scoring(made: Inputs, manifest: Manifest) -> Iterator[Claim]:
    if made.sources["score_speed"].kind == "measured":
        yield Claim("carried", f"Scoring is subtracted at the speed that the run {manifest.name} had: "
                               f"{count(made.settings.score_speed.likely)} tokens a second.")
    else:
        yield Claim("open", "Scoring is subtracted at a speed that this run did not measure.")


def _cleaning(made: Inputs, result: Outcome) -> Iterator[Claim]:
    if made.settings.cleaning_saved.high == 0:
        yield Claim("open", "No saved hours of data cleaning are counted: nothing here measures any. XTF finds what is "
                            "uninformative for a model, not what is wrong.")
        return
    part = result.pieces["cleaning"]
    yield Claim("open", f"{words.money(part.low, part.high, made.settings.currency)} a month of it are hours of data "
                        "cleaning that you assume to be saved: XTF finds what is uninformative, not what is wrong.")


def _basis(made: Inputs, found: Compared | None) -> Iterator[Claim]:
    """What the figures rest on."""
    if found and found.ratios and len(found.ratios) < ENOUGH:
        yield Claim("open", f"The comparison {found.name} has fewer than {ENOUGH} seeds: its figures may be chance.")
    kept = made.settings.kept_share.likely
    if found and found.kept_share is not None and made.sources["kept_share"].kind == "measured" \
            and abs(found.kept_share - kept) >= 0.0005:
        yield Claim("open", f"The comparison {found.name} kept {percent(found.kept_share)}, the thresholds of now keep "
                            f"{percent(kept)}: its figures are of the former.")
    guessed = [words.LABELS[name].lower() for name, source in made.sources.items() if source.kind == "default"
               and name not in ("currency", "time_by", "months", *unused(made.settings))]
    if guessed:
        yield Claim("open", f"Nobody measured or gave these, they are round defaults: {', '.join(guessed)}.")
    yield Claim("open", f"The range holds the middle {percent(INSIDE, 0)} of the draws, with each input drawn by "
                        "itself. It is as good as the inputs: it is no interval of a measurement.")
