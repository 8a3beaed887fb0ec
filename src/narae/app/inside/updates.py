"""One weight's update by an optimizer, with every number that its formula takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from narae import Variable, optimizers
from narae.optimizers import Optimizer

Numbers = dict[str, float]
Line = tuple[str, str]  # a symbol, and its formula, of symbols of numbers in braces


@dataclass(frozen=True)
class Update:
    """An update of one number: lines of the formula in their order, and all numbers by their symbols: w and g,
    what is kept of earlier steps, what is computed on the way, and w′, all as the optimizer has them."""

    optimizer: str
    lines: list[Line]
    numbers: Numbers


def update(
    optimizer: Optimizer, weight: Variable, place: tuple[int, ...], gradient: float
) -> Update:
    """What the optimizer would do now with one element of a weight that has this gradient; nothing changes.

    A copy of the optimizer does it, with the state that it has for this element.

    >>> w = Variable([1.0, 2.0])
    >>> sgd = optimizers.SGD(0.5)
    >>> sgd.build([w])
    >>> found = update(sgd, w, (1,), 3.0)
    >>> found.lines, found.numbers["w′"]
    ([('w′', '{w} − {η} · {g}')], 0.5)
    """
    probe = type(optimizer).from_config(optimizer.get_config())
    alone = Variable(float(weight.numpy()[place]), dtype="float32")
    probe.build([alone])
    rate, step = float(optimizer.learning_rate), int(optimizer.iterations)
    probe.learning_rate = rate
    probe.iterations.assign(step)
    numbers: Numbers = {"w": float(alone), "g": gradient, "η": rate, "t": step + 1}
    for name, variable in _state(probe, alone).items():
        found = _state(optimizer, weight)[name].numpy()
        variable.assign(found[place] if found.shape else found)
        numbers[_SYMBOLS[name]] = float(variable)
    probe.apply([gradient], [alone])
    numbers |= {f"{_SYMBOLS[n]}′": float(v) for n, v in _state(probe, alone).items()}
    numbers["w′"] = float(alone)
    for symbol, name in _CONSTANTS.items():
        if isinstance(value := getattr(optimizer, name, None), float):
            numbers[symbol] = value
    lines = FORMULAS[type(optimizer)](optimizer, numbers)
    if optimizer.weight_decay:
        numbers["u"] = numbers["w"] * (1 - rate * numbers["λ"])
        lines = [("u", "{w} − {η} · {λ} · {w}"), *((n, f.replace("{w}", "{u}")) for n, f in lines)]
    return Update(type(optimizer).__name__, lines, numbers)


_SYMBOLS = {"momentum": "m", "velocity": "v", "accumulator": "a", "product": "Π"}
_CONSTANTS = {
    "μ": "momentum",
    "ρ": "rho",
    "β₁": "beta_1",
    "β₂": "beta_2",
    "ε": "epsilon",
    "λ": "weight_decay",
}


def _state(optimizer: Optimizer, weight: Variable) -> dict[str, Variable]:
    """What an optimizer keeps for a weight, and for all of them."""
    own = dict(optimizer._slots[optimizer._get_variable_index(weight)])
    shared = {"product": optimizer._product} if isinstance(optimizer, optimizers.Nadam) else {}
    return own | shared


def _sgd(optimizer: optimizers.SGD, n: Numbers) -> list[Line]:
    if not optimizer.momentum:
        return [("w′", "{w} − {η} · {g}")]
    velocity = ("m′", "{μ} · {m} − {η} · {g}")
    last = "{w} + {μ} · {m′} − {η} · {g}" if optimizer.nesterov else "{w} + {m′}"
    return [velocity, ("w′", last)]


def _rmsprop(optimizer: optimizers.RMSprop, n: Numbers) -> list[Line]:
    square = ("v′", "{ρ} · {v} + (1 − {ρ}) · {g}²")
    step = "{η} · {g} / √({v′} + {ε})"
    if optimizer.momentum > 0:
        return [square, ("m′", "{μ} · {m} + " + step), ("w′", "{w} − {m′}")]
    return [square, ("w′", "{w} − " + step)]


def _adagrad(optimizer: optimizers.Adagrad, n: Numbers) -> list[Line]:
    return [("a′", "{a} + {g}²"), ("w′", "{w} − {η} · {g} / √({a′} + {ε})")]


_MOMENTS: list[Line] = [
    ("m′", "{β₁} · {m} + (1 − {β₁}) · {g}"),
    ("v′", "{β₂} · {v} + (1 − {β₂}) · {g}²"),
]


def _adam(optimizer: optimizers.Adam, n: Numbers) -> list[Line]:
    n["α"] = n["η"] * math.sqrt(1 - n["β₂"] ** n["t"]) / (1 - n["β₁"] ** n["t"])
    return [
        *_MOMENTS,
        ("α", "{η} · √(1 − {β₂}^{t}) / (1 − {β₁}^{t})"),
        ("w′", "{w} − {α} · {m′} / (√{v′} + {ε})"),
    ]


def _nadam(optimizer: optimizers.Nadam, n: Numbers) -> list[Line]:
    n["μ"] = n["β₁"] * (1 - 0.96 ** n["t"] / 2)
    n["μ₊"] = n["β₁"] * (1 - 0.96 ** (n["t"] + 1) / 2)
    n["d"] = n["μ₊"] * n["m′"] / (1 - n["μ₊"] * n["Π′"])
    n["d"] += (1 - n["μ"]) * n["g"] / (1 - n["Π′"])
    return [
        *_MOMENTS,
        ("μ", "{β₁} · (1 − 0.96^{t} / 2)"),
        ("μ₊", "{β₁} · (1 − 0.96^({t} + 1) / 2)"),
        ("Π′", "{Π} · {μ}"),
        ("d", "{μ₊} · {m′} / (1 − {μ₊} · {Π′}) + (1 − {μ}) · {g} / (1 − {Π′})"),
        ("w′", "{w} − {η} · {d} / (√({v′} / (1 − {β₂}^{t})) + {ε})"),
    ]


FORMULAS: dict[type, Callable[..., list[Line]]] = {
    optimizers.SGD: _sgd,
    optimizers.RMSprop: _rmsprop,
    optimizers.Adagrad: _adagrad,
    optimizers.Adam: _adam,
    optimizers.AdamW: _adam,
    optimizers.Nadam: _nadam,
}
