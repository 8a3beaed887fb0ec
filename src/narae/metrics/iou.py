"""Intersection over union: TP / (TP + FP + FN) of each class, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from narae import ops
from narae.base.dtypes import is_int
from narae.base.errors import entry, warn_user
from narae.base.settings import epsilon
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.tensor.tensor import Tensor


class IoU(Metric):
    """The mean of TP / (TP + FP + FN) over the target classes: how much predicted regions overlap the true ones.

    y_true, y_pred: one shape, (batch, ...), after the classes' axis is dropped; sample_weight: of that shape.
    The mean is over target classes that occur in targets or predictions; the result is a scalar.

    Args:
        num_classes: how many classes.
        target_class_ids: the classes that the mean is taken over, from 0.
        name: the metric's name, in logs; None: one from the class.
        dtype: the dtype of the counts; None: int32, which cuts off fractions of sample weights.
        ignore_class: a class index of the targets whose elements are left out; None: all count.
        sparse_y_true: whether targets are class indices; otherwise one-hot along `axis`.
        sparse_y_pred: whether predictions are class indices; otherwise probabilities along `axis`.
        axis: the classes' axis.

    Raises:
        ValueError: a target class is out of range.

    Source: Jaccard 1912.

    >>> f"{IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]):.4f}"
    '0.3333'
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.target_class_ids = list(target_class_ids)
        bad = [c for c in self.target_class_ids if not 0 <= c < num_classes]
        if bad:
            raise ValueError(
                f"target_class_ids {bad} are out of range: classes are 0 to {num_classes - 1}"
            )
        self.total_cm = self.add_weight(
            (num_classes, num_classes), name="total_confusion_matrix", dtype=self.dtype
        )

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        true = self._classes(y_true, self.sparse_y_true)
        pred = self._classes(y_pred, self.sparse_y_pred)
        weight = ops.broadcast_to(self._weight(sample_weight), true.shape)
        inside = ops.logical_and(self._known(true), self._known(pred))
        if self.ignore_class is not None:
            inside = ops.logical_and(inside, ops.not_equal(true, self.ignore_class))
        # what is not counted has weight 0, at index 0
        index = ops.where(inside, true * self.num_classes + pred, 0)
        weight = weight * ops.cast(inside, self.dtype)
        counts = ops.segment_sum(weight, index, self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(counts, (self.num_classes, self.num_classes)))

    def _classes(self, y: TensorLike, sparse: bool) -> Tensor:
        y = ops.convert_to_tensor(y)
        return ops.cast(ops.reshape(y if sparse else ops.argmax(y, axis=self.axis), (-1,)), "int32")

    def _weight(self, sample_weight: TensorLike | None) -> Tensor:
        """A vector of weights, in the dtype of the counts; warns where that cuts off fractions."""
        if sample_weight is None:
            return ops.ones((1,), self.dtype)
        given = str(getattr(sample_weight, "dtype", ""))
        if "float" in given and is_int(self.dtype):
            warn_user(
                f"{type(self).__name__} counts in {self.dtype}: the fractions of a sample_weight of float "
                f"dtype {given} are cut off by casting to int; dtype='float32' counts them"
            )
        return ops.reshape(ops.cast(sample_weight, self.dtype), (-1,))

    def _known(self, classes: Tensor) -> Tensor:
        return ops.logical_and(classes >= 0, classes < self.num_classes)

    def result(self) -> Tensor:
        matrix = ops.cast(self.total_cm.value, "float32")
        both = ops.diagonal(matrix)
        either = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - both
        both, either = (ops.take(x, self.target_class_ids, axis=0) for x in (both, either))
        occurred = ops.sum(ops.cast(ops.not_equal(either, 0), "float32"))
        return ops.sum(both / (either + epsilon())) / (occurred + epsilon())

    def get_config(self) -> Config:
        options = {key: getattr(self, key) for key in _OPTIONS[type(self).__name__]}
        return {**super().get_config(), **options}


_CLASSES = ("num_classes", "target_class_ids")
_SPARSE = ("ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
_DENSE = ("ignore_class", "sparse_y_pred", "axis")
_OPTIONS = {
    "IoU": (*_CLASSES, *_SPARSE),
    "BinaryIoU": ("target_class_ids", "threshold"),
    "MeanIoU": ("num_classes", *_SPARSE),
    "OneHotIoU": (*_CLASSES, *_DENSE),
    "OneHotMeanIoU": ("num_classes", *_DENSE),
}


class BinaryIoU(IoU):
    """The mean of TP / (TP + FP + FN) for labels 0 and 1.

    y_true, y_pred: one shape, (batch, ...), labels and probabilities of label 1; sample_weight: of that shape.

    Args:
        target_class_ids: the classes that the mean is taken over: (0,), (1,) or both.
        threshold: from it up a prediction is 1.
        name: the metric's name, in logs; None: one from the class.
        dtype: the dtype of the counts; None: int32, which cuts off fractions of sample weights.

    Raises:
        ValueError: a target class is not 0 or 1.

    >>> f"{BinaryIoU()([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]):.4f}"
    '0.3333'
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_pred = ops.convert_to_tensor(y_pred)
        super().update_state(y_true, ops.cast(y_pred >= self.threshold, "int32"), sample_weight)


class MeanIoU(IoU):
    """The mean of TP / (TP + FP + FN) over all classes.

    y_true, y_pred: one shape, (batch, ...), after the classes' axis is dropped; sample_weight: of that shape.

    Args:
        num_classes: how many classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: the dtype of the counts; None: int32, which cuts off fractions of sample weights.
        ignore_class: a class index of the targets whose elements are left out; None: all count.
        sparse_y_true: whether targets are class indices; otherwise one-hot along `axis`.
        sparse_y_pred: whether predictions are class indices; otherwise probabilities along `axis`.
        axis: the classes' axis.

    >>> f"{MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]):.4f}"
    '0.3333'
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        ids = range(num_classes)
        super().__init__(
            num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


class OneHotIoU(IoU):
    """The mean of TP / (TP + FP + FN) over the target classes, for one-hot targets.

    y_true: one-hot along `axis`; y_pred: probabilities along it; sample_weight: their shape without `axis`.

    Args:
        num_classes: how many classes.
        target_class_ids: the classes that the mean is taken over, from 0.
        name: the metric's name, in logs; None: one from the class.
        dtype: the dtype of the counts; None: int32, which cuts off fractions of sample weights.
        ignore_class: a class index of the targets whose elements are left out; None: all count.
        sparse_y_pred: whether predictions are class indices; otherwise probabilities along `axis`.
        axis: the classes' axis.

    Raises:
        ValueError: a target class is out of range.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[0, 1])
    >>> f"{metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(IoU):
    """The mean of TP / (TP + FP + FN) over all classes, for one-hot targets.

    y_true: one-hot along `axis`; y_pred: probabilities along it; sample_weight: their shape without `axis`.

    Args:
        num_classes: how many classes.
        name: the metric's name, in logs; None: one from the class.
        dtype: the dtype of the counts; None: int32, which cuts off fractions of sample weights.
        ignore_class: a class index of the targets whose elements are left out; None: all count.
        sparse_y_pred: whether predictions are class indices; otherwise probabilities along `axis`.
        axis: the classes' axis.

    >>> f"{OneHotMeanIoU(num_classes=2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, False, sparse_y_pred, axis
        )
