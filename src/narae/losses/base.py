"""Loss: what every loss does around its formula (targets, dtype, weights, mask, reduction, config)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from narae import ops
from narae.base import trees
from narae.base.copying import Copied
from narae.base.errors import entry
from narae.base.language import tr
from narae.base.names import auto_name, snake_case
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, DTypePolicyLike, Shape, TensorLike, Tensors
from narae.losses.functions import categorical_generalized_cross_entropy
from narae.ops import objectives as O
from narae.ops.objectives.pairs import check_labels, check_one_hot, class_indices
from narae.ops.weighting import (
    compute_dtype,
    reduce_weighted,
    same_rank,
    standardize_reduction,
)
from narae.tensor.masks import get_keras_mask
from narae.tensor.tensor import Tensor


def check_targets(
    function: Callable[..., Any],
    y_true: np.ndarray,
    y_pred_shape: Shape,
    options: Mapping[str, Any],
) -> None:
    """Raise ValueError for targets that the loss function is not defined for. y_true: any number of samples."""
    check = _CHECKS.get(function)
    if check is not None:
        check(function.__name__, y_true, (None, *y_pred_shape[1:]), options)


def _one_hot(name: str, y_true: np.ndarray, shape: Shape, options: Mapping[str, Any]) -> None:
    check_one_hot(name, y_true.shape, shape)


def _indices(name: str, y_true: np.ndarray, shape: Shape, options: Mapping[str, Any]) -> None:
    axis = options.get("axis", -1)
    labels = class_indices(name, y_true, shape, axis)
    classes = shape[axis]
    if classes is not None:
        check_labels(name, labels, classes, options.get("ignore_class"))


_CHECKS: dict[Callable[..., Any], Callable[..., None]] = {
    O.categorical_crossentropy: _one_hot,
    O.categorical_focal_crossentropy: _one_hot,
    O.sparse_categorical_crossentropy: _indices,
    categorical_generalized_cross_entropy: _indices,
}


@builtin("keras.losses")
class Loss(Copied):
    """Base of losses: subclass it and give `call(y_true, y_pred)`, one number per sample.

    Args:
        name: the loss's name, in logs and configs; None: one from the class.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.max(ops.abs(y_true - y_pred), axis=-1)
    >>> Distance()([[0.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [1.0, 1.0]]).item()
    1.0
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The dtype that the loss is computed in."""
        return self._dtype

    @entry
    def __call__(
        self, y_true: Tensors, y_pred: Tensors, sample_weight: TensorLike | None = None
    ) -> Tensor:
        """The loss of a batch.

        A mask on y_pred (from Masking or Embedding(mask_zero=True)) leaves its False positions out.

        Args:
            y_true: the targets of the batch: an array, or lists and dicts of them as `call` takes them.
            y_pred: the predictions for them.
            sample_weight: how much each sample counts; it broadcasts against the losses per sample. None: all count
                alike.

        Returns: a scalar, or one number per sample for the reduction "none".
        """
        in_mask = get_keras_mask(y_pred)
        values = self.call(_tensors(y_true, self.dtype), _tensors(y_pred, self.dtype))
        masks = [m for m in (in_mask, get_keras_mask(values)) if m is not None]
        mask = ops.logical_and(*masks) if len(masks) == 2 else masks[0] if masks else None
        return reduce_weighted(values, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """One number per sample. Subclasses define it.

        Args:
            y_true: the targets as tensors, (batch, ...), in the loss's dtype.
            y_pred: the predictions, likewise.

        Returns: (batch,), or (batch, ...) where samples have parts, such as pixels.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(
            tr("{kind} needs a method call(self, y_true, y_pred)", kind=type(self).__name__)
        )

    def validate(self, y_true: np.ndarray, y_pred_shape: tuple[int | None, ...]) -> None:
        """Check targets before they are fed to a compiled step, where numbers are unknown; the base accepts all.

        Args:
            y_true: the targets of any number of samples.
            y_pred_shape: the shape of the predictions, None where a length is unknown.

        Raises:
            ValueError: the loss is not defined for these targets, such as labels that are out of range.
        """

    def get_config(self) -> Config:
        """The constructor's arguments, by name."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: Config) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)


def _tensors(tree: Tensors, dtype: str) -> Any:
    """A nest of arrays as tensors; nested lists of Python numbers are one array."""
    numbers = all(isinstance(leaf, (bool, int, float)) for leaf in trees.flatten(tree))
    if isinstance(tree, dict) or (trees.is_nested(tree) and not numbers):
        return trees.map_tree(lambda leaf: ops.convert_to_tensor(leaf, dtype), tree)
    return ops.convert_to_tensor(cast("TensorLike", tree), dtype)


@builtin("keras.losses")
class LossFunctionWrapper(Loss):
    """A loss from a function (y_true, y_pred, **kwargs) -> one number per sample.

    Further keywords are passed on to the function. A last axis of length 1 of targets or predictions is matched.

    Args:
        fn: the function.
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs; None: one from the class.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    Raises:
        ValueError: the reduction is none of these.

    >>> from narae.ops.objectives import huber
    >>> LossFunctionWrapper(huber, delta=2.0)([[0.0]], [[3.0]]).item()
    4.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def validate(self, y_true: np.ndarray, y_pred_shape: tuple[int | None, ...]) -> None:
        check_targets(self.fn, y_true, y_pred_shape, self._fn_kwargs)

    def get_config(self) -> Config:
        config = {**super().get_config(), "fn": serialize_keras_object(self.fn)}
        return {**config, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: Config) -> Loss:
        return cls(**deserialize_keras_object(config))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.fn.__name__}, kwargs={self._fn_kwargs})>"


