"""Boosted regression trees as plain arrays: predicted with numpy, written and read without pickle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hems.forecasting.series import FloatArray

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEnsemble:
    """Sum of binary trees; the nodes of all trees lie one after another in arrays of shape (nodes,).

    A sample goes left at a node when its `feature` is `<= threshold`, or is NaN and `nan_left` is set. A leaf
    points to itself on both sides and carries `value`. `roots` (trees,) are the first nodes, `depth` is the
    longest way to a leaf.
    """

    feature: Int32Array
    threshold: FloatArray
    nan_left: npt.NDArray[np.bool_]
    left: Int32Array
    right: Int32Array
    value: FloatArray
    roots: Int32Array
    base: float
    depth: int

    def predict(self, features: FloatArray) -> FloatArray:
        """Sum of the leaves each sample falls into, features (n, k) -> (n,)."""
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        sample = np.arange(len(features))[:, None]
        for _ in range(self.depth):
            x = features[sample, self.feature[node]]
            left = (x <= self.threshold[node]) | (np.isnan(x) & self.nan_left[node])
            node = np.where(left, self.left[node], self.right[node])
        return np.asarray(self.base + self.value[node].sum(axis=1), dtype=np.float64)


def from_histogram_boosting(model: object) -> TreeEnsemble:
    """The trees of a fitted scikit-learn HistGradientBoostingRegressor (numeric features, one output).

    Reads the estimator's own node tables, whose layout is not a promise of scikit-learn: `train` compares
    the result with the estimator and refuses a model that differs.
    """
    trees = [stage[0].nodes for stage in model._predictors]  # type: ignore[attr-defined]
    sizes = [len(nodes) for nodes in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    nodes = np.concatenate(trees)
    shift = np.repeat(roots, sizes)
    itself = np.arange(len(nodes))
    leaf = nodes["is_leaf"].astype(bool)
    return TreeEnsemble(
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=nodes["num_threshold"].astype(np.float64),
        nan_left=nodes["missing_go_to_left"].astype(bool),
        left=np.where(leaf, itself, nodes["left"] + shift).astype(np.int32),
        right=np.where(leaf, itself, nodes["right"] + shift).astype(np.int32),
        value=np.where(leaf, nodes["value"], 0.0).astype(np.float64),
        roots=roots,
        base=float(np.ravel(model._baseline_prediction)[0]),  # type: ignore[attr-defined]
        depth=int(nodes["depth"].max()),
    )
