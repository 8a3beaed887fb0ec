"""Sum and Mean of values, and the mean of a function of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from narae import ops
from narae.base.registry import deserialize_keras_object, serialize_keras_object
from narae.metrics.base import Metric
from narae.ops import objectives
from narae.ops.weighting import divide_no_nan, mask_of, masked_weight, samplewise


class Sum(Metric):
    """The (weighted) sum of values.

    >>> total = Sum()
    >>> total.update_state([1.0, 2.0])
    >>> total([3.0]).item()
    6.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", dtype=self.dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values (batch, ...), times their weights."""
        values, _ = samplewise(_tensor(values), sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        """The sum, a scalar."""
        return self.total.value


class Mean(Metric):
    """The (weighted) mean of values, 0 of none. Axes after the first are averaged per sample.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 2.0])
    >>> mean([6.0]).item()
    3.0
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total", dtype=self.dtype)
        self.count = self.add_weight(name="count", dtype=self.dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Count values (batch, ...), with weights that broadcast against them."""
        values, weight = samplewise(_tensor(values), sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        if weight is not None:
            self.count.assign_add(ops.sum(weight))
        else:
            self.count.assign_add(values.shape[0] if values.shape else 1)

    def result(self) -> Any:
        """The mean, a scalar."""
        return divide_no_nan(self.total.value, self.count.value)


def _tensor(values: Any) -> Any:
    return ops.convert_to_tensor(values)


_LOSSES = [getattr(objectives, name) for name in objectives.__all__]


class MeanMetricWrapper(Mean):
    """The mean of a function (y_true, y_pred, **kwargs) -> one number per sample.

    >>> from narae.ops.objectives import huber
    >>> MeanMetricWrapper(huber, name="huber", delta=2.0)([[0.0]], [[3.0]]).item()
    4.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]
        self._fn = fn
        self._fn_kwargs = kwargs
        if fn in _LOSSES or getattr(fn, "__keras_module__", None) == "keras.losses":
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch; a mask on y_pred leaves its False places out."""
        mask = mask_of(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight, self.dtype)
        super().update_state(values, masked_weight(sample_weight, mask, self.dtype, "sum"))

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again, the function by its name."""
        config = {**super().get_config(), "fn": serialize_keras_object(self._fn)}
        return {**config, **serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of a config; the function is looked up by its name."""
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
    quiet: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(
        cls,
        function: Callable[..., Any] | None = None,
        label: str | None = None,
        quiet: dict[str, Any] | None = None,
        direction: str = "down",
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None:
            cls._direction = direction
            cls.function = staticmethod(function)
            cls.label = label or function.__name__
            cls.quiet = quiet or {}

    def __init__(self, name: str | None, dtype: Any, **options: Any) -> None:
        super().__init__(self.function, name=name or self.label, dtype=dtype, **options)
        for option, value in options.items():
            setattr(self, option, value)

    def get_config(self) -> dict[str, Any]:
        """What makes the same metric again."""
        kept = {k: v for k, v in self._fn_kwargs.items() if self.quiet.get(k, _LOUD) != v}
        return {**Metric.get_config(self), **kept}


class PlainMetric(FunctionMetric):
    """Base of the function metrics without options."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
