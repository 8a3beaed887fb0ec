"""How often predictions are right."""

from __future__ import annotations

from narae import ops
from narae.base.dtypes import is_float
from narae.base.settings import floatx
from narae.base.types import DTypePolicyLike, Shape, TensorLike
from narae.metrics.reduction import FunctionMetric, PlainMetric
from narae.ops.objectives.pairs import check_one_hot, class_indices, pair
from narae.tensor.tensor import Tensor


def _hits(equal: Tensor) -> Tensor:
    return ops.cast(equal, floatx())


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where a prediction equals its target, 0 elsewhere.

    Args:
        y_true: the targets, of any shape.
        y_pred: the predictions, of the targets' shape.

    Returns: the shape of y_pred, in `narae.config.floatx()`.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> accuracy([1, 2], [1, 3]).tolist()
    [1.0, 0.0]
    """
    return _hits(ops.equal(*pair("accuracy", y_true, y_pred)))


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """1 where a probability is on its label's side of the threshold, 0 elsewhere.

    Args:
        y_true: the labels, 0 and 1, of any shape.
        y_pred: the probabilities of label 1, of the labels' shape.
        threshold: above it a probability predicts label 1.

    Returns: the shape of y_pred, in `narae.config.floatx()`.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> binary_accuracy([1, 1], [0.9, 0.2]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = pair("binary_accuracy", y_true, y_pred)
    return _hits(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), y_true.dtype)))


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the most probable class is that of the one-hot target: (..., classes) -> (...).

    Args:
        y_true: the targets, one-hot, (..., classes).
        y_pred: the probabilities or scores of the classes, (..., classes).

    Returns: (...), in `narae.config.floatx()`.

    Raises:
        ShapeError: y_true has not y_pred's shape.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    check_one_hot("categorical_accuracy", y_true.shape, y_pred.shape)
    return _hits(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the most probable class is the target's index: (..., classes) -> (...).

    Args:
        y_true: the targets, class indices (...) or (..., 1).
        y_pred: the probabilities or scores of the classes, (..., classes).

    Returns: (...), in `narae.config.floatx()`.

    Raises:
        ShapeError: the shapes do not fit.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    labels = class_indices("sparse_categorical_accuracy", y_true, y_pred.shape)
    # an index beyond a small integer's range must not wrap around to a label
    common = labels.dtype if is_float(labels.dtype) else "int32"
    best = ops.cast(ops.argmax(y_pred, axis=-1), common)
    return _hits(ops.equal(ops.cast(labels, common), best))


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """1 where the one-hot target's class is among the k most probable: (..., classes) -> (...).

    Args:
        y_true: the targets, one-hot, (..., classes).
        y_pred: the probabilities or scores of the classes, (..., classes).
        k: how many of the most probable classes count.

    Returns: (...), in `narae.config.floatx()`; ties with the k-th count as in.

    Raises:
        ShapeError: y_true has not y_pred's shape.

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2).tolist()
    [1.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    check_one_hot("top_k_categorical_accuracy", y_true.shape, y_pred.shape)
    return _in_top_k(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 where the target's index is among the k most probable: (..., classes) -> the targets' shape.

    Args:
        y_true: the targets, class indices (...) or (..., 1).
        y_pred: the probabilities or scores of the classes, (..., classes).
        k: how many of the most probable classes count.
        from_sorted_ids: whether y_pred are class indices, the most probable first, in place of probabilities.

    Returns: the shape of y_true, in `narae.config.floatx()`; ties with the k-th count as in.

    Raises:
        ShapeError: the shapes do not fit.

    >>> sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2).tolist()
    [1.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    labels = class_indices("sparse_top_k_categorical_accuracy", y_true, y_pred.shape)
    if from_sorted_ids:
        first = ops.cast(y_pred[..., :k], labels.dtype)
        hits = _hits(ops.any(ops.equal(ops.expand_dims(labels, -1), first), axis=-1))
    else:
        hits = _in_top_k(labels, y_pred, k)
    return hits if labels is y_true else ops.expand_dims(hits, -1)


def _in_top_k(labels: Tensor, y_pred: Tensor, k: int) -> Tensor:
    """A class is among the k best when fewer than k classes are better: ties count as in."""
    index = ops.expand_dims(ops.cast(labels, "int32"), -1)
    own = ops.take_along_axis(y_pred, index, axis=-1)
    better = ops.sum(ops.cast(ops.greater(y_pred, own), "int32"), axis=-1)
    return _hits(ops.less(better, k))


class Accuracy(PlainMetric, function=accuracy, direction="up"):
    """The share of predictions that equal their targets.

    y_true, y_pred: one shape, (batch, ...); sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> Accuracy()([1, 2], [1, 3]).item()
    0.5
    """


class BinaryAccuracy(FunctionMetric, function=binary_accuracy, direction="up"):
    """The share of probabilities on their label's side of the threshold.

    y_true, y_pred: one shape, labels 0 and 1 and their probabilities; sample_weight: a number per sample or prediction.

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        threshold: above it a probability predicts label 1.

    >>> BinaryAccuracy()([[1], [1]], [[0.9], [0.2]]).item()
    0.5
    """

    def __init__(
        self,
        name: str = "binary_accuracy",
        dtype: DTypePolicyLike | None = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(name, dtype, threshold=threshold)


class CategoricalAccuracy(PlainMetric, function=categorical_accuracy, direction="up"):
    """The share of samples whose most probable class is the one-hot target's.

    y_true, y_pred: (batch, ..., classes), one-hot targets and probabilities; sample_weight: (batch,) or (batch, ...).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).item()
    0.5
    """


class SparseCategoricalAccuracy(PlainMetric, function=sparse_categorical_accuracy, direction="up"):
    """The share of samples whose most probable class is the target's index.

    y_true: class indices, (batch, ...) or (batch, ..., 1); y_pred: probabilities, (batch, ..., classes).

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]]).item()
    0.5
    """


class TopKCategoricalAccuracy(FunctionMetric, function=top_k_categorical_accuracy, direction="up"):
    """The share of samples whose one-hot target is among the k most probable classes.

    y_true, y_pred: (batch, ..., classes), one-hot targets and probabilities; sample_weight: (batch,) or (batch, ...).

    Args:
        k: how many of the most probable classes count.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).item()
    0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "top_k_categorical_accuracy",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(name, dtype, k=k)


