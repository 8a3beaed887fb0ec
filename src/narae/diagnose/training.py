"""What can be wrong with a training, as questions to numbers: each gives a Finding, or None."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from narae.base.language import mark, tr
from narae.diagnose.data import Finding

Weights = Mapping[str, tuple[int, float, float]]
_SLOWER = mark("a smaller learning rate, a tenth of it")


def exploding(weights: Weights) -> Finding | None:
    """A gradient that is no number, or far longer than the weights themselves."""
    total = math.sqrt(sum(w * w for _, w, _ in weights.values()))
    length = math.sqrt(sum(g * g for _, _, g in weights.values()))
    if math.isfinite(length) and length <= 10 * max(total, 1.0):
        return None
    name, (_, _, worst) = max(weights.items(), key=lambda item: _order(item[1][2]))
    said = tr(
        "the gradient's norm is {length:.3g}, the weights' {total:.3g}; most in {name} "
        "({worst:.3g})",
        length=length,
        total=total,
        name=name,
        worst=worst,
    )
    mends = (
        tr(_SLOWER),
        tr("clipnorm=1.0 in the optimizer"),
        tr("scaled data and targets"),
        tr("fewer layers, or batch normalization between them"),
    )
    return Finding(mark("exploding gradients"), said, mends)


def _order(number: float) -> float:
    return math.inf if math.isnan(number) else number


def vanishing(weights: Weights) -> Finding | None:
    """The first layers' gradients are far smaller than the last ones', per weight. Vectors (biases) are
    left out: they are where normalization makes gradients 0."""
    sizes = [(name, g / math.sqrt(n)) for name, (n, _, g) in weights.items() if n and _matrix(name)]
    if len(sizes) < 3 or not all(math.isfinite(g) for _, g in sizes):
        return None
    (first, low), (last, high) = sizes[0], max(sizes[len(sizes) // 2 :], key=lambda pair: pair[1])
    if low >= 1e-3 * high or high == 0:
        return None
    said = tr(
        "per weight, the gradient of {first} is {low:.2g}, that of {last} {high:.2g}",
        first=first,
        low=low,
        last=last,
        high=high,
    )
    mends = (
        tr("'relu' (or 'gelu', 'selu') in place of 'sigmoid' and 'tanh' between layers"),
        tr("batch or layer normalization between layers"),
        tr("skip connections: layers.Add()([x, block(x)])"),
        tr("kernel_initializer='he_normal' for relu"),
    )
    return Finding(mark("vanishing gradients"), said, mends)


def _matrix(name: str) -> bool:
    return name.rpartition("/")[2] not in ("bias", "beta", "gamma")


def dead_units(dead: Mapping[str, float], samples: int) -> Iterator[Finding]:
    """Layers of which most units give 0 for every sample."""
    for layer, share in dead.items():
        if share > 0.5 and samples >= 16:
            said = tr(
                "{share:.0%} of the units of {layer!r} gave 0 for all of {samples} samples",
                share=share,
                layer=layer,
                samples=samples,
            )
            mends = (
                tr(_SLOWER),
                tr("'leaky_relu', 'elu' or 'gelu' in place of 'relu'"),
                tr("scaled data"),
                "kernel_initializer='he_normal'",
            )
            yield Finding(mark("dead units"), said, mends)


def not_a_number(loss: float, where: tuple[str, str] | None) -> Finding | None:
    """A loss that is NaN or infinite. where: the layer and the operation that first were."""
    if math.isfinite(loss):
        return None
    first = (
        tr(
            "; the first operation to give one is {where} in {where2!r}",
            where=where[1],
            where2=where[0],
        )
        if where
        else ""
    )
    mends = (
        tr(_SLOWER),
        tr("clipnorm=1.0 in the optimizer"),
        tr("look for NaN in the data"),
        tr("no log or division of numbers that may be 0"),
    )
    return Finding(
        mark("a loss that is no number"),
        tr("the loss is {loss}{first}", loss=loss, first=first),
        mends,
    )


def stuck(losses: Sequence[float], epochs: int) -> Finding | None:
    """A loss that has changed by less than a hundredth in all of a number of epochs."""
    if len(losses) < epochs or not all(map(math.isfinite, losses)):
        return None
    first, low = losses[0], min(losses)
    if abs(first) < 1e-3 or first - low >= 0.01 * abs(first):
        return None
    said = tr(
        "the loss went from {first:.4g} to {losses:.4g} in {count} epochs",
        first=first,
        losses=losses[-1],
        count=len(losses),
    )
    mends = (
        tr(
            "a larger learning rate, ten times it, if gradients are small; a smaller one if the loss "
            "jumps"
        ),
        tr("a look at the labels: are they in the order of the samples, do they fit the loss?"),
        tr("scaled data"),
        tr("more units, if the model is very small"),
    )
    return Finding(mark("a loss that does not move"), said, mends)


def overfitting(
    losses: Sequence[float], validation: Sequence[float], patience: int
) -> Finding | None:
    """Validation loss has risen for some epochs, well above its lowest, while training loss fell."""
    if len(validation) <= patience or len(losses) != len(validation):
        return None
    best = int(np.argmin(validation))
    since = len(validation) - 1 - best
    if since < patience or validation[-1] < 1.1 * validation[best] or losses[-1] >= losses[best]:
        return None
    said = tr(
        "since epoch {best} the validation loss rose from {validation:.4g} to {validation2:.4g}, "
        "while the training loss fell from {losses:.4g} to {losses2:.4g}",
        best=best + 1,
        validation=validation[best],
        validation2=validation[-1],
        losses=losses[best],
        losses2=losses[-1],
    )
    mends = (
        tr("callbacks.EarlyStopping(patience=2, restore_best_weights=True)"),
        tr("more data, or data augmentation"),
        tr("layers.Dropout(0.5), or kernel_regularizer='l2'"),
        tr("fewer layers or units"),
    )
    return Finding(mark("overfitting"), said, mends)
