"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from narae.base import changes, limits
from narae.base.errors import ConfigError, entry
from narae.base.language import tr
from narae.base.registry import builtin
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.layers.base import Layer
from narae.layers.calling import signature_of
from narae.layers.input import InputLayer
from narae.layers.policy import serialize_policy
from narae.models.functional import Functional
from narae.models.model import Model
from narae.tensor.masks import masks_of
from narae.tensor.symbolic import KerasTensor

if TYPE_CHECKING:
    from narae.base.types import CustomObjects, Shape, ShapeLike, Tensors, Tree


@builtin("keras.models")
@builtin("keras")
class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Without an Input at its beginning the model is built when it first sees data.

    Args:
        layers: the layers from the first to the last; an Input (or an InputLayer) may come first.
        trainable: whether weights are trained.
        name: the model's name; None: one of its own.

    Raises:
        ValueError: something is no layer, or two layers have one name.

    >>> import narae
    >>> from narae import layers
    >>> model = Sequential([narae.Input((4,)), layers.Dense(3), layers.Dense(1)])
    >>> model.output_shape
    (None, 1)
    """

    _grows = True

    def __init__(
        self,
        layers: Iterable[Layer | KerasTensor] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._functional: Functional | None = None
        self._stack: list[Layer] = []
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._rebuild()

    @entry
    def add(self, layer: Layer | KerasTensor, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: a layer, or an Input at the beginning.
            rebuild: whether the graph is made anew now; False where more layers follow.

        Raises:
            ValueError: it is no layer, its name is taken, or an Input does not come first.
        """
        changes.note()
        if (
            isinstance(layer, KerasTensor)
            and layer.history
            and isinstance(layer.history.target, InputLayer)
        ):
            layer = layer.history.target
        if not isinstance(layer, Layer):
            raise ValueError(
                tr(
                    "Sequential takes layers, got {layer!r}{fix_for}",
                    layer=layer,
                    fix_for=_fix_for(layer),
                )
            )
        limits.step(len(self._stack) // 50)  # the names are compared with each other
        if any(known.name == layer.name and known is not layer for known in self._stack):
            raise ValueError(
                tr(
                    "the model has a layer named {name!r} already: layers have names of their own",
                    name=layer.name,
                )
            )
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                tr(
                    "an Input comes first; {name!r} has {count} layer(s) already",
                    name=self.name,
                    count=len(self._stack),
                )
            )
        if not self._stack and not isinstance(layer, InputLayer):
            self._stack += _input_of(layer)
        self._stack.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off.

        Args:
            rebuild: whether the graph is made anew now.

        Returns:
            The layer that was on top.

        Raises:
            IndexError: there is none.
        """
        if not self.layers:
            raise IndexError(
                tr("Sequential model {name!r} has no layer to take off", name=self.name)
            )
        layer = self._stack.pop()
        changes.note()
        self._functional, self.built = None, False
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._functional, self.built = None, False
        if self._stack and isinstance(self._stack[0], InputLayer) and len(self._stack) > 1:
            self.build(self._stack[0].batch_shape)

    def build(self, input_shape: ShapeLike | Tree[ShapeLike] | None = None) -> None:
        """Make all variables.

        Args:
            input_shape: lengths of the input's axes, of which the first is the batch's; None: those of the Input.

        Raises:
            ValueError: there are no layers, no shape is known, or the Input has another.
        """
        if input_shape is None and self._functional is None and self._stack:
            raise ValueError(
                tr(
                    "build of {name!r} needs an input shape: an Input at its beginning names it",
                    name=self.name,
                )
            )
        if not self._stack:
            raise ValueError(
                tr("Sequential model {name!r} has no layers: add some first", name=self.name)
            )
        first = self._stack[0]
        if isinstance(first, InputLayer):
            if self._functional is not None and input_shape is None:
                return
            known = input_shape is not None and _is_shape(input_shape)
            given = tuple(input_shape or ()) if known else first.batch_shape
            if given != first.batch_shape:
                raise ValueError(
                    tr(
                        "{name!r} has already been configured for inputs of shape {batch_shape}: it cannot be "
                        "built for {given}",
                        name=self.name,
                        batch_shape=first.batch_shape,
                        given=given,
                    )
                )
        else:
            if input_shape is None or not _is_shape(input_shape):
                return  # several inputs: the layers are built one after the other as they are called
            shape = cast("Shape", tuple(input_shape))
            self._stack.insert(0, InputLayer(batch_shape=shape, dtype=first.compute_dtype))
        x = inputs = cast("InputLayer", self._stack[0]).output
        for layer in self._stack[1:]:
            _require_one_argument(layer)
            try:
                x = layer(x)
            except NotImplementedError:  # no shapes of its own: the layers run one after the other
                return
        self._functional = Functional(inputs, x, name=self.name)

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs are cast to: the Input's, the layers cast them further."""
        first = self._stack[0] if self._stack else None
        return first.dtype if isinstance(first, InputLayer) else super().input_dtype

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    @layers.setter
    def layers(self, value: object) -> None:
        raise AttributeError(tr("the layers of a Sequential model change by `add()` and `pop()`"))

    @entry
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs of the last layer. Arrays outside of training go through a compiled step from
        the second call for their shape on, where every layer is narae's own."""
        found = self._by_program(args, kwargs)
        return self._noted(super().__call__(*args, **kwargs)) if found is None else found

    def call(
        self, inputs: Tensors, training: bool | None = None, mask: Tensors | None = None
    ) -> Any:
        """The outputs of the last layer.

        Args:
            inputs: a tensor (samples, ...), or what the first layer takes.
            training: whether layers run as in training; None: as around this call.
            mask: which steps of the inputs count, (samples, steps); None: all.

        Returns:
            The outputs, in the model's structure.
        """
        if self._functional is not None:
            return self._functional.call_of_any_lengths(inputs, training, mask)
        for layer in self.layers:
            # what one layer gave has its masks; those of the inputs are an argument
            inputs = layer(inputs, **_mask_argument(layer, mask))
            mask = masks_of(inputs)
        return inputs

    def _check(self, args: Any, tensors: Any) -> None:
        if len(self._stack) > 0 or self._functional is not None:
            return super()._check(args, tensors)
        raise ValueError(
            tr("Sequential model {name!r} has no layers: add some first", name=self.name)
        )

    def compute_output_spec(
        self, inputs: Tree[KerasTensor], training: bool | None = None, mask: Tensors | None = None
    ) -> Any:
        """The outputs' shapes for symbolic inputs, of the Input's lengths.

        Args:
            inputs: a KerasTensor.
            training: not used: shapes are the same.
            mask: not used.

        Returns:
            KerasTensors.
        """
        if self._functional is not None:
            self._functional._matched(inputs)
        return Layer.compute_output_spec(self, inputs)

    def _known(self, what: str) -> Functional:
        if self._functional is None:
            raise AttributeError(
                tr(
                    "Sequential model {name!r} has no {what} before it is built: begin it with "
                    "Input(shape=...), or call it on data first",
                    name=self.name,
                    what=what,
                )
            )
        return self._functional

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat."""
        return self._known("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat."""
        return self._known("outputs").outputs

    @property
    def input(self) -> Any:
        """The symbolic input."""
        return self._known("input").input

    @property
    def output(self) -> Any:
        """The symbolic output."""
        return self._known("output").output

    @property
    def input_shape(self) -> Any:
        """The shape of the input."""
        return self._known("input_shape").input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output."""
        return self._known("output_shape").output_shape

    @property
    def output_names(self) -> list[str]:
        """The name of the output: the last layer's."""
        return self._known("output_names").output_names

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the input."""
        return None if self._functional is None else {"input_shape": self._functional.input_shape}

    def get_config(self) -> dict[str, Any]:
        """The layers' configurations in order."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_policy(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in self._stack],
            **({"build_input_shape": self._functional.input_shape} if self._functional else {}),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: CustomObjects | None = None
    ) -> Sequential:
        """The model that `get_config` described.

        Args:
            config: what `get_config` gave.
            custom_objects: classes and functions by the names that the config has for them.

        Returns:
            A model with weights of its own.

        Raises:
            ConfigError: the config has no list of layers.
            ValueError: it holds something that is no layer.
        """
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        if not isinstance(config.get("layers"), list):
            raise ConfigError(tr("the config of a Sequential model has no list of layers"))
        if isinstance(config.get("dtype"), (dict, str)):
            model.dtype_policy = config["dtype"]
        for layer in config["layers"]:
            made = deserialize_keras_object(layer, custom_objects)
            if not isinstance(made, Layer):
                raise ValueError(
                    tr(
                        "the config of a Sequential model holds something that is no layer: {made!r}",
                        made=made,
                    )
                )
            model.add(made, rebuild=False)
        model._rebuild()
        shape = config.get("build_input_shape")
        if model._functional is None and shape and model._stack:
            model.build(tuple(shape))
            model.built = True
        return model


