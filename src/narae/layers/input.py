"""Input and InputLayer: where a functional model begins."""

from __future__ import annotations

from typing import Any

from narae.base.dtypes import standardize_dtype
from narae.base.registry import builtin
from narae.layers.base import Layer
from narae.ops.symbolic import Call, KerasTensor


@builtin("keras.layers")
class InputLayer(Layer):
    """The layer behind `Input`: it gives the symbolic tensor that a model starts from."""

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name or None)
        if sparse or ragged:
            raise ValueError(
                "narae's tensors are dense: Input(sparse=True) and ragged are not supported"
            )
        if isinstance(input_tensor, KerasTensor):
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        if (shape is None) == (batch_shape is None):
            raise ValueError(
                "Input takes `shape` (without the batch axis) or `batch_shape`: give one of the two"
            )
        if batch_shape is None:
            batch_shape = (batch_size, *_checked(shape))
        self.batch_shape = _checked(batch_shape)
        self._input_dtype = standardize_dtype(dtype)
        self.optional = bool(optional)
        self.built = True
        spec = KerasTensor(self.batch_shape, self._input_dtype)
        call = Call(self, (), {}, spec)
        call.outputs.name = self.name
        self._calls.append(call)

    def _kept_state(self) -> dict[str, Any]:
        """The symbolic input too: nothing comes before it."""
        return {**super()._kept_state(), "_calls": self._calls[:1]}

    def call(self) -> Any:  # type: ignore[override]
        """An input computes nothing."""
        return self.output

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._input_dtype

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def _checked(shape: Any) -> tuple[int | None, ...]:
    try:
        found = tuple(None if n is None else int(n) for n in shape)
    except TypeError:
        raise ValueError(
            f"a shape is a tuple of lengths, got {shape!r}; for one axis write ({shape!r},)"
        ) from None
    if any(n is not None and n < 0 for n in found):
        raise ValueError(f"a shape's lengths are at least 0 (or None for any), got {shape!r}")
    return found


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """The symbolic tensor that a functional model starts from.

    shape: lengths without the batch axis; batch_shape: with it; None for any length.

    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    return layer.output
