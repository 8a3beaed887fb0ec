"""A layer as a pure function of its variables' values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narae.base.types import TensorLike
from narae.engine.variable import standing


class Stateless:
    """Base of layers: calls that leave the layer's own variables as they are."""

    def stateless_call(
        self: Any,
        trainable_variables: Sequence[TensorLike],
        non_trainable_variables: Sequence[TensorLike],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """What the call would give with these values of the variables. Gradients go through the values.

        Args:
            trainable_variables: values in the order of `trainable_variables`.
            non_trainable_variables: values in the order of `non_trainable_variables`.
            args: what the call takes.
            return_losses: whether the penalties are given too.

        Returns: (outputs, values of the non-trainable variables after the call), and the penalties as a list where
            asked for.

        Raises:
            ValueError: the layer is not built, or there are the number of values is not that of the variables.

        >>> import numpy as np
        >>> from narae import layers
        >>> layer = layers.Dense(1, use_bias=False)
        >>> layer.build((None, 2))
        >>> outputs, _ = layer.stateless_call([np.ones((2, 1))], [], np.ones((1, 2)))
        >>> outputs.tolist()
        [[2.0]]
        """
        if not self.built:
            raise ValueError(
                f"stateless_call of {self.name!r} needs its variables: call it on data, or build(input_shape), first"
            )
        own, other = self.trainable_variables, self.non_trainable_variables
        for what, given, held in (
            ("trainable", trainable_variables, own),
            ("non-trainable", non_trainable_variables, other),
        ):
            if len(given) != len(held):
                raise ValueError(
                    f"{self.name!r} has {len(held)} {what} variables, stateless_call got {len(given)} values: "
                    f"pass one for each of {[v.path for v in held]}"
                )
        values = [
            getattr(v, "own_value", v) for v in (*trainable_variables, *non_trainable_variables)
        ]
        with standing(zip((*own, *other), values, strict=True)):
            outputs = self(*args, **kwargs)
            after = [variable.own_value for variable in other]
            losses = self.losses if return_losses else []
        return (outputs, after, losses) if return_losses else (outputs, after)

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the outputs as KerasTensors; the call is not recorded."""
        return self.compute_output_spec(*args, **kwargs)
