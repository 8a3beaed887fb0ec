"""Variable: a tensor that changes, with storage of its own that programs write in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from narae.base import changes, limits
from narae.base.copying import Copied
from narae.base.dtypes import is_float, np_dtype
from narae.base.errors import ShapeError, entry
from narae.base.names import auto_name, current_path
from narae.drawing.cards import Card, Shown
from narae.engine import tape
from narae.engine.initial import initial_value, is_computed, waiting_value
from narae.engine.scope import Stand, autocast_dtype, current_scope, eagerly
from narae.executors.shared.memory import Store
from narae.graph import recording
from narae.tensor.operators import LogicalOperators
from narae.tensor.promote import dtype_of, to
from narae.tensor.tensor import Tensor

if TYPE_CHECKING:
    from narae.base.types import DTypeLike, InitializerLike, ShapeLike, TensorLike

Function: TypeAlias = "Callable[..., Any] | None"  # of a variable's value


class Stored(Protocol):
    """An array in a file, of a variable's shape."""

    def read_into(self, array: np.ndarray) -> None:
        """Read it into memory that is there."""
        ...


class Variable(Copied, Shown, LogicalOperators):
    """A named tensor that can be assigned to: a weight, a counter, an optimizer's state.

    Args:
        initializer: the first value: a number, array or tensor; or an initializer, its name, or a function
            (shape, dtype=...) -> tensor, which need `shape`.
        shape: the lengths of the axes; None for those of the value.
        dtype: the dtype; None for the value's, floatx for numbers of Python.
        trainable: whether GradientTape watches it by itself, and optimizers change it.
        autocast: whether it is read in the compute dtype within a layer of a mixed policy.
        aggregation: accepted, and kept: "none", "mean", "sum" or "only_first_replica".
        synchronization: accepted, and kept: "auto", "none", "on_write" or "on_read".
        name: its name, without a slash; None for "variable", "variable_1", ...

    Raises:
        ValueError: an initializer without a shape, or a name with a slash.
        ShapeError: the value has another shape than `shape`.

    >>> v = Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    >>> (2 * v).tolist()
    [4.0, 6.0]
    """

    def __init__(
        self,
        initializer: InitializerLike,
        shape: ShapeLike | None = None,
        dtype: DTypeLike | None = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
    ) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"a variable's name is a string without '/', got {name!r}")
        self.name = name or auto_name("variable")
        self.path = current_path(self.name)
        self.made_trainable = self._trainable = bool(trainable)  # frozen later, it keeps its place
        self.autocast = bool(autocast)
        self.aggregation = _one_of("aggregation", aggregation, _AGGREGATIONS)
        self.synchronization = _one_of("synchronization", synchronization, _SYNCHRONIZATIONS)
        self._regularizer: Function = None
        self._constraint: Function = None
        self._overwrite_with_gradient = False
        self.like: Variable | None = None  # the weight that it is the optimizer's state of
        waits = limits.limits() if is_computed(initializer) else None
        with eagerly():
            value = (
                initial_value(initializer, shape, dtype, self.name)
                if waits is None
                else waiting_value(waits, shape, dtype, self.name)
            )
        self.spec = value.spec
        # C order: programs bind this array for life and write to it in place.
        data = np.asarray(value.data, np_dtype(value.dtype))
        self.store = Store(np.array(data, order="C") if waits is None else data)
        if waits is not None:
            waits.made[id(self)] = (self, initializer)
        self._snapshot: Tensor | None = None

    @property
    def trainable(self) -> bool:
        """Whether GradientTape watches the variable by itself."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        changes.note()
        self._trainable = bool(value)

    @property
    def regularizer(self) -> Function:
        """A function of the value whose result is added to the loss, or None."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Function) -> None:
        self._regularizer = _callable_or_none("regularizer", value)

    @property
    def constraint(self) -> Function:
        """A function of the value that an optimizer applies after each update, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Function) -> None:
        self._constraint = _callable_or_none("constraint", value)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether an optimizer puts the gradient in the variable's place."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"overwrite_with_gradient is True or False, got {value!r}")
        self._overwrite_with_gradient = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """The name of the dtype that `value` has here: the variable's own, or the compute dtype of
        the layer of mixed precision that is being called."""
        return self._read_dtype() or self.spec.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.spec.size

    def _read_dtype(self) -> str | None:
        """The dtype to cast to when the variable is read here, None for its own."""
        return autocast_dtype() if self.autocast and is_float(self.spec.dtype) else None

    @property
    def value(self) -> Tensor:
        """The present value, which later assignments leave as it is: in the variable's dtype, or
        within a layer of mixed precision in that layer's compute dtype."""
        found, dtype = self.own_value, self._read_dtype()
        return found if dtype is None else to(found, dtype)

    @property
    def own_value(self) -> Tensor:
        """The present value in the variable's own dtype, wherever it is read."""
        scope = current_scope()
        found = self.snapshot() if scope is None else scope.read(self)
        tape.note_read(self, found)
        return found

    def snapshot(self) -> Tensor:
        """The value that the storage has, whatever is traced."""
        found = self._snapshot
        if found is None:
            found = self._snapshot = Tensor(self.spec, self.store.host().copy())
        return found

    def __narae_tensor__(self) -> Tensor:
        return self.value

    @entry
    def assign(self, value: TensorLike) -> Tensor:
        """Give the variable another value of its shape; the dtype is cast. Returns the new value."""
        new = self.fitting(value)
        scope = current_scope()
        if scope is not None:
            scope.write(self, new)
        else:
            self.put(new)
        return new

    def fitting(self, value: TensorLike) -> Tensor:
        """A value in the variable's dtype. Raises ShapeError for another shape than its own."""
        new = to(value, self.spec.dtype)
        if new.shape != self.shape:
            raise ShapeError(
                f"variable {self.path!r} has shape {self.shape} and was assigned a value of shape "
                f"{new.shape}; a variable keeps its shape"
            )
        return new

    def put(self, new: Tensor) -> None:
        """Write a value into the storage, whatever is traced."""
        if new.data is None:
            raise TypeError(
                f"variable {self.path!r} was assigned a traced value outside of a traced step (in a "
                "body of cond, while_loop or scan?): return the value from the body and assign it after"
            )
        read = self._snapshot is not None
        self._snapshot = None  # first: an interrupt must not leave an old one
        if read and new.data.base is None and new.data.flags.c_contiguous:
            # read and assigned in turn, by eager code: the numbers are the tensor's own, and the
            # storage gets them when a program asks for it
            self.store.give(new.data)
            self._snapshot = Tensor(self.spec, new.data)
        else:
            self.store.write(new.data)
            self._snapshot = None
        self._given()

    def _given(self) -> None:
        """A value came from the file that is being loaded, if one is."""
        if limits.ACTIVE.entries and (found := limits.limits()) is not None:
            found.made.pop(id(self), None)

    def read_from(self, stored: Stored) -> None:
        """Take the value of an array in a file, of this shape, straight into the storage."""
        stored.read_into(self.store.array)
        touch([self])

    @entry
    def assign_add(self, value: TensorLike) -> Tensor:
        """Add to the variable: the sum is cast, not what is added."""
        return self.assign(self.own_value + self._operand(value))

    @entry
    def assign_sub(self, value: TensorLike) -> Tensor:
        """Subtract from the variable: the difference is cast, not what is subtracted."""
        return self.assign(self.own_value - self._operand(value))

    def _operand(self, value: TensorLike) -> TensorLike:
        """A value to add, in float64 only for variables that are."""
        wide = self.spec.dtype != "float64" and dtype_of(value) == "float64"
        return to(value, "float32") if wide else value

    def numpy(self) -> np.ndarray:
        """A NumPy copy of the present value."""
        return self.store.host().copy() if current_scope() is None else self.own_value.numpy()

    def stored(self) -> np.ndarray:
        """The storage itself, for programs that write in place. Call `touch` after writing."""
        return self.store.host()

    def moved(self) -> None:
        """Forget what was read before: there is a newer value on a device."""
        self._snapshot = None

    def _kept_state(self) -> dict[str, Any]:
        """All but the value as it was read last."""
        return {**self.__dict__, "_snapshot": None}

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.value.__array__(dtype, copy)

    def __float__(self) -> float:
        return float(self._scalar("float()"))

    def __int__(self) -> int:
        return int(self._scalar("int()"))

    def _scalar(self, asked: str) -> Tensor:
        if self.ndim:
            raise TypeError(f"{asked} takes a variable of shape (), got {self.shape}")
        return self.value

    def __index__(self) -> int:
        return self.value.__index__()

    def __bool__(self) -> bool:
        raise TypeError(
            f"variable {self.path!r} has no truth value of its own: compare it, or ask its numpy()"
        )

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return iter(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(self.value, format_spec)

    def __repr__(self) -> str:
        with eagerly():
            body = np.array2string(self.store.host(), separator=", ", threshold=100)
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.spec.dtype}, value={body}>"

    def _show_on(self, card: Card) -> None:
        card.title(f"Variable {self.path} {self.spec.dtype}[{', '.join(map(str, self.shape))}]")
        with eagerly():
            card.numbers(np.asarray(self.store.host()))


def touch(variables: Iterable[Variable]) -> None:
    """Forget what was read of variables before: their storage has changed."""
    given = limits.ACTIVE.entries
    for variable in variables:
        if given:
            variable._given()
        variable.store.wrote()
        variable._snapshot = None


def standing(pairs: Iterable[tuple[Variable, Any]]) -> AbstractContextManager[Any]:
    """Within it variables have other values: reading gives these very tensors, so that gradients go through
    them, and assigning changes them. Afterwards everything is as before. Raises ShapeError for a
    value that does not fit."""
    return recording.standing(Stand({id(v): v.fitting(value) for v, value in pairs}))


_AGGREGATIONS = ("none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = ("none", "on_read", "on_write", "auto")


def _one_of(argument: str, value: str | None, known: tuple[str, ...]) -> str:
    """An option's name; None is 'none'."""
    if value is not None and value not in known:
        raise ValueError(f"{argument} is None or one of {', '.join(known)}, got {value!r}")
    return value or "none"


def _callable_or_none(attribute: str, value: Function) -> Any:
    if value is not None and not callable(value):
        raise ValueError(
            f"a variable's {attribute} is a function of its value, or None, got {value!r}"
        )
    return value