_LOUD = object()  # the "default" of an option that is always in the config


class FunctionLoss(LossFunctionWrapper):
    """Base of the losses that are one of our functions: class Huber(FunctionLoss, function=huber).

    Options are attributes too. quiet: options that Keras leaves out of the config, and their
    defaults; here they are left out only at the default, so that a config makes the same loss again.
    """

    function: ClassVar[Callable[..., Any]]
    quiet: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(
        cls,
        function: Callable[..., Any] | None = None,
        quiet: Config | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None:
            cls.function = staticmethod(function)
            cls.quiet = quiet or {}

    def __init__(
        self, reduction: str | None, name: str | None, dtype: DTypePolicyLike | None, **options: Any
    ) -> None:
        name = name or self.function.__name__
        super().__init__(self.function, reduction=reduction, name=name, dtype=dtype, **options)
        for option, value in options.items():
            setattr(self, option, value)

    def get_config(self) -> Config:
        kept = {k: v for k, v in self._fn_kwargs.items() if self.quiet.get(k, _LOUD) != v}
        return {**Loss.get_config(self), **kept}


class PlainLoss(FunctionLoss):
    """Base of the losses without options.

    Args:
        reduction: how the losses of the samples become one number: "sum_over_batch_size" or "mean" (their sum divided
            by their number), "sum", "mean_with_sample_weight" (their sum divided by the sum of the weights);
            "none" or None: one number per sample.
        name: the loss's name, in logs and configs.
        dtype: what the loss is computed in: a dtype, a policy or its name; None: `narae.config.floatx()`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)


# -- how models end -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ending:
    """How a model ends: its loss's name and options, the last layer's activation, units (None where not known)."""

    loss: str
    from_logits: bool
    activation: str
    units: int | None


def ends(ending: Ending) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What of an ending does not fit the loss, with what mends it."""
    loss, last = ending.loss, ending.activation
    entropy = loss.endswith("crossentropy")
    if entropy and ending.from_logits and last in ("softmax", "sigmoid"):
        said = tr(
            "the last layer's {last} and from_logits=True: the loss takes a {last} of it once more",
            last=last,
        )
        yield (
            said,
            (
                tr("leave {last} out of the last layer", last=last),
                tr("or leave from_logits out of the loss"),
            ),
        )
    if entropy and not ending.from_logits and last in ("linear", "relu", "tanh"):
        unit = "sigmoid" if loss.startswith("binary") else "softmax"
        said = tr(
            "{loss} takes probabilities, and the last layer's activation is {last!r}",
            loss=loss,
            last=last,
        )
        yield (
            said,
            (
                tr("end with activation={unit!r}", unit=unit),
                tr("or give the loss from_logits=True"),
            ),
        )
    if last == "softmax" and ending.units == 1:
        yield (
            tr("a softmax over one unit is 1 whatever comes in"),
            (
                tr("use activation='sigmoid' for one unit"),
                tr("or as many units as there are classes"),
            ),
        )


def ending_of(model: Any) -> Ending | None:
    """How a model ends, of what its `loss` and `layers` say; None where there is no single loss."""
    loss, layers = getattr(model, "loss", None), list(getattr(model, "layers", ()))
    if loss is None or isinstance(loss, (list, tuple, dict)) or not layers:
        return None
    last = layers[-1]
    while getattr(last, "layers", None):
        last = last.layers[-1]
    named = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    shape = getattr(model, "output_shape", None) if getattr(model, "built", False) else None
    known = shape[-1] if isinstance(shape, tuple) and shape and isinstance(shape[-1], int) else None
    return Ending(
        loss=_SHORT.get(named, snake_case(named)),
        from_logits=bool(getattr(loss, "_fn_kwargs", {}).get("from_logits")),
        activation="softmax" if type(last).__name__ == "Softmax" else activation,
        units=getattr(last, "units", known),
    )


_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error"} | {
    "bce": "binary_crossentropy",
}
