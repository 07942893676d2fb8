"""What a comparison shows, in plain words: gains and losses are stated, and ties are called ties."""

import math
from dataclasses import dataclass

from xtf.comparison.folder import BASE
from xtf.comparison.metrics import CORRECT, FORGETTING, LOSS, METRICS, Metric
from xtf.comparison.result import Result, Row
from xtf.evaluation.statistics import Difference
from xtf.words import listed, percent

#: Strategies that others are measured against, and how a sentence names them.
CONTROLS = {"normal": "normal fine-tuning", "random": "random at the same share"}
_SAME_SHARE = 0.002  # of all response tokens: what differs by less is the same share
_FEW = 3  # strategies that get a sentence each in the headline; more are told in groups
_MINUS = "\N{MINUS SIGN}"

#: (against normal, against random) → what it comes to; 1 better, 0 a tie, -1 worse. None: not measured.
_HEADLINES: dict[tuple[int | None, int | None], str] = {
    (1, 1): "{name} helped: it beats both normal fine-tuning and {random}.",
    (1, 0): "{name} beats normal fine-tuning but ties with {random}: that it chose the tokens is not shown to matter.",
    (1, -1): "{name} beats normal fine-tuning, but {random} does better still: it chose worse than chance.",
    (0, 1): "{name} ties with normal fine-tuning: no gain is shown, though it beats {random}.",
    (0, 0): "No difference is shown: {name} ties with normal fine-tuning and with {random}.",
    (0, -1): "{name} ties with normal fine-tuning and is worse than {random}.",
    (-1, 1): "{name} did not help: it beats {random} but is worse than normal fine-tuning.",
    (-1, 0): "{name} did not help: it is worse than normal fine-tuning and ties with {random}.",
    (-1, -1): "{name} did not help: it is worse than both normal fine-tuning and {random}.",
    (1, None): "{name} beats normal fine-tuning; against {random} it was not measured.",
    (0, None): "No difference is shown: {name} ties with normal fine-tuning.",
    (-1, None): "{name} did not help: it is worse than normal fine-tuning.",
    (None, 1): "{name} beats {random}; against normal fine-tuning it was not measured.",
    (None, 0): "No difference is shown: {name} ties with {random}.",
    (None, -1): "{name} is worse than {random}.",
}
#: Sign → how the strategies of that sign are told.
_GROUPS = {1: "better", -1: "worse"}


@dataclass(frozen=True)
class Verdict:
    """headline: what it comes to, or "" while there is nothing to say; sentences: the figures that it rests on; signs:
    of each strategy that is put to the test, against each of CONTROLS that it was measured against."""

    headline: str
    sentences: list[str]
    signs: list[tuple[int, ...]]

    @property
    def helped(self) -> bool:
        """Whether some strategy beats every control that it was measured against."""
        return any(signs and min(signs) > 0 for signs in self.signs)

    @property
    def hurt(self) -> bool:
        """Whether some strategy is worse than some control."""
        return any(signs and min(signs) < 0 for signs in self.signs)


def verdict(found: Result) -> Verdict:
    """Of the strategies that are no control, by the metric that decides; the loss is told beside it."""
    rows = [row for row in found.rows if not is_control(row) and found.metric in row.figures]
    headlines = [_headline(row, found) for row in rows] if len(rows) <= _FEW else _grouped(rows, found)
    told = [sentence for row in rows for key in dict.fromkeys((found.metric, LOSS))
            for sentence in _sentences(row, key, found)]
    told += [_forgotten(row) for row in rows if _has_forgetting(row)]
    signs = [tuple(sign(row.figures[found.metric].against[name], METRICS[found.metric]) for name in CONTROLS
                   if name in row.figures[found.metric].against) for row in rows]
    return Verdict(" ".join(filter(None, headlines)), [*told, *_basis(found)], signs)


def is_control(row: Row) -> bool:
    """Whether others are measured against it. Random tokens at a share of their own (`random-60`) are one, too."""
    return row.name == BASE or row.name.partition("-")[0] in CONTROLS


def sign(difference: Difference, metric: Metric) -> int:
    """1 better, 0 a tie, -1 worse: what is not shown is called a tie."""
    if not difference.shown:
        return 0
    return 1 if (difference.value > 0) == metric.higher_is_better else -1


def told(difference: Difference, metric: Metric) -> str:
    """`difference +0.7 points, 95 % interval −2.1 to +3.5, p = 0.61`"""
    value, low, high = (signed(part, metric) for part in (difference.value, difference.low, difference.high))
    return f"difference {value} {_unit(metric)}, 95 % interval {low} to {high}, {chance(difference)}"


def signed(value: float, metric: Metric) -> str:
    """A difference with its sign, as it is shown: `+0.7`; what rounds to zero has none."""
    shown = f"{abs(metric.scale * value):.{metric.digits}f}"
    return shown if not float(shown) else f"{'+' if value > 0 else _MINUS}{shown}"


def probability(p: float) -> str:
    if math.isnan(p):
        return "p not known"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.095 else f"p = {p:.2f}"


