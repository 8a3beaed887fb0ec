"""Losses of probabilities, as classes."""

from __future__ import annotations

from typing import Any

from narae.base.registry import builtin
from narae.losses.base import FunctionLoss, PlainLoss
from narae.losses.functions import categorical_generalized_cross_entropy
from narae.ops import objectives as O

MEAN = "sum_over_batch_size"


@builtin("keras.losses")
class KLDivergence(PlainLoss, function=O.kl_divergence):
    """Σ t log(t / p), the distance of a distribution from the true one. See `kl_divergence`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """


@builtin("keras.losses")
class BinaryCrossentropy(FunctionLoss, function=O.binary_crossentropy):
    """Crossentropy of labels 0 and 1: a sigmoid's probabilities, or scores with from_logits.

    See `binary_crossentropy`.

    >>> f"{BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class BinaryFocalCrossentropy(FunctionLoss, function=O.binary_focal_crossentropy):
    """BinaryCrossentropy that easy samples weigh less in (Lin et al. 2017).

    See `binary_focal_crossentropy`.

    >>> f"{BinaryFocalCrossentropy()([[1.0]], [[0.5]]):.4f}"
    '0.1733'
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        balance = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        super().__init__(reduction, name, dtype, **options, **balance)


@builtin("keras.losses")
class CategoricalCrossentropy(FunctionLoss, function=O.categorical_crossentropy):
    """Crossentropy of one-hot targets: a softmax's probabilities, or scores with from_logits.

    See `categorical_crossentropy`.

    >>> f"{CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CategoricalFocalCrossentropy(FunctionLoss, function=O.categorical_focal_crossentropy):
    """CategoricalCrossentropy that easy samples weigh less in (Lin et al. 2017).

    See `categorical_focal_crossentropy`.

    >>> f"{CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]):.4f}"
    '0.0433'
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options, alpha=alpha, gamma=gamma)


@builtin("keras.losses")
class SparseCategoricalCrossentropy(
    FunctionLoss, function=O.sparse_categorical_crossentropy, quiet={"axis": -1}
):
    """Crossentropy of class indices: a softmax's probabilities, or scores with from_logits.

    See `sparse_categorical_crossentropy`.

    >>> f"{SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]):.4f}"
    '0.6931'
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


@builtin("keras.losses")
class CategoricalGeneralizedCrossEntropy(
    FunctionLoss, function=categorical_generalized_cross_entropy
):
    """(1 − p^q) / q for class indices, which wrong labels disturb less (Zhang & Sabuncu 2018).

    Raises ValueError for q outside of (0, 1). See `categorical_generalized_cross_entropy`.

    >>> f"{CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = MEAN,
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"q is between 0 and 1 (both excluded), got {q}")
        super().__init__(reduction, name, dtype, q=q)
