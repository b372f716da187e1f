"""How much silence ends a turn: figures, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How much silence ends a turn, by what the state expects.

    Attributes:
        complete_s: what was said is plainly complete.
        usual_s: it may be complete or not.
        longest_s: the same for a caller who pauses within sentences.
    """

    complete_s: float
    usual_s: float
    longest_s: float


YES_NO = Patience(complete_s=0.3, usual_s=0.5, longest_s=0.62)
OPEN = Patience(complete_s=0.8, usual_s=1.2, longest_s=1.35)
FIELD = Patience(complete_s=0.4, usual_s=1.2, longest_s=1.35)
"""`usual_s` are the original product's 500 and 1200 ms. The others were chosen by `make trials` (`docs/trials.md`)."""
