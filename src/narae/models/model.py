"""Model: a layer that trains. See `trainer` for compile, fit, evaluate and predict."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack, cast, overload

from narae.base import registry, trees
from narae.base.copying import MADE_CLASSES
from narae.base.errors import entry, unknown_name
from narae.base.registry import builtin
from narae.base.serialization import serialize_keras_object
from narae.base.types import Tree
from narae.layers.base import Layer
from narae.layers.building import as_shapes
from narae.layers.configuring import tupled
from narae.layers.options import LayerOptions
from narae.models.state_tree import assign_state_tree, state_tree
from narae.models.training.trainer import Trainer
from narae.tensor.symbolic import KerasTensor
from narae.tensor.tensor import Tensor

if TYPE_CHECKING:
    from narae.base.types import CustomObjects, PathLike, ShapeLike, Tree
    from narae.drawing.cards import Card
    from narae.inspect.explanation.probe import Probe
    from narae.inspect.plan_report import PlanReport
    from narae.models.data.batches import DataLike, Triple


LAYERS_RESERVED = "the attribute `Model.layers` is reserved: it lists the layers. Take another name"


@builtin("keras.models")
@builtin("keras")
class Model(Trainer, Layer):
    """Layers together: `Model(inputs, outputs)` from Inputs, or a subclass with `call`.

    Args:
        *args: inputs, then outputs: KerasTensors of `Input` and of layers called on them, alone or in lists, tuples and
            dicts. By name too. Without them a subclass says in `call` what is computed.

    Keywords are those of a Layer: `name`, `trainable`, `dtype`.

    Raises:
        TypeError: what was passed are no inputs and outputs.
        ValueError: outputs cannot be reached from the inputs, or two layers have one name.

    >>> import narae
    >>> x = narae.Input((3,))
    >>> Model(x, narae.layers.Dense(2)(x)).output_shape
    (None, 2)
    """

    if TYPE_CHECKING:  # graphs have these: `Model(inputs, outputs)` and Sequential
        inputs: list[KerasTensor]
        outputs: list[KerasTensor]
        input_shape: Any
        output_shape: Any
        input_names: list[str]
        output_names: list[str]
        operations: list[Any]

    _graph_class: ClassVar[type[Model]]  # `Functional`, which is above: it enters itself here

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and _is_functional(args, kwargs):
            return super().__new__(cast("type[Self]", cls._graph_class), *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    @overload
    def __init__(
        self,
        inputs: Tree[KerasTensor | Tensor],
        outputs: Tree[KerasTensor | Tensor],
        **kwargs: Unpack[LayerOptions],
    ) -> None: ...

    @overload
    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _is_functional(args, kwargs):
            self._become_functional(*args, **kwargs)
            return
        if args:
            raise TypeError(
                f"{type(self).__name__} takes `inputs` and `outputs` (KerasTensors), or keywords; got {args!r:.80}"
            )
        Layer.__init__(self, **kwargs)
        self._init_trainer()

    def _become_functional(
        self, inputs: Tree[KerasTensor] = (), outputs: Tree[KerasTensor] = (), **kwargs: Any
    ) -> None:
        """super().__init__(inputs=..., outputs=...) in a subclass: its call is the graph's."""
        cls = type(self)
        if not issubclass(cls, Model._graph_class):
            object.__setattr__(self, "__class__", _mixed(cls, Model._graph_class))
        Layer.__init__(self, **kwargs)
        self._init_trainer()
        self._start(inputs, outputs)

    def _start(self, inputs: Tree[KerasTensor], outputs: Tree[KerasTensor]) -> None:
        """Take the graph between inputs and outputs: `Functional` does."""
        raise NotImplementedError

    @property
    def layers(self) -> list[Layer]:
        """The layers held directly, in the order in which they were set."""
        return [layer for layer in self._layers if isinstance(layer, Layer)]

    @layers.setter
    def layers(self, value: object) -> None:
        raise AttributeError(LAYERS_RESERVED)

    @entry
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or index.

        Args:
            name: the layer's name.
            index: its place in `layers`; a negative one counts from the end.

        Returns:
            The layer.

        Raises:
            ValueError: there is none (the message has the nearest name), or not one of the two is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"model {self.name!r} has {len(layers)} layers, there is no index {index}"
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise unknown_name(f"layer of {self.name!r}", name, [layer.name for layer in layers])

    @entry
    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers with output shapes and numbers of parameters, and the totals.

        Args:
            line_length: columns of the table; None: 80, or 100 with connections.
            positions: not used: the columns find their widths themselves.
            print_fn: what is called with the text; None: print.
            expand_nested: whether the layers of models within are listed too.
            show_trainable: whether a column says which layers are trained.
            layer_range: names (or patterns of `re`) of the first and the last layer to list; None: all.

        Raises:
            ValueError: layer_range names no layer.
        """
        from narae.models.summary import print_summary  # start-up: the names of operations in files

        print_summary(self, line_length, print_fn, expand_nested, show_trainable, layer_range)

    def _show_on(self, card: Card) -> None:
        from narae.models.summary import show_summary

        show_summary(self, card)

    @entry
    def explain_plan(
        self, x: DataLike = None, y: DataLike = None, step: str | None = None
    ) -> PlanReport:
        """How the compiled steps run: operations, results, native or NumPy and why, tiles, bytes.

        Keras has no such method: the name is narae's own.

        Args:
            x: one batch of inputs, whose step is compiled and not run; None: all programs compiled so far.
            y: its targets: the training step then, without them that of predict.
            step: "train", "test" or "predict" only.

        Returns:
            A PlanReport, which prints as tables; its `rows` are data.

        Raises:
            ValueError: there is nothing to report, or the model runs eagerly.

        >>> import numpy as np, narae
        >>> model = narae.Sequential([narae.Input((4,)), narae.layers.Dense(3, "relu")])
        >>> report = model.explain_plan(np.zeros((8, 4)))
        >>> report.rows[0].operations, report.rows[0].shape, report.rows[0].dtype
        (('dot', 'add', 'relu'), (8, 3), 'float32')
        """
        from narae.models.plan_report import explain  # start-up: reports and their tables

        return explain(self, x, y, step)

    def _probe(self, data: Triple) -> Probe:
        """A batch (x, y, sample_weight) by which `callbacks.Diagnose` looks at the training step."""
        from narae.inspect.explanation.probe import Probe  # start-up

        return Probe(self, data)

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build with the shapes that `get_build_config` gave, by a symbolic call.

        Args:
            config: {"input_shape": ...}, or what a layer's `get_build_config` gives.
        """
        shape = config.get("input_shape")
        if shape is None or type(self).build is not Model.build:
            return Layer.build_from_config(self, config)
        self.build(shape)
        return None

    def _ensure_built(self, tensors: dict[str, Any]) -> None:
        """Build by a symbolic call; a `call` that asks for numbers, and is given them, makes its variables itself."""
        try:
            super()._ensure_built(tensors)
        except TypeError:
            leaves = trees.flatten(list(tensors.values()))
            if type(self).build is not Model.build or any(
                getattr(leaf, "data", None) is None for leaf in leaves
            ):
                raise
            self.built = True

    @entry
    def build(self, input_shape: ShapeLike | Tree[ShapeLike] | None = None) -> None:
        """Make all variables by a symbolic call.

        Args:
            input_shape: lengths of the input's axes, None for unknown ones as the batch's; nests of them
                for several inputs. None: nothing is made.
        """
        if self.built or input_shape is None:
            self.built = True
            return
        shape = tupled(input_shape)
        inputs = trees.map_tree(
            lambda s: KerasTensor(s.shape, self.compute_dtype), as_shapes(shape)
        )
        self.built = True
        Layer.compute_output_spec(self, inputs)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: CustomObjects | None = None
    ) -> Any:
        """The model that `get_config` described: of its layers' calls, or by the constructor.

        Args:
            config: what `get_config` gave.
            custom_objects: classes and functions by the names that the config has for them.

        Returns:
            A model with weights of its own.
        """
        if cls is Model and {"layers", "input_layers", "output_layers"} <= set(config):
            return Model._graph_class.from_config(config, custom_objects)
        return super().from_config(config)

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The values of all variables, in dicts by the parts of their paths.

        Args:
            value_format: "backend_tensor", or "numpy_array" for copies.

        Returns:
            A dict of "trainable_variables", "non_trainable_variables", "optimizer_variables" and "metrics_variables".

        Raises:
            ValueError: the format is another, or two variables have one path.

        >>> import narae
        >>> model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(2, name="d")], name="m")
        >>> sorted(model.get_state_tree()["trainable_variables"]["m"]["d"])
        ['bias', 'kernel']
        """
        return state_tree(self, value_format)

    @entry
    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assign values to variables by their paths.

        Args:
            state_tree: what `get_state_tree` gave, or a part of it.

        Raises:
            ValueError: the model has no such kind of variables, or no such path.
        """
        assign_state_tree(self, state_tree)

    # -- saving ------------------------------------------------------------------------------

    @entry
    def save(
        self, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Write configuration, weights and optimizer state to a file.

        Args:
            filepath: where to; it ends with ".keras", or ".h5" for the old format.
            overwrite: whether a file that is there is replaced; else it is asked for on a terminal.
            zipped: whether it is one file (the default for ".keras"), or a folder.
        """
        files().save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    @entry
    def save_weights(
        self,
        filepath: PathLike,
        overwrite: bool = True,
        max_shard_size: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the weights.

        Args:
            filepath: where to; it ends with ".weights.h5", or ".weights.json" for several files.
            overwrite: whether a file that is there is replaced; else it is asked for on a terminal.
            max_shard_size: GiB of one file; more weights go into several, with an index. None: one file.
        """
        files().save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    @entry
    def load_weights(self, filepath: PathLike, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights into the model, which is built.

        Args:
            filepath: a `.weights.h5`, `.weights.json` or `.keras` file.
            skip_mismatch: whether weights that are missing or have other shapes are left as they are, with a warning.
        """
        files().load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON, without weights. Keywords go to `json.dumps`."""
        return json.dumps(serialize_keras_object(self), **kwargs)


def model_from_json(json_string: str, custom_objects: CustomObjects | None = None) -> Model:
    """The model that `to_json` described, with weights of its own. Nothing is imported or run by a name in the text.

    Args:
        json_string: what `to_json` gave.
        custom_objects: classes and functions by the names that the text has for them.

    Returns:
        The model.

    Raises:
        CorruptFile: a ValueError: the text describes no model, is nested too deep, or computes large arrays while the
            model is made.

    >>> import narae
    >>> model = narae.Sequential([narae.Input((3,)), narae.layers.Dense(2)])
    >>> model_from_json(model.to_json()).count_params()
    8
    """
    return files().model_files.read_json(json_string, custom_objects)


def files() -> ModuleType:
    """The room of files, which many programs never enter: start-up."""
    from narae import saving

    return saving


def _as_made(cls: type) -> tuple[Any, tuple[Any, ...]] | None:
    """How a class of `_mixed` is made again in another process."""
    bases = (cls.__bases__[0], Model._graph_class)
    return (_mixed, bases) if cls.__bases__ == bases and _mixed(*bases) is cls else None


MADE_CLASSES.append(_as_made)


@cache
def _mixed(cls: type[Model], functional: type[Model]) -> Any:
    """The class of instances of `cls` that are graphs, registered as `cls` is."""
    mixed = type(cls.__name__, (cls, functional), {"__module__": cls.__module__})
    if cls in registry.CUSTOM_NAMES:
        registry.CUSTOM_NAMES[mixed] = registry.CUSTOM_NAMES[cls]
    return mixed


def _is_functional(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return len(args) == 2 or ("outputs" in kwargs and ("inputs" in kwargs or len(args) == 1))
