"""narae.random: Keras's `keras.random` names on counter-based keys."""

from narae.base.missing import explain_missing
from narae.random.basic import dropout, normal, randint, truncated_normal, uniform
from narae.random.distributions import beta, binomial, categorical, gamma, shuffle
from narae.random.keys import SeedGenerator

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

explain_missing(__name__, __all__)
