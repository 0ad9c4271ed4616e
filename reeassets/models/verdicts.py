"""What a verdict may be, and the rule that gives it: every claim is judged by the same words."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

REPRODUCED, CONTRADICTED, INCONCLUSIVE = "reproduced", "contradicted", "inconclusive"
NOT_TESTABLE = "not testable on this data"
VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE)

# Share of a grid, or of years, beyond which it is a majority.
MAJORITY = 0.5
# Half of a 95 % interval is 1.96 standard errors; an effect of 1.96 + 0.84 of them is found four times in five.
_POWER = (1.959964 + 0.841621) / 1.959964


@dataclass(frozen=True)
class Outcome:
    """What a rule found: the numbers of a row of ``findings``, its verdict and the reason in words.

    Attributes
    ----------
    verdict, reason : str
    estimate, ci_low, ci_high : float
        The statistic and its interval; NaN if not testable.
    detectable : float
        Smallest effect that the data would have shown four times in five; NaN unless the verdict is inconclusive.
    share_sign, share_significant, share_contrary : float
        Shares of the grid (specifications, or years) with the claimed sign, with it significantly, and with the
        contrary sign significantly; NaN without a grid.
    """

    verdict: str
    reason: str
    estimate: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    detectable: float = np.nan
    share_sign: float = np.nan
    share_significant: float = np.nan
    share_contrary: float = np.nan


@dataclass(frozen=True)
class Shares:
    """How a grid stands to a claim; see :class:`Outcome`."""

    sign: float = np.nan
    significant: float = np.nan
    contrary: float = np.nan

    @classmethod
    def of(cls, sign: int, values: pd.Series, significant: pd.Series) -> "Shares":
        """Count values that agree with a sign, and that agree or disagree significantly."""
        if not len(values):
            return cls()
        agrees, against = np.sign(values) == sign, np.sign(values) == -sign
        return cls(*(float(flags.mean()) for flags in (agrees, agrees & significant, against & significant)))


def not_testable(reason: str) -> Outcome:
    """Return the outcome of a claim that the data cannot speak to, whatever the numbers."""
    return Outcome(NOT_TESTABLE, reason)


def judged(
    sign: int, numbers: tuple[float, float, float], shares: Shares, said: str, *, significant: bool = True
) -> Outcome:
    """Judge a statistic whose sign is claimed.

    Reproduced if the interval lies on the claimed side of 0 and a majority of the grid has the claimed sign;
    contradicted if interval and majority are on the other side; else inconclusive. Without a grid the interval decides.

    Parameters
    ----------
    sign : int
        The claimed sign.
    numbers : tuple of float
        Estimate and the ends of its interval.
    shares : Shares
        Of the grid.
    said : str
        What the statistic is, in words, to begin the reason with.
    significant : bool
        Whether the statistic's own test rejects 0, where it has one beside the interval.
    """
    estimate, low, high = numbers
    side = 1 if low > 0 else -1 if high < 0 else 0
    claimed = np.isnan(shares.sign) or shares.sign > MAJORITY
    contrary = np.isnan(shares.sign) or shares.sign < MAJORITY
    verdict = INCONCLUSIVE
    if significant and side == sign and claimed:
        verdict = REPRODUCED
    elif significant and side == -sign and contrary:
        verdict = CONTRADICTED
    seen = detectable(low, high) if verdict == INCONCLUSIVE else np.nan
    reason = f"{said} is {interval(*numbers)}"
    if not np.isnan(shares.sign):
        reason += (
            f"; {shares.sign:.0%} of the grid have the claimed sign, {shares.significant:.0%} significantly, "
            f"{shares.contrary:.0%} the contrary one significantly"
        )
    reason += f"; the claim needs the interval {side_of(sign)} 0"
    if verdict == INCONCLUSIVE:
        reason += f", and an effect of {seen:.3g} would have been seen four times in five"
    return Outcome(verdict, reason, estimate, low, high, seen, shares.sign, shares.significant, shares.contrary)


def detectable(low: float, high: float) -> float:
    """Return the smallest effect found four times in five, from the ends of a 95 % interval."""
    return _POWER * (high - low) / 2


def side_of(sign: int) -> str:
    """Say on which side of 0 a sign is."""
    return "above" if sign > 0 else "below"


def interval(estimate: float, low: float, high: float) -> str:
    """Write an estimate with its interval."""
    return f"{estimate:.3g} ({low:.3g} to {high:.3g})"
