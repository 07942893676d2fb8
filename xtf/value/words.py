"""Money and inputs as people read them. Pure functions; nothing is escaped."""

import math

from xtf.value.settings import SPREADS, Spread, ValueSettings, unit

MINUS = "\N{MINUS SIGN}"
LABELS = {
    "currency": "Currency", "gpu_price": "Machine price", "fine_tunes": "Fine-tunes", "tokens": "Tokens of the data",
    "epochs": "Passes", "train_speed": "Training speed", "score_speed": "Scoring speed",
    "rescored": "Scored anew", "time_by": "Training time follows", "time_ratio": "Step time",
    "kept_share": "Kept share", "head_share": "Skipped by a trainer", "cleaning_hours": "Cleaning data",
    "cleaning_saved": "Cleaning saved", "review_hours": "Looking at verdicts", "salary": "Salary",
    "work_hours": "Working hours", "accuracy": "Accuracy gained", "point_value": "Worth of a point",
    "setup_hours": "Setting up", "months": "Spread over"}


def amounts(*values: float) -> list[str]:
    """Numbers of one range, rounded alike: to two digits of the largest, but to no more than cents."""
    largest = max(map(abs, values), default=0.0)
    digits = 0 if not largest else 1 - math.floor(math.log10(largest))
    return [_signed(round(value, min(2, digits)), max(0, min(2, digits))) for value in values]


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


def money(low: float, high: float, currency: str) -> str:
    """A range of money: `−310 to +95 USD` with signs where it has both; one figure where both ends read alike; what is
    not nothing but rounds to it is told as less than a cent. Without currency the bare range."""
    return f"{_ends(low, high)} {currency}".rstrip()


def _ends(low: float, high: float) -> str:
    if 0 < max(abs(low), abs(high)) < 0.005:
        return "under 0.01" if low >= 0 else f"{MINUS}0.01 to {'0.00' if high <= 0 else '+0.01'}"
    first, last = amounts(low, high)
    if first == last:
        return first
    both = first.startswith(MINUS) and not last.startswith(MINUS) and any(digit in last for digit in "123456789")
    return f"{first} to {'+' if both else ''}{last}"


def number(name: str, value: float, currency: str) -> str:
    """One value of an input with its unit: `2 USD an hour`, `74.7 %`."""
    of = unit(name, currency)
    shown = 100 * value if of == "%" else value
    text = f"{abs(shown):,.0f}" if abs(shown) >= 1000 else f"{abs(shown):.3g}"
    return f"{MINUS if shown < 0 and float(text.replace(',', '')) else ''}{text} {of}"


def spread(name: str, value: Spread, currency: str) -> str:
    """`1 to 4 USD an hour, likely 2`."""
    if value.known:
        return number(name, value.likely, currency)
    low = number(name, value.low, currency).partition(" ")[0]
    likely = number(name, value.likely, currency).partition(" ")[0]
    return f"{low} to {number(name, value.high, currency)}, likely {likely}"


def shown(name: str, settings: ValueSettings) -> str:
    """Any input in words."""
    value = getattr(settings, name)
    if name in SPREADS:
        return spread(name, value, settings.currency)
    of = unit(name, settings.currency)
    return f"{value} {of}" if of else {"kept": "the kept share", "ratio": "the step time"}.get(value, str(value))
