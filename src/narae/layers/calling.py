"""The call of a layer: which argument is what, training mode, masks, dtypes, and what is known of symbolic calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from narae.base import trees
from narae.base.context import Stack
from narae.base.dtypes import is_float
from narae.base.errors import warn_user
from narae.base.language import tr
from narae.engine.scope import autocast, autocasting
from narae.tensor.lengths import public_shape
from narae.tensor.masks import any_mask, get_keras_mask, masks_of, set_masks, with_mask
from narae.tensor.promote import to
from narae.tensor.symbolic import Call, KerasTensor
from narae.tensor.tensor import Tensor, as_tensor

if TYPE_CHECKING:
    from narae.layers.base import Layer

Bound: TypeAlias = "dict[str, Any]"  # the arguments of a call, by name

_training: Stack[tuple[bool | None]] = Stack()


def outermost() -> bool:
    """Whether no layer is being called around this point."""
    return _training.top() is None


def inherited_training() -> bool | None:
    """The training mode of the layer being called around this point."""
    found = _training.top()
    return None if found is None else found[0]


def in_call(training: bool | None) -> AbstractContextManager[None]:
    """Within it, layers called without `training` take this mode."""
    return _training.pushed((training,))


class Signature:
    """What a layer's `call` takes, looked up once per function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.signature = inspect.signature(function)
        parameters = list(self.signature.parameters.values())
        self.names = [p.name for p in parameters]
        self.takes_training = "training" in self.names
        self.takes_kwargs = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.first = self.names[0] if self.names else None
        self.var_positional = (
            bool(parameters) and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
        )
        self.default_training = next(
            (p.default for p in parameters if p.name == "training" and p.default is not p.empty),
            None,
        )

    def first_of(self, bound: Bound) -> Any:
        """The first argument of a call, None where there is none."""
        return None if self.first is None else bound.get(self.first)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any], layer: str) -> Bound:
        """The arguments by name. Raises TypeError that names the layer."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                tr(
                    "{layer}: {error}; its call is call{signature}",
                    layer=layer,
                    error=error,
                    signature=self.signature,
                )
            ) from None
        return dict(bound.arguments)


@cache
def signature_of_method(function: Callable[..., Any]) -> Signature:
    """Of a function that will be bound: without its first parameter, whatever its name."""
    return Signature(functools.partial(function, None))


def signature_of(method: Callable[..., Any]) -> Signature:
    """The signature of a bound method (or of an instance's own function)."""
    function = getattr(method, "__func__", None)
    return Signature(method) if function is None else signature_of_method(function)


def takes_training(target: object) -> bool:
    """Whether what is called is a layer whose `call` takes the training mode."""
    call = getattr(target, "call", None)
    return call is not None and signature_of(call).takes_training


def is_tensor(leaf: object) -> bool:
    """Whether a leaf of a call's arguments is a tensor, concrete, traced or symbolic."""
    return isinstance(leaf, (Tensor, KerasTensor)) or hasattr(leaf, "__narae_tensor__")


def tensor_arguments(bound: Bound, layer: str = "a layer") -> Bound:
    """The arguments that are tensors or structures of them, by name. Raises ValueError for one of tensors and
    settings."""
    out = {}
    for name, value in bound.items():
        leaves = trees.flatten(value)
        if not any(map(is_tensor, leaves)):
            continue
        odd = [leaf for leaf in leaves if leaf is not None and not is_tensor(leaf)]
        if not odd:
            out[name] = value
        elif name not in _CATCH_ALL:
            raise ValueError(
                tr(
                    "{layer} takes tensors or settings in one argument, got both in {name}: {odd!r:.60} is "
                    "no tensor. Convert it with np.array, or pass it by a name of its own",
                    layer=layer,
                    name=name,
                    odd=odd[0],
                )
            )
    return out


_CATCH_ALL = ("args", "kwargs")


def shape_arguments(tensors: Bound) -> dict[str, Any]:
    """The shapes of a call's tensors, as `build` names them."""
    plain = {n: v for n, v in tensors.items() if n != "mask" and n not in _CATCH_ALL}
    return {f"{name}_shape": shapes_of(value) for name, value in plain.items()}


def shapes_of(value: Any) -> Any:
    """The shapes in a structure of tensors; a single tensor's shape."""
    return trees.map_tree(lambda leaf: None if leaf is None else public_shape(leaf.shape), value)


class Casting:
    """Base of layers: arrays become tensors, floats the layer's dtype."""

    name: str
    autocast: bool
    input_dtype: Any
    compute_dtype: Any
    variable_dtype: Any
    _casts_inputs = True  # whether float inputs are cast to one dtype before `call` sees them

    def _input(self, leaf: Any) -> Any:
        """A leaf of the arguments as `call` sees it: arrays are tensors, floats of the compute dtype."""
        if isinstance(leaf, (np.ndarray, np.generic)):
            try:
                leaf = as_tensor(leaf)
            except TypeError as error:
                raise ValueError(
                    tr("Layer {name!r}: {error}", name=self.name, error=error)
                ) from None
        elif hasattr(leaf, "__narae_tensor__"):
            leaf = leaf.__narae_tensor__()
        elif not is_tensor(leaf):
            return leaf
        dtype = self._cast_to(leaf)
        if dtype is None or isinstance(leaf, KerasTensor):  # those are cast when the graph runs
            return leaf
        return with_mask(to(leaf, dtype), get_keras_mask(leaf))

    def _cast_to(self, leaf: Tensor | KerasTensor) -> str | None:
        """The dtype in which `call` sees a tensor, None for its own."""
        dtype = self.input_dtype
        casts = self.autocast and self._casts_inputs and is_float(leaf.dtype)
        return dtype if casts and leaf.dtype != dtype else None

    def _symbol(self, leaf: Any) -> Any:
        """A leaf of the arguments of the dtype in which `call` sees it."""
        dtype = self._cast_to(leaf) if isinstance(leaf, KerasTensor) else None
        return leaf if dtype is None else KerasTensor(leaf.shape, dtype)

    def _reading(self) -> AbstractContextManager[None]:
        """How `call` reads variables: in the compute dtype, where that is another one than theirs,
        or where a layer around this one reads them so."""
        compute, around = self.compute_dtype, autocasting()
        if not around and compute == self.variable_dtype:
            return nullcontext()
        casts = is_float(compute) and (self.autocast or not around)
        return autocast(compute if casts else None)


class Recorded:
    """Base of layers: the graph's calls of the layer."""

    name: str
    call: Any
    _calls: list[Call]

    @property
    def path(self) -> str | None:
        """The names of the layers around this one and its own, joined by "/"; None before it is built."""
        return self.__dict__.get("_path")

    @property
    def call_signature_parameters(self) -> list[str]:
        """The names of the arguments that `call` takes."""
        return list(signature_of(self.call).names)

    def _first_call(self) -> Call:
        if not self._calls:
            raise AttributeError(
                tr(
                    "the layer {name!r} has no input and output before it is called on a KerasTensor",
                    name=self.name,
                )
            )
        return self._calls[0]

    @property
    def input(self) -> Any:
        """The symbolic inputs of the layer's first call; one tensor, or a list."""
        inputs = self._first_call().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self) -> Any:
        """The symbolic outputs of the layer's first call; one tensor, or a list."""
        outputs = trees.flatten(self._first_call().outputs)
        return outputs[0] if len(outputs) == 1 else outputs


