"""Mixing colours in OKLab, in which equal steps look equal, as the style sheets' `color-mix(in oklab, …)` does."""

import numpy as np

# https://bottosson.github.io/posts/oklab/
_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]])
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])


def mix(colour: str, share: float, with_: str) -> str:
    """`share` (0 to 1) of one colour and the rest of another, both #rrggbb."""
    lab = share * _lab(colour) + (1 - share) * _lab(with_)
    linear = np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, lab) ** 3).clip(0, 1)
    channels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{channel:02x}" for channel in np.rint(255 * channels).astype(int))


def _lab(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place:place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return _TO_LAB @ np.cbrt(_TO_LMS @ linear)
