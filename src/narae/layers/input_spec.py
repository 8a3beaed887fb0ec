"""InputSpec: what a layer demands of its inputs, checked at each call."""

from __future__ import annotations

from typing import Any, Self

from narae.base import trees
from narae.base.errors import ShapeError
from narae.base.language import tr
from narae.base.types import Config, Tensors, Tree
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor


class InputSpec:
    """The rank, shape, dtype or single axes that an input must have, checked at each call. None means anything.

    Args:
        dtype: the dtype's name.
        shape: the lengths, None for any; the rank follows.
        ndim: the number of axes.
        max_ndim: the largest number of axes.
        min_ndim: the smallest number of axes.
        axes: the length of single axes, {axis: length}; -1 is the last.
        allow_last_axis_squeeze: whether a last axis of length 1 may be missing, or be too much.
        name: the name of the input, in a dict of them.
        optional: whether the input may be None.

    >>> InputSpec(ndim=2, axes={-1: 784})
    InputSpec(ndim=2, axes={-1: 784})
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: tuple[int | None, ...] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def get_config(self) -> Config:
        """The arguments that make it again."""
        return {k: v for k, v in vars(self).items() if v not in (None, {}, False)}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The spec that `get_config` described.

        >>> InputSpec.from_config({"ndim": 2})
        InputSpec(ndim=2)
        """
        return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"InputSpec({shown})"

    def check(self, value: Tensor | KerasTensor, layer: str) -> None:
        """Raise ShapeError unless a tensor fits."""
        shape = value.shape
        if (
            self.shape is not None
            and self.allow_last_axis_squeeze
            and len(shape) != len(self.shape)
        ):
            if shape and shape[-1] == 1:
                shape = shape[:-1]
            elif self.shape[-1] == 1:
                shape = (*shape, 1)
        problem = self._problem(tuple(shape), value.dtype)
        if problem:
            raise ShapeError(
                tr(
                    "Layer {layer!r} takes inputs with {problem}, got shape {shape}{problem2}",
                    layer=layer,
                    problem=problem[0],
                    shape=tuple(value.shape),
                    problem2=problem[1],
                )
            )

    def _problem(self, shape: tuple[int | None, ...], dtype: str) -> tuple[str, str] | None:
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"ndim={self.ndim}", tr(
                " (rank {rank}); {fix}", rank=rank, fix=_fix(rank, self.ndim, shape)
            )
        if self.max_ndim is not None and rank > self.max_ndim:
            return tr("at most {max_ndim} axes", max_ndim=self.max_ndim), tr(
                " (rank {rank}); a Flatten() before it?", rank=rank
            )
        if self.min_ndim is not None and rank < self.min_ndim:
            return (
                tr("at least min_ndim={min_ndim} axes", min_ndim=self.min_ndim),
                tr(" (rank {rank}); {fix}", rank=rank, fix=_fix(rank, self.min_ndim, shape)),
            )
        if self.dtype is not None and dtype != self.dtype:
            return tr("dtype {dtype}", dtype=self.dtype), tr(" of dtype {dtype}", dtype=dtype)
        for axis, length in self.axes.items():
            if length is not None and shape[axis] not in (length, None):
                return (
                    tr("axis {axis} of length {length}", axis=axis, length=length),
                    tr("; a Flatten() or Reshape() before it? {seen}", seen=_seen(axis)),
                )
        for axis, (want, got) in enumerate(zip(self.shape or (), shape, strict=False)):
            if want is not None and got is not None and want != got:
                return tr("shape {shape}", shape=self.shape), tr(": axis {axis} differs", axis=axis)
        return None


def _fix(rank: int, wanted: int, shape: tuple[int | None, ...]) -> str:
    """What is likely missing, or too much."""
    if rank > wanted:
        return tr("a Flatten() or Reshape() before it?")
    batched = bool(shape) and shape[0] is None
    few = bool(shape) and shape[-1] in _CHANNELS  # so the last axis may be that of channels
    if wanted <= 2 or rank < wanted - 1 or (few and not batched):
        return tr("a batch axis missing? x[None] makes a batch of one")
    if wanted == 3:
        return tr(
            "an axis of steps missing (return_sequences=True in a recurrent layer before it), or one "
            "of channels (x[..., None])?"
        )
    return tr(
        "an axis of channels missing? x[..., None] makes pictures of one channel, Input((28, 28, "
        "1)) takes them"
    )


_CHANNELS = (1, 2, 3, 4)  # of a picture, as usual


def _seen(axis: int) -> str:
    if axis == -1:
        return tr("(the layer's weights were created for that length of the last axis)")
    return tr("(the layer's weights were created for that length of axis {axis})", axis=axis)


def check_inputs(spec: Tree[InputSpec | None] | None, inputs: Tensors, layer: str) -> None:
    """Check inputs against one InputSpec, or a structure of them."""
    if spec is None:
        return
    specs = trees.flatten(spec)
    if isinstance(spec, dict) and isinstance(inputs, dict):
        missing = [name for name in spec if name not in inputs]
        if missing:
            raise ValueError(
                tr(
                    "Layer {layer!r} takes inputs named {spec}, missing: {missing}",
                    layer=layer,
                    spec=sorted(spec),
                    missing=missing,
                )
            )
        leaves: list[Any] = [inputs[name] for name in sorted(spec)]
    else:
        leaves = trees.flatten(inputs)
    if len(leaves) != len(specs):
        raise ValueError(
            tr(
                "Layer {layer!r} takes {count} input(s), got {count2}",
                layer=layer,
                count=len(specs),
                count2=len(leaves),
            )
        )
    for one, leaf in zip(specs, leaves, strict=True):
        if isinstance(one, InputSpec) and hasattr(leaf, "shape"):
            one.check(leaf, layer)