def chance(difference: Difference) -> str:
    """`p = 0.012, adjusted 0.036`; the second is Holm's, and left out where it changes nothing."""
    plain = probability(difference.p)
    if difference.adjusted is None or probability(difference.adjusted) == plain:
        return plain
    return f"{plain}, adjusted {probability(difference.adjusted).removeprefix('p ').removeprefix('= ')}"


def words(key: str, found: Result) -> str:
    """A metric within a sentence, by the task's own word where it has one."""
    return found.marks or METRICS[key].words if key == CORRECT else METRICS[key].words


def _unit(metric: Metric) -> str:
    return "points" if metric.unit == "%" else f"{metric.unit} a token"


def _headline(row: Row, found: Result) -> str:
    against, metric = row.figures[found.metric].against, METRICS[found.metric]
    normal, random = (sign(against[name], metric) if name in against else None for name in CONTROLS)
    told = _HEADLINES.get((normal, random), "").format(name=row.title, random=_control("random", row, found))
    return f"By {words(found.metric, found)}: {told[:1].lower() if told.startswith('No') else told[:1]}{told[1:]}" \
        if told else ""


def _grouped(rows: list[Row], found: Result) -> list[str]:
    """Of many strategies: against each control, which are better and worse; those that tie are no more than counted."""
    said = []
    for control, named in {"normal": CONTROLS["normal"], "random": "random"}.items():
        signs = {row.title: sign(one, METRICS[found.metric]) for row in rows
                 if (one := row.figures[found.metric].against.get(control))}
        if signs:
            said.append(f"By {words(found.metric, found)}, against {named}: {_shown(signs)}.")
    return said


def _shown(signs: dict[str, int]) -> str:
    """`better is A; worse are B and C; the other 2 are not shown to differ`"""
    groups = {how: [title for title, one in signs.items() if one == which] for which, how in _GROUPS.items()}
    parts = [f"{how} {'is' if len(who) == 1 else 'are'} {listed(who)}" for how, who in groups.items() if who]
    ties = sum(one == 0 for one in signs.values())
    if not parts:
        return f"none of {ties} is shown to differ"
    others = "the other is" if ties == 1 else f"the other {ties} are"
    return "; ".join([*parts, *([f"{others} not shown to differ"] if ties else [])])


def _sentences(row: Row, key: str, found: Result) -> list[str]:
    """Against each control that there is."""
    return [_sentence(row.title, _control(name, row, found), words(key, found), METRICS[key],
                      row.figures[key].against[name])
            for name in CONTROLS if key in row.figures and name in row.figures[key].against]


def _control(name: str, row: Row, found: Result) -> str:
    """A control in words. Random is at the share of the thresholds, which another strategy need not keep."""
    random = found.row("random")
    if name != "random" or random is None or row.share is None or random.share is None:
        return CONTROLS[name]
    return CONTROLS[name] if abs(row.share - random.share) <= _SAME_SHARE else f"random at {percent(random.share)}"


def _sentence(title: str, control: str, what: str, metric: Metric, difference: Difference) -> str:
    how = {1: f"{title} beats {control}", 0: f"{title} and {control} tie", -1: f"{title} is worse than {control}"}
    return f"{how[sign(difference, metric)]} on {what}: {told(difference, metric)}."


def _has_forgetting(row: Row) -> bool:
    return FORGETTING in row.figures and BASE in row.figures[FORGETTING].against


def _forgotten(row: Row) -> str:
    """What a strategy did to text that has nothing to do with the task."""
    difference, metric = row.figures[FORGETTING].against[BASE], METRICS[FORGETTING]
    how = {1: "predicts unrelated text better than the base model", 0: "shows no forgetting of unrelated text",
           -1: "has forgotten some of what the base model knew of unrelated text"}
    return f"{row.title} {how[sign(difference, metric)]}: {told(difference, metric)}."


def _basis(found: Result) -> list[str]:
    """What the verdict rests on, and which difference it could have seen."""
    rows = [row for row in found.rows if row.name != BASE and row.seeds]
    if not rows:
        return []
    seeds = sorted({len(row.seeds) for row in rows})
    items = found.marked if found.metric == CORRECT else found.examples
    many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    basis = f"This rests on {items:,} held-out {'problem' if items == 1 else 'problems'} and {many} " \
            f"{'seed' if seeds == [1] else 'seeds'} of each strategy"
    half = _half_width(found)
    if math.isnan(half):
        return [f"{basis}."]
    if half == 0:
        return [f"{basis}; all came out alike on them, so how large a difference would be seen is not known."]
    metric = METRICS[found.metric]
    seen = f"{metric.scale * half:.{metric.digits}f} {_unit(metric)}"
    return [f"{basis}; a difference below about {seen} could not have been seen."]


def _half_width(found: Result) -> float:
    """Of the widest interval that the verdict looks at; NaN where there is none."""
    widths = [(one.high - one.low) / 2 for row in found.rows if row.name not in CONTROLS and found.metric in row.figures
              for name, one in row.figures[found.metric].against.items() if name in CONTROLS and row.name != BASE]
    return max(widths, default=math.nan)
