"""A layer's configuration and its stored state: what makes it again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Self

import numpy as np

from narae import regularizers
from narae.base.copying import Copied
from narae.base.errors import entry, in_words
from narae.base.serialization import deserialize_keras_object
from narae.base.types import Config, TensorLike
from narae.engine.variable import Variable
from narae.layers.policy import policy_of, serialize_policy


class Configured(Copied):
    """Base of layers: config from the constructor's arguments, variables by position."""

    _init_args: dict[str, Any] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().__new__(cls)
        object.__setattr__(instance, "_init_args", _arguments(cls, args, kwargs))
        return instance

    def get_config(self: Any) -> Config:
        """The constructor's arguments, JSON-ready or serializable.

        A subclass with arguments of its own either extends this, or gets them as they were given.
        Raises NotImplementedError when they are not of kinds that can be written down.
        """
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_policy(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is not Configured.get_config:  # a subclass adds its own
            return config
        return {**config, **self._given(config)}

    def _given(self: Any, config: Config) -> dict[str, Any]:
        """The constructor's arguments that are not in a config yet."""
        given = {k: v for k, v in (self._init_args or {}).items() if k not in config}
        odd = sorted(k for k, v in given.items() if not _plain(v))
        if odd:
            raise NotImplementedError(
                f"{type(self).__name__} takes {odd}, which cannot be written down as they are: define "
                "get_config(self) that returns them as numbers, strings and serialized objects"
            )
        return given

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """A new layer of the configuration that `get_config` gave; its variables begin anew.

        Args:
            config: the constructor's arguments by name; classes and functions as they are or serialized.

        Returns: the layer.

        Raises:
            TypeError: the constructor does not take these arguments, or one of their values.

        >>> from narae import layers
        >>> layers.Dense.from_config(layers.Dense(3).get_config()).units
        3
        """
        config = dict(config)
        if isinstance(config.get("dtype"), dict):
            config["dtype"] = policy_of(config["dtype"])
        own = {
            k: deserialize_keras_object(v) if isinstance(v, dict) else v for k, v in config.items()
        }
        try:
            return cls(**own)
        except Exception as error:  # of whatever kind: what is wrong is the config
            raise TypeError(
                f"{cls.__name__} could not be made from its config {sorted(config)}: {in_words(error)}"
            ) from error

    def _kept_state(self: Any) -> dict[str, Any]:
        """All but what calls left behind, which functional models keep, and the table of what is held,
        which is rebuilt from the attributes."""
        state = {
            k: v for k, v in self.__dict__.items() if k not in ("_calls", "_losses", "_building")
        }
        held = state.pop("_tracked", {})
        own = {name: value for name, value in held.items() if name not in state}
        return {**state, "_calls": [], "_losses": [], "_tracked": (list(held), own)}

    def __setstate__(self: Any, state: dict[str, Any]) -> None:
        # a functional model around this layer may have come first, and have given it its calls
        known = self.__dict__.get("_calls", [])
        super().__setstate__(state)
        names, own = state["_tracked"]
        kept = {**self.__dict__, **own}
        self.__dict__["_tracked"] = {name: kept[name] for name in names}
        self.__dict__["_calls"] = known + self.__dict__["_calls"]

    def get_build_config(self: Any) -> Config | None:
        """The shapes that `build` was given: {'input_shape': ...}, or {'shapes_dict': {...}} for several; None
        before.
        """
        shapes = self._build_shapes
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": dict(shapes)}

    def build_from_config(self: Any, config: Config) -> None:
        """Build with the shapes that `get_build_config` gave.

        Args:
            config: what `get_build_config` gave.
        """
        if "input_shape" in config:
            self.build(tupled(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{k: tupled(v) for k, v in config["shapes_dict"].items()})
        self.built = True

    def get_weights(self: Any) -> list[np.ndarray]:
        """Copies of the weights' values, as NumPy arrays in the order of `weights`."""
        return [v.numpy() for v in self.weights]

    @entry
    def set_weights(self: Any, weights: Sequence[TensorLike]) -> None:
        """Give all weights values.

        Args:
            weights: arrays in the order of `weights`, each of its weight's shape.

        Raises:
            ValueError: number or shapes differ; the layer is not built.

        >>> from narae import layers
        >>> layer = layers.Dense(1, use_bias=False)
        >>> layer.build((None, 2))
        >>> layer.set_weights([np.array([[1.0], [2.0]])])
        >>> layer.get_weights()[0].tolist()
        [[1.0], [2.0]]
        """
        own, given = self.weights, list[Any](weights)
        if len(own) != len(given):
            raise ValueError(
                f"{self.name!r} has {len(own)} weights and was given {len(given)}"
                + ("" if self.built else "; it is not built yet: call it on data first")
            )
        for variable, value in zip(own, given, strict=True):
            if np.shape(value) != variable.shape:
                raise ValueError(
                    f"weight {variable.path!r} of {self.name!r} has shape {variable.shape}, the value given "
                    f"has shape {tuple(np.shape(value))}"
                )
        for variable, value in zip(own, given, strict=True):
            variable.assign(value)

    def count_params(self: Any) -> int:
        """How many numbers the weights are.

        Returns: a whole number.

        Raises:
            ValueError: the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"{self.name!r} has no weights before it is built: call it on data, or build(input_shape)"
            )
        return sum(v.size for v in self.weights)

    def save_own_variables(self: Any, store: MutableMapping[str, Any]) -> None:
        """Write this layer's own variables (not those of layers below) by position.

        Args:
            store: what takes them: arrays by the names '0', '1', ...
        """
        for i, variable in enumerate(self._ordered()):
            store[str(i)] = variable.numpy()

    def load_own_variables(self: Any, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables` wrote.

        Args:
            store: arrays by the names '0', '1', ...

        Raises:
            ValueError: number or shapes differ.
        """
        self._load_variables(self._ordered(), store)

    def _load_variables(self: Any, own: Sequence[Variable], store: Mapping[str, Any]) -> None:
        """Give variables what is stored by position. Raises ValueError where number or shapes differ."""
        if len(store) != len(own):
            hint = (
                "" if self.built or not len(store) else "; it is not built: call it on data first"
            )
            raise ValueError(
                f"layer {self.name!r} has {len(own)} variables of its own, the file has {len(store)}{hint}"
            )
        for i, variable in enumerate(own):
            value = store[str(i)]
            if tuple(value.shape) != variable.shape:
                raise ValueError(
                    f"variable {variable.path!r} has shape {variable.shape}, in the file it has shape "
                    f"{tuple(value.shape)}"
                )
            assign_stored(variable, value)


def _arguments(
    cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The constructor's arguments by name, None when they do not fit (the constructor will say so)."""
    signature = inspect.signature(cls.__init__)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    out: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            out.update(value)
        elif kind is not inspect.Parameter.VAR_POSITIONAL or value:
            out[name] = value
    return out


def assign_stored(variable: Variable, value: Any) -> None:
    """Give a variable a stored value of its shape: straight from the file where it is in one."""
    if hasattr(value, "read_into"):
        variable.read_from(value)
    else:
        variable.assign(np.asarray(value))


def _plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(map(_plain, value.values()))
    return (
        value is None or isinstance(value, (bool, int, float, str)) or hasattr(value, "get_config")
    )


def tupled(shape: Any) -> Any:
    """Shapes from JSON, where tuples are lists: lists of lengths become tuples again."""
    if isinstance(shape, (list, tuple)) and all(n is None or isinstance(n, int) for n in shape):
        return tuple(shape)
    if isinstance(shape, dict):
        return {k: tupled(v) for k, v in shape.items()}
    return [tupled(item) for item in shape] if isinstance(shape, (list, tuple)) else shape
