"""Tensor: the array a user holds. Slicing, NumPy interoperation, a clear repr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from narae.base.arrays import is_masked, native
from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.types import DTypeLike, ShapeLike, TensorLike
from narae.drawing.cards import Card, Shown
from narae.graph.ir import Op, Spec, Value
from narae.tensor.lengths import Unknown
from narae.tensor.operators import Operators
from narae.tensor.public_names import public_op


class Tensor(Operators, Shown, Value):
    """An immutable array with a dtype by name; what every operation takes and gives.

    A tensor made while a function is traced has no numbers yet: asking for them is an error that
    says so. Tensors are made by operations: `narae.ops.convert_to_tensor([1.0, 2.0])`.

    >>> import narae
    >>> x = narae.ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> (x @ x + 1).numpy()
    array([[ 8., 11.],
           [16., 23.]], dtype=float32)
    >>> f"{narae.ops.sum(x):.2f}"
    '10.00'
    """

    __slots__ = ("_keras_mask",)  # the mask that a layer put on its output; absent: none

    @property
    def size(self) -> int:
        """The number of elements: the product of the lengths.

        >>> import narae
        >>> narae.ops.ones((2, 3)).size
        6
        """
        return self.spec.size

    @property
    def T(self) -> Tensor:
        """The tensor with its axes in reverse order: (a, b, c) -> (c, b, a).

        >>> import narae
        >>> narae.ops.ones((2, 3)).T.shape
        (3, 2)
        """
        return public_op("transpose")(self)

    def numpy(self) -> np.ndarray:
        """The numbers as a NumPy array of its own.

        Returns: an array of the tensor's shape and dtype; writing to it changes nothing else.

        Raises:
            TypeError: the tensor is being traced: its numbers are not known yet.

        >>> import narae
        >>> narae.ops.ones((2,)).numpy()
        array([1., 1.], dtype=float32)
        """
        return self._known("numpy()").copy()

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        data = self._known("np.asarray()")
        if dtype is not None and data.dtype != dtype:
            return data.astype(dtype)
        if copy:
            return data.copy()
        view = data.view()
        view.flags.writeable = False  # tensors are immutable, and may share their memory
        return view

    def item(self) -> Any:
        """The Python number of a tensor with one element.

        Returns: a bool, an int or a float.

        Raises:
            ValueError: there are more elements, or none.
            TypeError: the tensor is being traced.

        >>> import narae
        >>> narae.ops.sum([1, 2]).item()
        3
        """
        return self._known("item()").item()

    def tolist(self) -> Any:
        """The numbers as nested Python lists, one level for each axis.

        Returns: a list; a number of a tensor of rank 0.

        Raises:
            TypeError: the tensor is being traced: its numbers are not known yet.

        >>> import narae
        >>> narae.ops.ones((1, 2)).tolist()
        [[1.0, 1.0]]
        """
        return self._known("tolist()").tolist()

    def astype(self, dtype: DTypeLike) -> Tensor:
        """The tensor in another dtype: (...) -> (...).

        Args:
            dtype: the dtype, by name or of NumPy.

        Returns: a tensor of the same shape.

        Raises:
            ValueError: there is no such dtype.

        >>> import narae
        >>> narae.ops.convert_to_tensor(1.5).astype("int32").item()
        1
        """
        return public_op("cast")(self, dtype)

    def reshape(self, *shape: int | ShapeLike) -> Tensor:
        """The tensor in another shape with as many elements, in the same order.

        (...) -> shape.

        Args:
            shape: the lengths wanted, one by one or as a tuple; one of them may be -1: what
                remains.

        Returns: a tensor of the same dtype.

        Raises:
            ShapeError: another number of elements.

        >>> import narae
        >>> narae.ops.ones((2, 3)).reshape(3, -1).shape
        (3, 2)
        """
        new = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return public_op("reshape")(self, new)

    def __reduce__(self) -> Any:
        return tensor_of, (self._known("pickle or copy"),)

    def __copy__(self) -> Tensor:
        return self  # immutable

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self

    def _known(self, asked: str) -> np.ndarray:
        if self.data is None:
            raise TypeError(
                f"{asked} asks for the numbers of a tensor that is being traced (shape "
                f"{self.shape}, {self.dtype}): they are not known before the function runs. Use "
                "narae.ops on it, or run the code eagerly (compile(run_eagerly=True))."
            )
        return self.data

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor of rank 0")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a tensor of rank 0")
        return (self[i] for i in range(self.shape[0]))

    def __bool__(self) -> bool:
        return bool(self._known("bool() (an `if` or `while` on a tensor)"))

    def __float__(self) -> float:
        return float(self._single("float()"))

    def __int__(self) -> int:
        return int(self._single("int()"))

    def _single(self, asked: str) -> Any:
        data = self._known(asked)
        if data.size != 1:
            raise TypeError(f"{asked} takes one number, got a tensor of shape {self.shape}")
        return data.item()

    def __index__(self) -> int:
        return self._known("an index").__index__()

    def __format__(self, format_spec: str) -> str:
        if not format_spec:
            return str(self)
        if self.shape:
            raise TypeError(
                f"{format_spec!r} formats one number, got a tensor of shape {self.shape}"
            )
        return format(self.item(), format_spec)

    def __repr__(self) -> str:
        if self.data is None:
            return f"<narae.Tensor shape={self.shape} dtype={self.dtype} (traced)>"
        body = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=100)
        return f"Tensor({body}, shape={self.shape}, dtype={self.dtype})"

    def __str__(self) -> str:
        return repr(self) if self.data is None else str(self.data)

    def _show_on(self, card: Card) -> None:
        card.title(f"Tensor {self.dtype}[{', '.join(map(str, self.shape))}]")
        if self.data is not None:
            card.numbers(self.data)


Op.result_type = Tensor


def tensor_of(data: np.ndarray) -> Tensor:
    """A tensor around an array that nobody else will write to."""
    return Tensor(Spec(data.shape, standardize_dtype(data.dtype)), data)


def as_tensor(x: TensorLike, dtype: str | None = None) -> Tensor:
    """`x` as a tensor: tensors as they are, variables by their value, everything else copied.

    Python numbers become int32 or floatx, NumPy arrays keep their dtype. Raises TypeError or
    ValueError for what holds no numbers (strings, ragged lists).
    """
    if isinstance(x, Tensor):
        found = x
    elif (value := getattr(x, "__narae_tensor__", None)) is not None:
        found = value()
    elif isinstance(x, (list, tuple)) and any(_is_tensor(item) for item in _leaves(x)):
        found = public_op("stack")([as_tensor(item) for item in x])
    else:
        return tensor_of(_array(x, dtype))
    return found if dtype is None or dtype == found.dtype else public_op("cast")(found, dtype)


def _leaves(x: Iterable[object]) -> Iterator[Any]:
    for item in x:
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item


def _is_tensor(x: object) -> bool:
    return isinstance(x, Tensor) or hasattr(x, "__narae_tensor__")


def _array(x: TensorLike, dtype: str | None) -> np.ndarray:
    if isinstance(x, (bool, int, float)) and dtype is None:
        kind = int if type(x) is Unknown else type(x)
        return np.asarray(x, np_dtype(standardize_dtype(kind)))
    if x is None:
        raise ValueError("cannot make a tensor of None: a tensor holds numbers or booleans")
    if is_masked(x):
        x = native(np.asanyarray(x))
    try:
        data = native(np.array(x))
    except ValueError as error:
        raise ValueError(f"cannot make a tensor of {_short(x)}: {error}") from None
    if data.dtype == object or (data.dtype.kind in "SUMmcV" and data.dtype.name != "bfloat16"):
        raise TypeError(
            f"cannot make a tensor of {_short(x)} (NumPy dtype {data.dtype}): a tensor holds "
            "numbers or booleans; encode strings as integers first"
        )
    if dtype is None and not hasattr(x, "dtype"):  # nested Python numbers are weak
        kind = {"f": "float", "i": "int", "u": "int"}.get(data.dtype.kind)
        dtype = {"float": standardize_dtype(float), "int": "int32", None: None}[kind]
    if dtype is None:
        return data
    target = np_dtype(dtype)
    if data.dtype.kind in "iu" and target.kind in "iu" and not hasattr(x, "dtype"):
        _check_fits(data, target)
    return data.astype(target, copy=False)


def _check_fits(data: np.ndarray, target: np.dtype) -> None:
    """Python's integers are int32 where they meet narrower ones, and wrap; beyond that they are an error."""
    ranges = [np.iinfo(kind) for kind in (target, np.dtype("int32"))]
    low, high = min(r.min for r in ranges), max(r.max for r in ranges)
    if data.size and not (low <= int(data.min()) and int(data.max()) <= high):
        worst = max((int(data.min()), int(data.max())), key=abs)
        raise OverflowError(
            f"Python integer {worst} out of bounds for {target}: pass an array of a wider dtype, "
            "np.int64 for one"
        )


def _short(x: object) -> str:
    text = repr(x)
    return text if len(text) < 60 else f"{text[:57]}..."
