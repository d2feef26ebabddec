"""Reduction: a few futures that stand for many.

Source: Heitsch and Römisch 2003, Computational Optimization and Applications 24, doi:10.1023/A:1021805924152 (fast
forward selection).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def reduced(paths: Floats, count: int) -> tuple[Ints, Floats]:
    """Numbers of at most `count` of the paths (m, n) and their probabilities; all paths are equally likely.

    Each step takes the path that leaves the least distance between every path and the nearest one taken; a path that
    is not taken gives its probability to that one.
    """
    gaps = np.abs(paths[:, None, :] - paths[None, :, :]).mean(axis=2)
    nearest, taken = np.full(len(paths), np.inf), list[int]()
    for _ in range(min(count, len(paths))):
        left = np.minimum(nearest[:, None], gaps).sum(axis=0)
        left[taken] = np.inf
        taken.append(int(np.argmin(left)))
        nearest = np.minimum(nearest, gaps[:, taken[-1]])
    chosen = np.array(taken)
    owner = np.argmin(gaps[:, chosen], axis=1)
    return chosen, np.bincount(owner, minlength=len(chosen)) / len(paths)
