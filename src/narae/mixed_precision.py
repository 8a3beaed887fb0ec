"""narae.mixed_precision: older names of `narae.dtype_policies` and `narae.config`, as Keras keeps them.

>>> from narae import mixed_precision
>>> mixed_precision.Policy("mixed_float16").compute_dtype
'float16'
"""

from __future__ import annotations

from narae.base.missing import explain_missing
from narae.layers.policy import DTypePolicy, dtype_policy, set_dtype_policy
from narae.optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

explain_missing(__name__, __all__)
