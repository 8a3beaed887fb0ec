"""TimeDistributed: one layer on every step of a sequence."""

from __future__ import annotations

from typing import Any, Unpack

from narae import ops
from narae.base import changes, trees
from narae.base.errors import ShapeError
from narae.base.registry import builtin
from narae.base.types import Shape
from narae.engine.scope import is_eager
from narae.engine.trace import trace
from narae.graph.ir import Spec
from narae.graph.rows import MixedRows, rows_of
from narae.layers.base import Layer
from narae.layers.calling import signature_of
from narae.layers.options import LayerOptions
from narae.layers.wrapper import Wrapper
from narae.tensor.tensor import Tensor

_KINDS = 16  # calls of different shapes whose way is remembered


@builtin("keras.layers")
class TimeDistributed(Wrapper):
    """Another layer on each step of a sequence, with the same weights.

    The steps are the second axis. Where no operation of the layer mixes samples, the steps of all samples are one
    batch; where one does, or where the layer draws random numbers or changes its state, the layer is called for one
    step after another.

    x: (B, steps, ...) -> (B, steps, ...), where the layer takes (B, ...) and gives (B, ...). mask: (B, steps) or more
    axes; a layer that takes a mask gets that of its step.

    Args:
        layer: the layer inside.

    Raises:
        ValueError: `layer` is no layer, inputs have fewer than three axes, or the mask's first two lengths are not the
            inputs'.

    >>> import numpy as np
    >>> from narae.layers import Dense
    >>> TimeDistributed(Dense(4))(np.ones((2, 3, 5))).shape
    (2, 3, 4)
    """

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layer inside for the inputs of one step."""
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of what the layer gives for a step, with the axis of the steps."""
        batch, *rest = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (batch, input_shape[1], *rest)

    def _step_shape(self, shape: object) -> Shape:
        if not isinstance(shape, (tuple, list)) or len(shape) < 3:
            raise ShapeError(
                f"TimeDistributed takes inputs (samples, steps, ...) of three axes or more, got shape {shape}"
            )
        return (shape[0], *shape[2:])

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Any:
        """What the layer gives for each step."""
        if mask is not None:
            _require_steps(inputs, mask)
        batch, steps = inputs.shape[:2]
        taken = [inputs] if mask is None or not self._takes("mask") else [inputs, mask]
        flat = [Spec((batch * steps, *x.shape[2:]), x.dtype) for x in taken]
        way = self._way(flat, training)
        if way == "rows":
            rows = [ops.reshape(x, spec.shape) for x, spec in zip(taken, flat, strict=True)]
            return trees.map_tree(
                lambda y: ops.reshape(y, (batch, steps, *y.shape[1:])), self._one(training, *rows)
            )
        if way == "loop" and not is_eager():
            first = [ops.swapaxes(x, 0, 1) for x in taken]
            found = ops.map(lambda xs: self._one(training, *xs), first)
            return trees.map_tree(lambda y: ops.swapaxes(y, 0, 1), found)
        each = [self._one(training, *(x[:, i] for x in taken)) for i in range(steps)]
        return trees.map_tree(lambda *ys: ops.stack(ys, axis=1), *each)

    def _one(self, training: bool | None, x: Tensor, mask: Tensor | None = None) -> Any:
        """The layer's call for some rows."""
        mode = {"training": training} if self._takes("training") else {}
        masks = {} if mask is None else {"mask": mask}
        return self.layer.call(x, **mode, **masks)

    def _takes(self, name: str) -> bool:
        return name in signature_of(self.layer.call).names

    def _way(self, specs: list[Spec], training: bool | None) -> str:
        """How the steps run: as "rows" of one batch, in a "loop", or "written out"."""
        known = self.__dict__.setdefault("_ways", {})
        key = (changes.count(), training, *((s.shape, s.dtype) for s in specs))
        if key not in known:
            if len(known) >= _KINDS:
                known.clear()
            known[key] = self._found_way(specs, training)
        return known[key]

    def _found_way(self, specs: list[Spec], training: bool | None) -> str:
        """By the graph of the layer's call on all steps as rows; of one like this, on all steps of both."""
        if isinstance(self.layer, TimeDistributed):
            both = [Spec((s.shape[0] * s.shape[1], *s.shape[2:]), s.dtype) for s in specs]
            taken = both if self.layer._takes("mask") else both[:1]
            if self.layer._way(taken, training) == "rows":
                return "rows"
        layers = list(self.layer._flatten_layers())
        before = [list(layer._losses) for layer in layers]
        try:
            traced = trace(lambda *xs: self._one(training, *xs), *specs)
            grown = [len(layer._losses) - len(n) for layer, n in zip(layers, before, strict=True)]
            if any(grown):
                return "written out"  # a loss within a loop would not come out of it
            variables = [None] * len(traced.variables)
            axes = [*(0 for _ in specs), *variables], [0] * len(traced.graph.outputs)
            rows = rows_of(traced.graph, *axes).inputs[len(specs) :]
            return "loop" if traced.written or rows != tuple(variables) else "rows"
        except MixedRows:
            return "loop"
        except (
            Exception
        ):  # it does not take so many rows, or no traced ones: of a step it may raise it again
            return "written out"
        finally:
            for layer, losses in zip(layers, before, strict=True):
                layer._losses = losses


def _require_steps(inputs: Tensor, mask: Tensor) -> None:
    if len(mask.shape) < 2 or tuple(mask.shape[:2]) != tuple(inputs.shape[:2]):
        raise ShapeError(
            f"TimeDistributed takes a mask (samples, steps, ...) of its inputs' first two lengths "
            f"{tuple(inputs.shape[:2])}, got {tuple(mask.shape)}"
        )