class SparseTopKCategoricalAccuracy(
    FunctionMetric,
    function=sparse_top_k_categorical_accuracy,
    quiet={"from_sorted_ids": False},
    direction="up",
):
    """The share of samples whose class index is among the k most probable.

    y_true: class indices, (batch, ...) or (batch, ..., 1); y_pred: probabilities, (batch, ..., classes).

    Args:
        k: how many of the most probable classes count.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
        from_sorted_ids: whether y_pred are class indices, the most probable first, in place of probabilities.

    >>> SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.2, 0.8], [0.4, 0.6]]).item()
    0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: DTypePolicyLike | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def target_kind(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """What kind of targets shapes belong to: one output, class indices, or one-hot.

    Args:
        y_true_shape: the shape of the targets, (batch, ...).
        y_pred_shape: the shape of the predictions.

    Returns: "binary", "sparse" or "categorical".

    >>> target_kind((32,), (32, 10)), target_kind((32, 1), (32, 1)), target_kind((32, 10), (32, 10))
    ('sparse', 'binary', 'categorical')
    """
    true, pred = tuple(y_true_shape), tuple(y_pred_shape)
    if len(pred) < 2 or pred[-1] == 1:
        return "binary"
    return "sparse" if len(true) < len(pred) or true[-1] == 1 else "categorical"


_ACCURACIES = {
    "binary": BinaryAccuracy,
    "sparse": SparseCategoricalAccuracy,
    "categorical": CategoricalAccuracy,
}


def accuracy_for(y_true_shape: Shape, y_pred_shape: Shape) -> type[FunctionMetric]:
    """The class that "accuracy" means for targets and predictions of these shapes.

    Args:
        y_true_shape: the shape of the targets, (batch, ...).
        y_pred_shape: the shape of the predictions.

    Returns: BinaryAccuracy, SparseCategoricalAccuracy or CategoricalAccuracy.

    >>> accuracy_for((32,), (32, 10)).__name__
    'SparseCategoricalAccuracy'
    """
    return _ACCURACIES[target_kind(y_true_shape, y_pred_shape)]