def _fix_for(thing: object) -> str:
    """How what was given instead of a layer becomes one."""
    if isinstance(thing, type):
        return f": {thing.__name__}() makes one"
    return ": layers.Lambda(function) makes one" if callable(thing) else ""


def _mask_argument(layer: Layer, mask: Tensors | None) -> dict[str, Any]:
    """The mask as an argument of a layer that takes one."""
    return {"mask": mask} if "mask" in signature_of(layer.call).names else {}


def _require_one_argument(layer: Layer) -> None:
    """Raise ValueError for a layer that cannot be called on one tensor alone."""
    parameters = signature_of(layer.call).signature.parameters.values()
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in places if p.default is p.empty]
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if len(needed) > 1 or not (places or several):
        raise ValueError(
            tr(
                "a layer of a Sequential model is called on one tensor: {kind} {name!r} takes {needed}. "
                "Model(inputs, outputs) has calls with several arguments",
                kind=type(layer).__name__,
                name=layer.name,
                needed=needed,
            )
        )


def _input_of(layer: Layer) -> list[InputLayer]:
    """The Input that a first layer brings along: by input_shape=..., or as a model that has one."""
    if layer._input_shape_arg is not None:
        return [InputLayer(shape=layer._input_shape_arg)]
    model = getattr(layer, "_functional", None) or layer
    if isinstance(model, Functional) and len(model.inputs) == 1:
        return [InputLayer(batch_shape=model.inputs[0].shape, dtype=model.inputs[0].dtype)]
    return []


def _is_shape(shape: object) -> bool:
    return isinstance(shape, (tuple, list)) and all(n is None or isinstance(n, int) for n in shape)
