"""Least squares with a few coefficients that cannot be negative, and errors of theirs that allow for bad days."""

from itertools import combinations

import numpy as np

from hems.identification.room_record import Floats


def non_negative_fit(columns: Floats, target: Floats) -> Floats:
    """The least-squares coefficients (p,) of a few columns (n, p), none of them negative.

    With so few columns every set of those that are not zero is tried: the best one without a negative coefficient.
    """
    size = columns.shape[1]
    best, least = np.zeros(size), float(target @ target)
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            found = np.linalg.lstsq(columns[:, chosen], target, rcond=None)[0]
            left = float(((target - columns[:, chosen] @ found) ** 2).sum())
            if (found >= 0.0).all() and left < least:
                best, least = np.zeros(size), left
                best[list(chosen)] = found
    return best


def grouped_errors(columns: Floats, target: Floats, coefficients: Floats, days: Floats) -> Floats:
    """Standard errors (p,) from the scores of whole days, whose errors may hang together.

    Source: Liang & Zeger (1986), Biometrika 73, 13-22 (robust covariance of grouped data).
    """
    inverse = np.linalg.pinv(columns.T @ columns)
    scores = columns * (target - columns @ coefficients)[:, None]
    _, group = np.unique(days, return_inverse=True)
    groups = int(group.max()) + 1
    sums = np.column_stack([np.bincount(group, weights=score, minlength=groups) for score in scores.T])
    covariance = inverse @ (sums.T @ sums) @ inverse * groups / max(1, groups - 1)
    return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))


def student_95(degrees: int) -> float:
    """The quantile of Student's t for a two-sided 95 % interval (Cornish-Fisher expansion; 1 % high at 3 degrees).

    Source: Abramowitz & Stegun (1964), 26.7.5.
    """
    z, n = 1.959964, float(max(degrees, 1))
    return (
        z
        + (z**3 + z) / (4.0 * n)
        + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * n**2)
        + (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / (384.0 * n**3)
    )
