"""Input and InputLayer: where a functional model begins."""

from __future__ import annotations

from typing import Any

from narae.base.dtypes import standardize_dtype
from narae.base.errors import unknown_arguments, warn_user
from narae.base.registry import builtin
from narae.base.types import Config, DTypeLike, ShapeLike
from narae.layers.base import Layer
from narae.tensor.symbolic import Call, KerasTensor


@builtin("keras.layers")
class InputLayer(Layer):
    """The layer behind `Input`: it gives the symbolic tensor that a model starts from, and computes nothing.

    Args:
        shape: lengths of a sample, without the batch axis; None for any length.
        batch_size: the length of the batch axis; None: any.
        dtype: the dtype of the data; None: narae.config.floatx().
        sparse: False or None: tensors are dense in narae.
        ragged: False or None, as `sparse`.
        batch_shape: lengths with the batch axis, in place of `shape` and `batch_size`.
        input_tensor: a symbolic tensor from which a model may start from now on; None: a new one.
        optional: whether a model may be called with None in its place.
        name: the name of the input, by which a dict of data names it; None: one by number.

    Raises:
        ValueError: both `shape` and `batch_shape` are given, or neither; a length is negative; what is given
            contradicts the tensor; `sparse` or `ragged` is True.

    >>> InputLayer(shape=(784,)).output.shape
    (None, 784)
    """

    def __init__(
        self,
        shape: ShapeLike | None = None,
        batch_size: int | None = None,
        dtype: DTypeLike | None = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: ShapeLike | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name or None)
        if "input_shape" in kwargs:
            warn_user("Input(input_shape=...) is the old name of `shape`")
            shape = kwargs.pop("input_shape")
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if kwargs:
            raise unknown_arguments("InputLayer", kwargs, InputLayer.__init__)
        if sparse or ragged:
            raise ValueError(
                "narae's tensors are dense: Input(sparse=True) and ragged are not supported"
            )
        if input_tensor is not None:
            _require_like(input_tensor, shape, batch_size, batch_shape, dtype)
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        elif batch_shape is None:
            if shape is None:
                raise ValueError(
                    "Input takes `shape` (without the batch axis) or `batch_shape`: give one of the two"
                )
            batch_shape = (batch_size, *_checked(shape))
        elif shape is not None or batch_size is not None:
            raise ValueError(
                "Input takes `batch_shape`, or `shape` and `batch_size`: give one of the two"
            )
        self.batch_shape = _checked(batch_shape)
        self._input_dtype = standardize_dtype(dtype)
        self.sparse = self.ragged = False
        self.optional = bool(optional)
        self.built = True
        call = Call(self, (), {}, KerasTensor(self.batch_shape, self._input_dtype), name)
        if input_tensor is not None:  # the tensor itself is where a model may begin from now on
            call.outputs = input_tensor
            input_tensor.history, input_tensor._index = call, 0
        self._calls.append(call)

    def _kept_state(self) -> dict[str, Any]:
        """The symbolic input too: nothing comes before it."""
        return {**super()._kept_state(), "_calls": self._calls[:1]}

    def call(self) -> None:  # type: ignore[override]
        """An input computes nothing."""
        return None

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._input_dtype

    def get_config(self) -> Config:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def _require_like(
    tensor: KerasTensor,
    shape: ShapeLike | None,
    batch_size: int | None,
    batch_shape: ShapeLike | None,
    dtype: DTypeLike | None,
) -> None:
    """Raise ValueError unless `tensor` is symbolic, and what else was given of the input is the tensor's too."""
    if not isinstance(tensor, KerasTensor):
        raise ValueError(f"Input(tensor=...) takes a KerasTensor, got {tensor!r:.60}")
    own = {
        "shape": (shape, tensor.shape[1:]),
        "batch_size": (batch_size, tensor.shape[0] if tensor.shape else None),
        "batch_shape": (batch_shape, tensor.shape),
        "dtype": (dtype, tensor.dtype),
    }
    for name, (given, has) in own.items():
        given = tuple(given) if isinstance(given, list) else given
        if given is not None and given != has:
            raise ValueError(
                f"Input takes {name} from the tensor it is given, {has}, and got {name}={given}: leave it out"
            )


def _checked(shape: ShapeLike) -> tuple[int | None, ...]:
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
    shape: ShapeLike | None = None,
    batch_size: int | None = None,
    dtype: DTypeLike | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: ShapeLike | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """The symbolic tensor that a functional model starts from.

    Args:
        shape: lengths of a sample, without the batch axis; None for any length.
        batch_size: the length of the batch axis; None: any.
        dtype: the dtype of the data; None: narae.config.floatx().
        sparse: False or None: tensors are dense in narae.
        ragged: False or None, as `sparse`.
        batch_shape: lengths with the batch axis, in place of `shape` and `batch_size`.
        name: the name of the input, by which a dict of data names it; None: one by number.
        tensor: a symbolic tensor from which a model may start from now on; None: a new one.
        optional: whether a model may be called with None in its place.

    Returns: a KerasTensor of shape (batch_size, *shape).

    Raises:
        ValueError: both `shape` and `batch_shape` are given, or neither; a length is negative; what is given
            contradicts the tensor; `sparse` or `ragged` is True.

    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    return layer.output
