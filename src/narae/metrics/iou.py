"""Intersection over union: TP / (TP + FP + FN) of each class, from a confusion matrix."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from narae import ops
from narae.base.dtypes import is_int
from narae.base.settings import epsilon
from narae.metrics.base import Metric


class IoU(Metric):
    """The mean intersection over union of the target classes: segmentation.

    sparse_y_true, sparse_y_pred: class indices; otherwise the class is the largest along `axis`.
    ignore_class: an index whose places are left out. Raises ValueError for a target class out of
    range.

    >>> f"{IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]):.4f}"
    '0.3333'
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
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

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of class indices, or of probabilities along `axis`."""
        true = self._classes(y_true, self.sparse_y_true)
        pred = self._classes(y_pred, self.sparse_y_pred)
        weight = ops.broadcast_to(self._weight(sample_weight), true.shape)
        inside = ops.logical_and(self._known(true), self._known(pred))
        if self.ignore_class is not None:
            inside = ops.logical_and(inside, ops.not_equal(true, self.ignore_class))
        # what is not counted has weight 0, at place 0
        place = ops.where(inside, true * self.num_classes + pred, 0)
        weight = weight * ops.cast(inside, self.dtype)
        counts = ops.segment_sum(weight, place, self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(counts, (self.num_classes, self.num_classes)))

    def _classes(self, y: Any, sparse: bool) -> Any:
        y = ops.convert_to_tensor(y)
        return ops.cast(ops.reshape(y if sparse else ops.argmax(y, axis=self.axis), (-1,)), "int32")

    def _weight(self, sample_weight: Any) -> Any:
        """A vector of weights, in the dtype of the counts; warns where that cuts off fractions."""
        if sample_weight is None:
            return ops.ones((1,), self.dtype)
        given = str(getattr(sample_weight, "dtype", ""))
        if "float" in given and is_int(self.dtype):
            warnings.warn(
                f"{type(self).__name__} counts in {self.dtype}: the fractions of a sample_weight of float "
                f"dtype {given} are cut off by casting to int; dtype='float32' counts them",
                stacklevel=4,
            )
        return ops.reshape(ops.cast(sample_weight, self.dtype), (-1,))

    def _known(self, classes: Any) -> Any:
        return ops.logical_and(classes >= 0, classes < self.num_classes)

    def result(self) -> Any:
        """The mean over the target classes that occurred, a scalar."""
        matrix = ops.cast(self.total_cm.value, "float32")
        both = ops.diagonal(matrix)
        either = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - both
        both, either = (ops.take(x, self.target_class_ids, axis=0) for x in (both, either))
        occurred = ops.sum(ops.cast(ops.not_equal(either, 0), "float32"))
        return ops.sum(both / (either + epsilon())) / (occurred + epsilon())

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again."""
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
    """Intersection over union of labels 0 and 1; a prediction from the threshold up is 1.

    >>> f"{BinaryIoU()([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]):.4f}"
    '0.3333'
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1 and probabilities."""
        y_pred = ops.convert_to_tensor(y_pred)
        super().update_state(y_true, ops.cast(y_pred >= self.threshold, "int32"), sample_weight)


class MeanIoU(IoU):
    """The mean intersection over union of all classes.

    >>> f"{MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]):.4f}"
    '0.3333'
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
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
    """IoU of one-hot targets, and predictions with a probability for each class along `axis`.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[0, 1])
    >>> f"{metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(IoU):
    """MeanIoU of one-hot targets, and predictions with a probability for each class along `axis`.

    >>> f"{OneHotMeanIoU(num_classes=2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]):.4f}"
    '1.0000'
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, False, sparse_y_pred, axis
        )
