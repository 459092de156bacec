"""The paper: Carta (letter), lying or standing, and where on it things stand. In points, from the lower left corner."""

import math
from dataclasses import dataclass

from reportlab.lib.pagesizes import landscape, letter, portrait

EDGE = 27.0
QR_SIDE = 92.0


@dataclass(frozen=True)
class Sheet:
    """`foot` is where the foot ends and the lines to sign on begin; `diamonds` is how many the band along the edge has.

    `most_spread` is how much white may come between two lines more than they need; `foot_measure` how wide a line of
    the foot may grow.
    """

    width: float
    height: float
    left: float
    right: float
    foot: float
    diamonds: int
    most_spread: float
    foot_measure: float

    @property
    def measure(self) -> float:
        """How wide the lines are."""
        return self.right - self.left


_WIDTH, _HEIGHT = landscape(letter)
_NARROW, _TALL = portrait(letter)
# The first layout let the lines of the foot be as long as they are. What was issued stays as it was issued.
FIRST = Sheet(_WIDTH, _HEIGHT, 128.0, _WIDTH - 54.0, 116.0, 11, 13, math.inf)
LANDSCAPE = Sheet(_WIDTH, _HEIGHT, 128.0, _WIDTH - 54.0, 116.0, 11, 13, _WIDTH - 54.0 - 128.0 - QR_SIDE - 16)
PORTRAIT = Sheet(_NARROW, _TALL, 116.0, _NARROW - 46.0, 128.0, 14, 30, _NARROW - 46.0 - 116.0 - QR_SIDE - 16)
