"""Layer: variables created once, a call that uses them. The rest of a layer is in the modules beside it:
`tracking` (what it holds), `state` (its variables and penalties), `building`, `calling` (arguments,
training, masks, dtypes, symbolic calls), `configuring` (config and stored state).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Unpack

from narae import regularizers
from narae.base import trees
from narae.base.changes import being_made
from narae.base.errors import entry, unknown_arguments, warn_user
from narae.base.language import tr
from narae.base.names import auto_name, current_path, name_scope
from narae.base.types import DTypePolicyLike, RegularizerLike
from narae.distributed.distribution import laid_out
from narae.engine.scope import eagerly, tracing
from narae.layers.building import BuildHints, as_shapes, finish, fitting, scoped_build, specs_of
from narae.layers.calling import (
    Bound,
    Casting,
    Recorded,
    Signature,
    in_call,
    inherited_training,
    is_tensor,
    masks_for,
    outermost,
    pass_on,
    shape_arguments,
    signature_of,
    tensor_arguments,
)
from narae.layers.configuring import Configured
from narae.layers.input_spec import check_inputs
from narae.layers.options import InputOptions
from narae.layers.shown import ShownLayer
from narae.layers.state import Stateful
from narae.layers.stateless import Stateless
from narae.tensor.masks import any_mask, masks_of
from narae.tensor.symbolic import Call, KerasTensor, any_symbolic, infer
from narae.tensor.tensor import Tensor


class Layer(Configured, Stateless, Recorded, Casting, Stateful, BuildHints, ShownLayer):
    """A part of a model: variables, and a call from tensors to tensors.

    Subclasses make variables in `build(input_shape)` by `add_weight`, and compute in `call(inputs)`. `call` may
    take `training` and `mask`; both are filled in from the outside when not given.

    Args:
        activity_regularizer: the penalty on the outputs in the loss, its mean over the batch; None: none.
        trainable: whether training changes the variables.
        dtype: the dtype, or dtype policy, of computation and variables; None: narae.config.dtype_policy().
        autocast: whether inputs of floats are cast to the dtype of the computation.
        name: the layer's name, without "/"; None: one of the class's name and a number.

    Raises:
        ValueError: an argument is unknown, `name` has a "/", or `trainable` is neither True nor False.

    >>> import numpy as np
    >>> import narae
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer(np.array([[1.0, 2.0]])).tolist(), layer.count_params()
    ([[1.0, 2.0]], 2)
    """

    def __init__(
        self,
        *,
        activity_regularizer: RegularizerLike | None = None,
        trainable: bool = True,
        dtype: DTypePolicyLike | None = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Unpack[InputOptions],
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        dim = kwargs.pop("input_dim", None)
        shape = shape if dim is None else (dim,)
        if shape is not None:
            warn_user(
                tr(
                    "{kind}(input_shape=...) is the old way to say what goes in: begin the model with "
                    "Input(shape)",
                    kind=type(self).__name__,
                )
            )
        if kwargs:
            raise unknown_arguments(
                type(self).__name__, kwargs, type(self).__init__, Layer.__init__
            )
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(tr("a layer's name is a string without '/', got {name!r}", name=name))
        if not isinstance(trainable, bool):
            raise ValueError(
                tr(
                    "{kind} takes `trainable` as True or False, got {trainable!r}",
                    kind=type(self).__name__,
                    trainable=trainable,
                )
            )
        self._input_shape_arg = None if shape is None else tuple(shape)
        self.name = auto_name(type(self).__name__) if name is None else name
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy = dtype
        self.autocast = autocast
        self.built = False
        if type(self).compute_mask is not Layer.compute_mask:
            self.supports_masking = True
        self.input_spec: Any = None
        self._trainable = trainable
        self._build_shapes: dict[str, Any] | None = None
        self._losses: list[Tensor] = []
        self._calls: list[Call] = []
        self._ready = True

    supports_masking = False  # whether masks of the inputs are those of the outputs
    supports_jit = True
    _grows = False  # whether layers may be added after building

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = scoped_build(cls.__dict__["build"])  # type: ignore[method-assign]

    # -- state -------------------------------------------------------------------------------

    def _build_at_init(self) -> None:
        """Built from the first: for a layer that makes nothing from shapes, unless a subclass has a `build`."""
        if type(self).build is Layer.build:
            self.built = True

    @scoped_build
    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of a shape. Subclasses define it; layers without variables need none.

        Args:
            input_shape: lengths of the input, None for the batch's; a structure of such shapes where inputs are
                one.

        >>> from narae import layers
        >>> layer = layers.Dense(3)
        >>> layer.build((None, 2))
        >>> layer.kernel.shape
        (2, 3)
        """
        self._require_init()
        if any(not layer.built for layer in self._layers):
            warn_user(
                tr(
                    "the layer {name!r} has no `build` of its own, and holds layers that are not built: they "
                    "stay so. Call the layer on data, or write build(input_shape) in {kind}",
                    name=self.name,
                    kind=type(self).__name__,
                )
            )

    # -- call --------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs. Subclasses define it.

        Args:
            args: the inputs first; then what the subclass takes, `training` and `mask` among it.

        Returns: tensors, alone or in lists, tuples, dicts.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(
            tr(
                "the layer {kind} has no `call`: define call(self, inputs) in the class",
                kind=type(self).__name__,
            )
        )

    @entry
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._require_init()
        args, kwargs = trees.map_tree(self._input, (args, kwargs))
        self._require_tensors(args)
        signature, given = signature_of(self.call), kwargs
        kwargs, training = self._with_training(signature, args, kwargs)
        bound = signature.bind(args, kwargs, f"{type(self).__name__} {self.name!r}")
        tensors = tensor_arguments(bound)
        masks = masks_for(signature, bound, tensors)
        kwargs = {**kwargs, **masks}
        self._check(args, tensors)
        self._ensure_built(tensors)
        # before the call, which may put masks on its inputs or take them off
        first, mask = signature.first_of(bound), kwargs.get("mask")
        mask = masks_of(first) if mask is None else mask
        if any_symbolic(args, kwargs):
            outputs = self._symbolic(args, given, signature, bound, masks)
            pass_on(self, first, outputs, mask)
            return outputs
        if outermost():
            self._clear_losses()
        with in_call(training), name_scope(self.name, self), self._reading():
            outputs = laid_out(self.call(*args, **kwargs), current_path("output"))
        self._penalize(outputs)
        pass_on(self, first, outputs, mask)
        return outputs

    def _with_training(
        self, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], bool | None]:
        """The training mode: given, else the caller's, else the default of `call`."""
        training = kwargs.get("training")
        if training is None and signature.takes_training:
            position = signature.names.index("training")
            training = args[position] if position < len(args) else None
        if training is None:
            training = inherited_training()
        if training is None:
            training = signature.default_training
        if not signature.takes_training:
            return {
                k: v for k, v in kwargs.items() if k != "training" or signature.takes_kwargs
            }, training
        if signature.names.index("training") >= len(args) and training is not None:
            kwargs = {**kwargs, "training": training}
        return kwargs, training

    def _require_tensors(self, args: tuple[Any, ...]) -> None:
        for arg in args:
            for leaf in trees.flatten(arg):
                if leaf is not None and not is_tensor(leaf):
                    raise ValueError(
                        tr(
                            "Layer {name!r} takes tensors, got {arg!r:.80}: convert it with np.array or "
                            "narae.ops.convert_to_tensor first, or pass it by its name if it is a setting",
                            name=self.name,
                            arg=arg,
                        )
                    )

    def _check(self, args: tuple[Any, ...], tensors: Bound) -> None:
        if tensors:
            check_inputs(self.input_spec, next(iter(tensors.values())), self.name)

    def _ensure_built(self, tensors: Bound) -> None:
        if self.built:
            return
        shapes = shape_arguments(tensors)
        if type(self).build is Layer.build:  # layers below are built when `call` comes to them
            self.__dict__["_path"] = current_path(self.name)
            finish(self, {"input_shape": next(iter(shapes.values()), None)})
            return
        arguments = fitting(self.build, shapes, signature_of(self.call).names, type(self).__name__)
        with eagerly():
            self.build(**arguments)
        self.built = True
        if self.input_spec is not None and tensors:
            check_inputs(self.input_spec, next(iter(tensors.values())), self.name)

    def _symbolic(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        signature: Signature,
        bound: Bound,
        masks: Bound,
    ) -> Any:
        """Record the call, and infer what comes out. Mode and masks are those of the run, so that what is
        recorded of them is what was given, or the default.

        A symbolic mask that was found on the only argument is recorded as if it had been given: files of Keras
        have it so, and a model's `operations` the calls that compute it.
        """
        recorded = dict(kwargs)
        given = signature.bind(args, kwargs, self.name).get("training")
        if signature.default_training is not None and given is None:
            recorded["training"] = signature.default_training
        kept = not self._casts_inputs or (
            len(args) == 1 and not kwargs and is_tensor(args[0]) and not self._cast_to(args[0])
        )
        recorded.update({name: mask if kept else None for name, mask in masks.items()})
        found = {name: mask for name, mask in masks.items() if any_mask(mask)}
        seen = trees.map_tree(self._symbol, (args, {**kwargs, **found}))
        call = Call(self, args, recorded, self.compute_output_spec(*seen[0], **seen[1]))
        call.own_training = given is not None
        self._calls.append(call)
        return call.outputs

    def _penalize(self, outputs: Any) -> None:
        """Add the activity's penalty."""
        if self.activity_regularizer is None:
            return
        for leaf in trees.flatten(outputs):
            if isinstance(leaf, Tensor):
                # the mean over the batch keeps the penalty independent of its size
                self.add_loss(
                    self.activity_regularizer(leaf) / max(leaf.shape[0] if leaf.shape else 1, 1)
                )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs: the inputs' one, for layers that work on each step alone.

        Args:
            inputs: the first argument of the call.
            previous_mask: its mask, booleans that are True for places that count; None: none.

        Returns: a mask, a structure of masks, or None.
        """
        return previous_mask

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of the outputs for symbolic inputs, found by `compute_output_shape` or by running
        `call`.

        Args:
            args: what `call` takes, with KerasTensors in place of tensors.

        Returns: KerasTensors in the structure of the outputs.
        """
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            signature = signature_of(self.call)
            kwargs = {k: v for k, v in kwargs.items() if k in signature.names}
            bound = signature.bind(args, kwargs, self.name)
            shapes = fitting(
                self.compute_output_shape,
                shape_arguments(tensor_arguments(bound)),
                signature.names,
                type(self).__name__,
            )
            return specs_of(self.compute_output_shape(**shapes), self.compute_dtype)
        losses = list(self._losses)
        # a model's build is such a call: its name is in the paths already
        scope = nullcontext() if being_made(self) else name_scope(self.name, self)
        with tracing(), in_call(kwargs.get("training")), scope, self._reading():
            out = infer(
                lambda *a, **k: self.call(*trees.map_tree(self._input, a), **k),
                args,
                kwargs,
                batched=True,
            )
        for layer in self._flatten_layers():
            layer._losses = losses if layer is self else []
        return out

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the outputs for inputs of a shape.

        Args:
            input_shape: lengths of the input, None where unknown; a structure of such shapes where inputs are one.

        Returns: lengths, in the structure of the outputs.

        Raises:
            NotImplementedError: the layer has no `call`.
            ShapeError: the inputs do not fit the layer.

        >>> from narae import layers
        >>> layers.Dense(3).compute_output_shape((None, 5, 2))
        (None, 5, 3)
        """
        if type(self).call is Layer.call:
            self.call()
        shapes = as_shapes(input_shape)
        inputs = trees.map_tree(lambda s: KerasTensor(s.shape, self.compute_dtype), shapes)
        if not self.built:
            self._ensure_built({"input": inputs} if not self._calls else {})
        with tracing():
            spec = self.compute_output_spec(inputs)
        return trees.map_tree(lambda t: tuple(t.shape), spec)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def _require_init(self) -> None:
        if "_ready" not in self.__dict__:
            raise RuntimeError(
                tr(
                    "{kind}.__init__ did not call super().__init__() first; add it as the first line of "
                    "__init__",
                    kind=type(self).__name__,
                )
            )
