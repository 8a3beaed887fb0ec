"""Functional: a model that is a graph of layer calls, from Inputs to outputs."""

from __future__ import annotations

import inspect
from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from narae.base import trees
from narae.base.errors import ShapeError, entry, warn_user
from narae.base.language import tr
from narae.base.names import current_path, name_scope
from narae.base.registry import builtin
from narae.layers.base import Layer
from narae.layers.calling import takes_training
from narae.models.graph_order import (
    Untracked,
    by_depth,
    calls_between,
    fitted,
    given_of,
    input_layer,
)
from narae.models.model import LAYERS_RESERVED, Model
from narae.tensor.masks import with_mask
from narae.tensor.symbolic import KerasTensor

if TYPE_CHECKING:
    from narae.base.types import CustomObjects, Tensors, Tree


@builtin("keras")
@builtin("keras.src.models.functional")  # what Keras writes in files
class Functional(Model):
    """A model from Inputs to outputs: `Model(inputs, outputs)` makes one.

    Args:
        inputs: KerasTensors of `Input`, alone or in lists, tuples and dicts.
        outputs: KerasTensors that were computed from them, in any such nest.
        name: the model's name; None: one of its own.

    Raises:
        ValueError: inputs or outputs are no KerasTensors, outputs cannot be reached from the inputs, or two layers have
            one name.

    >>> import narae
    >>> x = narae.Input((3,))
    >>> Functional(x, narae.layers.Dense(2)(x)).output_shape
    (None, 2)
    """

    _casts_inputs = False  # each is cast to its Input's dtype

    def __init__(
        self,
        inputs: Tree[KerasTensor],
        outputs: Tree[KerasTensor],
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._start(inputs, outputs)

    def _start(self, inputs: Tree[KerasTensor], outputs: Tree[KerasTensor]) -> None:
        flat_in, flat_out = trees.flatten(inputs), trees.flatten(outputs)
        for what, leaves in (("inputs", flat_in), ("outputs", flat_out)):
            bad = [leaf for leaf in leaves if not isinstance(leaf, KerasTensor)]
            if bad or not leaves:
                raise ValueError(
                    tr(
                        "a Model's {what} are KerasTensors (of Input and layers), got {value!r}",
                        what=what,
                        value=bad or leaves,
                    )
                )
        _warn_of_keys(inputs)
        self._struct = (inputs, outputs)
        self._inputs, self._outputs = flat_in, flat_out
        layer_of = {id(t): input_layer(t) for t in flat_in}
        self._input_layers = [layer_of[id(t)] for t in flat_in]
        order, met = calls_between(flat_in, flat_out)
        unused = [t for t in flat_in if all(t is not op for op in met)]
        operations = [layer_of.get(id(op), op) for op in by_depth(order, unused + met)]
        self._graph_calls, self._operations = Untracked(order), Untracked(operations)
        self._require_names(operations)
        self._graph_layers = [op for op in operations if isinstance(op, Layer)]
        self.built = True
        self.__dict__["_path"] = current_path(self.name)
        self.input_spec = None

    def _require_names(self, operations: list[Any]) -> None:
        """Raise ValueError for a name that two layers or operations have: files know them by it."""
        counts = Counter(operation.name for operation in operations)
        for name, count in counts.items():
            if count > 1:
                raise ValueError(
                    tr(
                        "the name {name!r} is used {count} times in the model {name2!r}: its layers and "
                        "operations have names of their own. Pass another name=... to one of them",
                        name=name,
                        count=count,
                        name2=self.name,
                    )
                )

    # -- structure ---------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, those farthest from the outputs first."""
        return list(self._graph_layers)

    @layers.setter
    def layers(self, value: object) -> None:
        raise AttributeError(LAYERS_RESERVED)

    @property
    def operations(self) -> list[Any]:
        """The layers and the calls of public ops, those farthest from the outputs first."""
        return list(self._operations.items)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat."""
        return self._inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat."""
        return self._outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs in their structure."""
        return self._struct[0]

    @property
    def output(self) -> Any:
        """The symbolic outputs in their structure."""
        return self._struct[1]

    @property
    def input_shape(self) -> Any:
        """The shape of each input, of the only one without a list."""
        return _single([t.shape for t in self._inputs])

    @property
    def output_shape(self) -> Any:
        """The shape of each output, of the only one without a list."""
        return _single([t.shape for t in self._outputs])

    @property
    def output_names(self) -> list[str]:
        """The name of each output: the layer's that makes it."""
        return [t.history.name if t.history else t.name for t in self._outputs]

    @property
    def input_names(self) -> list[str]:
        """The name of each input."""
        return [layer.name for layer in self._input_layers]

    # -- running -----------------------------------------------------------------------------

    @entry
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs. Arrays outside of training go through a compiled step from the second call
        for their shape on, where every layer is narae's own."""
        found = self._by_program(args, kwargs)
        return self._noted(super().__call__(*args, **kwargs)) if found is None else found

    def call(
        self, inputs: Tensors, training: bool | None = None, mask: Tensors | None = None
    ) -> Any:
        """Run the graph.

        Args:
            inputs: arrays or tensors in the model's structure, a list in the inputs' order, or a dict by their names.
            training: whether layers run as in training; None: as around this call.
            mask: for each input which of its steps count, (samples, steps); None: all.

        Returns:
            The outputs, in the model's structure.

        Raises:
            ValueError: inputs are missing, or have other shapes.
        """
        return self._run(self._matched(inputs), training, mask)

    def call_of_any_lengths(
        self, inputs: Tensors, training: bool | None, mask: Tensors | None
    ) -> Any:
        """The same as `call` for inputs of other lengths than those of the Inputs, where the layers take them.

        Args:
            inputs: as for `call`.
            training: as for `call`.
            mask: as for `call`.

        Returns:
            The outputs, in the model's structure.

        Raises:
            ValueError: the layers do not take them; the message has the lengths that they were made for.
        """
        mismatches: list[ShapeError] = []
        values = self._matched(inputs, mismatches)
        try:
            return self._run(values, training, mask)
        except ValueError as error:
            if not mismatches:
                raise
            raise mismatches[0] from error

    def _run(self, values: list[Any], training: bool | None, mask: Tensors | None) -> Any:
        """The outputs for a value of each input."""
        if mask is not None:
            values = list(map(with_mask, values, self._mask_leaves(mask)))
        env: dict[int, Any] = {id(t): v for t, v in zip(self._inputs, values, strict=True)}
        for call in self._graph_calls.items:
            args, kwargs = trees.map_tree(
                lambda leaf: env[id(leaf)] if isinstance(leaf, KerasTensor) else leaf,
                (call.args, given_of(call)),
            )
            if training is not None and not call.own_training and takes_training(call.target):
                kwargs["training"] = training  # what the layer itself was given goes before
            # a layer names itself; what an op computes has the call's name
            own = isinstance(call.target, Layer)
            with nullcontext() if own else name_scope(call.name):
                out = call.target(*args, **kwargs)
            pairs = zip(trees.flatten(call.outputs), trees.flatten(out), strict=True)
            env.update((id(symbol), value) for symbol, value in pairs)
        return _single(trees.pack_as(self._struct[1], [env[id(t)] for t in self._outputs]))

    def _matched(self, inputs: Tensors, mismatches: list[ShapeError] | None = None) -> list[Any]:
        """The data for each input, checked against its shape. mismatches: where to write of other lengths,
        which then are no errors. Raises ValueError that names what is missing."""
        leaves = self._leaves(inputs)
        if len(leaves) != len(self._inputs):
            raise ValueError(
                tr(
                    "model {name!r} takes {count} input(s) {input_names}, got {count2}",
                    name=self.name,
                    count=len(self._inputs),
                    input_names=self.input_names,
                    count2=len(leaves),
                )
            )
        pairs = zip(self._input_layers, leaves, strict=True)
        return [fitted(self.name, *pair, mismatches) for pair in pairs]

    def _leaves(self, inputs: Tensors) -> list[Any]:
        """The inputs' data, flat, from the model's structure, a dict by their names, or a list."""
        struct = self._struct[0]
        if isinstance(inputs, dict) and not isinstance(struct, dict):
            self._require_keys(self.input_names, inputs)
            if not trees.is_nested(struct):
                _warn_of_structure(struct, inputs)
            return [inputs[name] for name in self.input_names]
        if isinstance(struct, dict) and isinstance(inputs, dict):
            self._require_keys(list(struct), inputs)
            if len(inputs) > len(struct):
                _warn_of_structure(struct, inputs)
            return trees.flatten({name: inputs[name] for name in struct})
        if isinstance(struct, dict) and list(struct) != sorted(struct):
            raise ValueError(
                tr(
                    "model {name!r} takes a dict of {struct}, got {kind}: which of its arrays is whose "
                    "cannot be told",
                    name=self.name,
                    struct=list(struct),
                    kind=type(inputs).__name__,
                )
            )
        one = isinstance(struct, list) and len(struct) == 1 and not trees.is_nested(inputs)
        leaves = trees.flatten(inputs)
        as_many = len(leaves) == len(self._inputs)
        if as_many and not one and not trees.same_structure(struct, inputs):
            _warn_of_structure(struct, inputs)
        return leaves

    def _mask_leaves(self, mask: Tensors) -> list[Any]:
        """A mask, or None, for each input, from the inputs' structure, or a dict by their names."""
        struct = self._struct[0]
        if not isinstance(mask, dict):
            found = trees.flatten(mask)
        elif isinstance(struct, dict):
            found = trees.flatten({name: mask.get(name) for name in struct})
        else:
            found = [mask.get(name) for name in self.input_names]
        return found + [None] * (len(self._inputs) - len(found))

    def _require_keys(self, names: list[str], inputs: dict[str, Any]) -> None:
        missing = [name for name in names if name not in inputs]
        if missing:
            raise ValueError(
                tr(
                    "model {name!r} takes inputs {names}, missing from the dict: {missing}",
                    name=self.name,
                    names=sorted(names),
                    missing=missing,
                )
            )

    def compute_output_spec(
        self, inputs: Tree[KerasTensor], training: bool | None = None, mask: Tensors | None = None
    ) -> Any:
        """The outputs' shapes for symbolic inputs.

        Args:
            inputs: KerasTensors in the model's structure.
            training: not used: shapes are the same.
            mask: not used.

        Returns:
            KerasTensors.
        """
        return Layer.compute_output_spec(self, inputs)

    def _kept_state(self) -> dict[str, Any]:
        """The graph's calls come first, in the order of the run: each finds its inputs known, so that
        copying a deep graph takes no deep recursion."""
        calls = self.__dict__.get("_graph_calls")
        return {"_in_order": [] if calls is None else calls.items, **super()._kept_state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        calls = state.pop("_in_order")
        super().__setstate__(state)
        for call in calls:
            known = getattr(call.target, "__dict__", {}).setdefault("_calls", [])
            if isinstance(call.target, Layer) and not any(one is call for one in known):
                known.append(call)

    def get_build_config(self) -> dict[str, Any] | None:
        """Nothing: a functional model is built when it is made."""
        return {"input_shape": None}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Nothing: a functional model is built when it is made."""

    def get_config(self) -> dict[str, Any]:
        """The graph of calls as data, as Keras writes it; a subclass's constructor's arguments, if it has own."""
        if not {"inputs", "outputs"} <= set(inspect.signature(type(self).__init__).parameters):
            config = super().get_config()
            return {**config, **self._given(config)}
        from narae.models.functional_config import functional_config  # start-up: files

        return functional_config(self)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: CustomObjects | None = None
    ) -> Any:
        """The model that `get_config` described.

        Args:
            config: what `get_config` gave.
            custom_objects: classes and functions by the names that the config has for them.

        Returns:
            A model with weights of its own.
        """
        from narae.models.functional_config import functional_from_config  # start-up: files

        return functional_from_config(cls, config, custom_objects)


Model._graph_class = Functional


def _single(struct: object) -> Any:
    """The one item of a list of one, which stands for itself; anything else as it is."""
    return struct[0] if isinstance(struct, (list, tuple)) and len(struct) == 1 else struct


def _warn_of_keys(inputs: Tree[KerasTensor]) -> None:
    for key, tensor in inputs.items() if isinstance(inputs, dict) else ():
        if isinstance(tensor, KerasTensor) and key != tensor.name:
            warn_user(
                tr(
                    "the key {key!r} of the model's inputs has the tensor {name!r}: keys and names of a dict "
                    "of inputs are the same. Input(..., name={key!r}) gives the tensor the name",
                    key=key,
                    name=tensor.name,
                )
            )


def _warn_of_structure(struct: Tree[KerasTensor], inputs: Tensors) -> None:
    wanted = trees.map_tree(lambda t: t.name, struct)
    got = trees.map_tree(lambda a: None if a is None else tuple(getattr(a, "shape", ())), inputs)
    warn_user(
        tr(
            "the model takes inputs nested as {wanted}, and got {got}: the tensors are taken in "
            "their order",
            wanted=wanted,
            got=got,
        )
    )
