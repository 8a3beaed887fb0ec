"""Sum and Mean of values, and the mean of a function of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from narae import ops
from narae.base.errors import entry
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, DTypePolicyLike, TensorLike
from narae.metrics.base import Metric
from narae.ops import objectives
from narae.ops.weighting import divide_no_nan, masked_weight, samplewise
from narae.tensor.masks import get_keras_mask
from narae.tensor.tensor import Tensor


class Sum(Metric):
    """The (weighted) sum of values.

    values: (batch, ...); sample_weight: a shape that broadcasts against it. The result is a scalar.

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> total = Sum()
    >>> total.update_state([1.0, 2.0])
    >>> total([3.0]).item()
    6.0
    """

    def __init__(self, name: str = "sum", dtype: DTypePolicyLike | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", dtype=self.dtype)

    @entry
    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        values, _ = samplewise(_tensor(values), sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Tensor:
        return self.total.value


class Mean(Metric):
    """The (weighted) mean of values, Σ w v / Σ w; 0 of none.

    values: (batch, ...), averaged over the axes after the first; sample_weight: a shape that broadcasts against it.
    The result is a scalar.

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 2.0])
    >>> mean([6.0]).item()
    3.0
    """

    def __init__(self, name: str = "mean", dtype: DTypePolicyLike | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", dtype=self.dtype)
        self.count = self.add_weight(name="count", dtype=self.dtype)

    @entry
    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        values, weight = samplewise(_tensor(values), sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        if weight is not None:
            self.count.assign_add(ops.sum(weight))
        else:
            self.count.assign_add(values.shape[0] if values.shape else 1)

    def result(self) -> Tensor:
        return divide_no_nan(self.total.value, self.count.value)


def _tensor(values: TensorLike) -> Tensor:
    return ops.convert_to_tensor(values)


_LOSSES = [getattr(objectives, name) for name in objectives.__all__]


class MeanMetricWrapper(Mean):
    """The mean of a function (y_true, y_pred, **kwargs) -> one number per sample.

    Further keywords are passed on to the function. A mask on y_pred leaves its False positions out.

    Args:
        fn: the function.
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.

    >>> from narae.ops.objectives import huber
    >>> MeanMetricWrapper(huber, name="huber", delta=2.0)([[0.0]], [[3.0]]).item()
    4.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: DTypePolicyLike | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]
        self._fn = fn
        self._fn_kwargs = kwargs
        if fn in _LOSSES or getattr(fn, "__keras_module__", None) == "keras.losses":
            self._direction = "down"

    @entry
    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        mask = get_keras_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight, self.dtype)
        super().update_state(values, masked_weight(sample_weight, mask, self.dtype, "sum"))

    def get_config(self) -> Config:
        config = {**super().get_config(), "fn": serialize_keras_object(self._fn)}
        return {**config, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: Config) -> Metric:
        return cls(**deserialize_keras_object(config))


_LOUD = object()  # the "default" of an option that is always in the config


class FunctionMetric(MeanMetricWrapper):
    """Base of the metrics that are the mean of one of our functions: `function=hinge`.

    Options are attributes too. quiet: options that Keras leaves out of the config, and their
    defaults; here they are left out only at the default, so that a config makes the same metric
    again. direction: whether a larger mean is better ("up"), or a smaller one ("down").
    """

    function: ClassVar[Callable[..., Any]]
    label: ClassVar[str]
    quiet: ClassVar[Config] = {}

    def __init_subclass__(
        cls,
        function: Callable[..., Any] | None = None,
        label: str | None = None,
        quiet: Config | None = None,
        direction: str = "down",
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None:
            cls._direction = direction
            cls.function = staticmethod(function)
            cls.label = label or function.__name__
            cls.quiet = quiet or {}

    def __init__(self, name: str | None, dtype: DTypePolicyLike | None, **options: Any) -> None:
        super().__init__(self.function, name=name or self.label, dtype=dtype, **options)
        for option, value in options.items():
            setattr(self, option, value)

    def get_config(self) -> Config:
        kept = {k: v for k, v in self._fn_kwargs.items() if self.quiet.get(k, _LOUD) != v}
        return {**Metric.get_config(self), **kept}


class PlainMetric(FunctionMetric):
    """Base of the function metrics without options.

    Args:
        name: the metric's name, in logs; None: one from the class.
        dtype: what the metric counts in: a dtype, a policy or its name; None: `narae.config.floatx()`.
    """

    def __init__(self, name: str | None = None, dtype: DTypePolicyLike | None = None) -> None:
        super().__init__(name, dtype)
