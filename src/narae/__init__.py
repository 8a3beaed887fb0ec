"""narae: the Keras 3 user API on an engine of its own.

>>> import narae as keras
>>> keras.Sequential([keras.layers.Dense(2)]).name.startswith("sequential")
True
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Names of the package -> the module that has them. Rooms load when first used: `import narae` costs little
# more than `import numpy`.
_NAMES = {
    "Input": "narae.layers",
    "InputSpec": "narae.layers",
    "Layer": "narae.layers",
    "Model": "narae.models",
    "Sequential": "narae.models",
    "Functional": "narae.models",
    "KerasTensor": "narae.tensor.symbolic",
    "Tensor": "narae.tensor.tensor",
    "Variable": "narae.engine.variable",
    "GradientTape": "narae.engine.tape",
    "grad": "narae.engine.tape",
    "value_and_grad": "narae.engine.tape",
    "name_scope": "narae.base.names",
    "jit": "narae.engine.jit",
    "compile_inference": "narae.models.frozen",
    "DTypePolicy": "narae.layers.policy",
    "FloatDTypePolicy": "narae.layers.policy",
    "Initializer": "narae.initializers",
    "Loss": "narae.losses",
    "Metric": "narae.metrics",
    "Optimizer": "narae.optimizers",
    "Regularizer": "narae.regularizers",
}
_MODULES = (
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "distribution",
    "dtype_policies",
    "initializers",
    "inspect",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
)

if TYPE_CHECKING:
    from narae import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        distribution,
        dtype_policies,
        initializers,
        inspect,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        ops,
        optimizers,
        preprocessing,
        random,
        regularizers,
        saving,
        tree,
        utils,
    )
    from narae.base.names import name_scope
    from narae.engine.jit import jit
    from narae.engine.tape import GradientTape, grad, value_and_grad
    from narae.engine.variable import Variable
    from narae.initializers import Initializer
    from narae.layers import Input, InputSpec, Layer
    from narae.layers.policy import DTypePolicy, FloatDTypePolicy
    from narae.losses import Loss
    from narae.metrics import Metric
    from narae.models import Functional, Model, Sequential
    from narae.models.frozen import compile_inference
    from narae.optimizers import Optimizer
    from narae.regularizers import Regularizer
    from narae.tensor.symbolic import KerasTensor
    from narae.tensor.tensor import Tensor

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Functional",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Tensor",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "compile_inference",
    "config",
    "constraints",
    "datasets",
    "distribution",
    "dtype_policies",
    "grad",
    "initializers",
    "inspect",
    "jit",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "value_and_grad",
    "version",
]


def version() -> str:
    """The version of narae.

    >>> version() == __version__
    True
    """
    return __version__


if not TYPE_CHECKING:  # a checker would take it that every name is there

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            found = importlib.import_module(f"narae.{name}")
        elif name in _NAMES:
            found = getattr(importlib.import_module(_NAMES[name]), name)
        else:
            from narae.base.missing import missing

            raise missing("narae", name, __all__)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Finder:
    """Asked last for modules that nobody has: `from narae.layers import LSTM` says what its attribute says.

    (Python looks for a module of that name where a package has no such attribute, and drops what the
    AttributeError said.)
    """

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> None:
        """None; an ImportError for what Keras has and narae has not."""
        if fullname.startswith("narae."):
            from narae.base.missing import refuse_import

            refuse_import(fullname)


if not any(getattr(finder, "__qualname__", "") == "_Finder" for finder in sys.meta_path):
    sys.meta_path.append(_Finder)