def masks_for(signature: Signature, bound: Bound, tensors: Bound) -> Bound:
    """Masks that the inputs carry, for those mask arguments of `call` that were not given.

    Of a layer of one input it is `mask`, in the input's structure. Where several arguments are tensors each has one
    of its own: `query` has `query_mask`; `mask` is filled for none of them, as in Keras.
    """
    if len(tensors) == 1:
        wanted = {"mask": next(iter(tensors.values()))}
    else:
        wanted = {f"{name}_mask": value for name, value in tensors.items()}
    return {
        name: masks_of(value)
        for name, value in wanted.items()
        if name in signature.names and bound.get(name) is None
    }


def pass_on(layer: Layer, inputs: Any, outputs: Any, mask: Any) -> None:
    """Put masks on the outputs, as the layer's `compute_mask` says, or warn of a layer that lets none through.

    inputs: the first argument of the call; mask: its mask, in its structure.
    """
    if layer.supports_masking:
        if not _all_masked(outputs):
            set_masks(outputs, layer.compute_mask(inputs, mask))
    elif any_mask(mask) and not layer.__dict__.get("_told_of_mask"):
        layer.__dict__["_told_of_mask"] = True  # once: a model calls its layers again and again
        warn_user(
            tr(
                "the layer {name!r} ({kind}) does not support masking, and its input has a mask: the "
                "layers after it do not see it",
                name=layer.name,
                kind=type(layer).__name__,
            )
        )


def _all_masked(outputs: Any) -> bool:
    return all(get_keras_mask(leaf) is not None for leaf in trees.flatten(outputs))
