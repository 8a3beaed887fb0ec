"""What arguments may be, by one name each: for annotations in all rooms.

The names mean something to type checkers alone. At run time each is a string, so that rooms above can be named
from here and nothing is loaded: a module that uses them has `from __future__ import annotations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from types import EllipsisType, ModuleType
    from typing import Any, Protocol

    import numpy as np

    from narae.callbacks import Callback
    from narae.constraints import Constraint
    from narae.engine.variable import Variable
    from narae.initializers import Initializer
    from narae.layers.base import Layer
    from narae.layers.policy import DTypePolicy
    from narae.losses import Loss
    from narae.metrics import Metric
    from narae.optimizers import Optimizer
    from narae.optimizers.schedules import LearningRateSchedule
    from narae.random import SeedGenerator
    from narae.regularizers import Regularizer
    from narae.tensor.symbolic import KerasTensor
    from narae.tensor.tensor import Tensor

    class _SupportsArray(Protocol):
        """What NumPy can read: arrays of other libraries, tables with columns of numbers."""

        def __array__(self) -> np.ndarray: ...


T = TypeVar("T")

# --- numbers
Number: TypeAlias = "bool | int | float | np.generic"  # one number, of Python or NumPy
Array: TypeAlias = "np.ndarray"  # numbers of NumPy's, where nothing else will do
AnyTensor: TypeAlias = "Tensor | KerasTensor | Variable"  # a tensor of ours, known or to come
SupportsArray: TypeAlias = "_SupportsArray"  # what NumPy reads: of other libraries too
# What becomes a tensor: numbers, arrays, tensors, and lists of them. (Five levels deep: an alias that contains itself
# would take every string, which is a sequence of strings.)
TensorLike: TypeAlias = "_Solid | Sequence[_Solid]"
_Item: TypeAlias = "Number | complex | AnyTensor | SupportsArray"
_Row: TypeAlias = "_Item | Sequence[_Item]"
_Table: TypeAlias = "_Row | Sequence[_Row]"
_Block: TypeAlias = "_Table | Sequence[_Table]"
_Solid: TypeAlias = "_Block | Sequence[_Block]"
Index: TypeAlias = "_Part | tuple[_Part, ...]"  # what stands in brackets: x[0, ..., 1:3]
_Part: TypeAlias = "slice | EllipsisType | TensorLike | None"
# Functions of arrays by NumPy's names: numpy, jax.numpy, or what writes code for them.
Namespace: TypeAlias = "ModuleType"

# --- shapes
Shape: TypeAlias = "tuple[int | None, ...]"  # lengths, None where one is not known
KnownShape: TypeAlias = "tuple[int, ...]"  # lengths, all known
ShapeLike: TypeAlias = "Sequence[int | None]"  # lengths as people write them: a list or a tuple
IntLike: TypeAlias = "int | np.integer"  # a whole number
Ints: TypeAlias = "int | Sequence[int]"  # one number for all axes, or one each: strides
# What is added to or cut from axes of space: one number for all ends, one an axis, or (before, after) an axis.
WidthsLike: TypeAlias = "int | Sequence[int] | Sequence[Sequence[int]]"
Axis: TypeAlias = "int | Sequence[int] | None"  # one axis, several, or None: all

# --- dtypes
DType: TypeAlias = "str"  # a dtype's name, "float32", as tensors and graphs have it
DTypeLike: TypeAlias = "str | np.dtype[Any] | type[Any]"  # a dtype by name, of NumPy, or a type
# A dtype of layers: a policy, its name or config.
DTypePolicyLike: TypeAlias = "DTypePolicy | DTypeLike | Mapping[str, Any]"

# --- structures
Tree: TypeAlias = "T | Sequence[Tree[T]] | Mapping[str, Tree[T]]"  # leaves in lists, tuples, dicts
Tensors: TypeAlias = "Tree[TensorLike]"  # tensors, alone or in lists, tuples, dicts
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Config: TypeAlias = "dict[str, Any]"  # JSON-ready data that makes an object again
CustomObjects: TypeAlias = "Mapping[str, Any]"  # names in a config -> what they stand for

# --- objects by name, config, class or as they are
_Named: TypeAlias = "str | Mapping[str, Any]"  # a name, or a config
Identifier: TypeAlias = "Callable[..., Any] | _Named | None"  # what a family's `get` takes
InitializerLike: TypeAlias = "Initializer | Callable[..., Any] | TensorLike | _Named"  # of weights
RegularizerLike: TypeAlias = "Regularizer | Callable[..., Any] | _Named"  # penalty of weights
ConstraintLike: TypeAlias = "Constraint | Callable[..., Any] | _Named"  # bounds of weights
ActivationLike: TypeAlias = "Callable[..., Any] | _Named"  # a function or a layer
LossLike: TypeAlias = "Loss | Callable[..., Any] | _Named"  # a loss, or f(y_true, y_pred)
MetricLike: TypeAlias = "Metric | Callable[..., Any] | _Named"  # a metric, or f(y_true, y_pred)
OptimizerLike: TypeAlias = "Optimizer | _Named"  # an optimizer
# Of optimizers: a number, a schedule or its config, or a function that gives a number.
LearningRateLike: TypeAlias = (
    "Number | LearningRateSchedule | Callable[[], Any] | Mapping[str, Any]"
)
LayerLike: TypeAlias = "Layer | Callable[..., Any]"  # a layer, or a function used as one
CallbackLike: TypeAlias = "Callback | Sequence[Callback]"  # of fit: one, or a list of them

# --- the rest
PathLike: TypeAlias = "str | os.PathLike[str]"  # a file's place
# Of random numbers: a whole number, a generator, or a key of two words; None: other numbers every time.
Seed: TypeAlias = "int | np.integer | SeedGenerator | Tensor | None"
