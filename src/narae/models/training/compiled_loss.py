"""The losses that `compile` was given, matched to the model's outputs at the first batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from narae import losses as losses_module
from narae.base import trees
from narae.base.copying import Copied
from narae.base.language import tr
from narae.metrics import Mean
from narae.metrics.accuracy import target_kind
from narae.models.training.outputs import NoSuchOutput, at, matched, name_of, names_of, shapes_of

if TYPE_CHECKING:
    from narae.base.types import LossLike, Tree
    from narae.losses import Loss
    from narae.models.data.batches import Arrays, Nest
    from narae.models.training.outputs import Outputs, Targets
    from narae.tensor.tensor import Tensor

Losses: TypeAlias = "Tree[LossLike | None] | LossLike | None"  # one, or a nest like the outputs
LossWeights: TypeAlias = "float | Sequence[float] | Mapping[str, float] | None"
Names: TypeAlias = "Nest[str | None]"  # of the outputs, in their nest

_SHORT = ("crossentropy", "ce")
_CROSSENTROPIES = {
    "binary": losses_module.binary_crossentropy,
    "sparse": losses_module.sparse_categorical_crossentropy,
    "categorical": losses_module.categorical_crossentropy,
}


class _WeightedLoss(Copied):
    """A loss with its weight: a leaf of the nest that `compile` was given."""

    def __init__(self, loss: Loss | str | None, weight: LossWeights) -> None:
        self.loss, self.weight = loss, weight


@dataclass(frozen=True)
class Entry(Copied):
    """One loss: of the output (or the nest of outputs) at `path`, under `name`."""

    path: tuple[Any, ...]
    loss: Loss
    weight: Any  # a number, or None for 1
    name: str


class CompiledLoss(Copied):
    """One loss for one output, or a nest of them: the weighted sum.

    loss: one for all outputs; a nest like theirs, with None for those without one, and lists of
    several losses for one output; or a dict by the outputs' names. "crossentropy" becomes the kind
    that fits the shapes. Raises ValueError when losses, weights and outputs do not fit (a KeyError
    too, for entries that the outputs have not).
    """

    def __init__(
        self, loss: Losses, weights: LossWeights, output_names: Callable[[], list[str] | None]
    ) -> None:
        self._given, self._names = loss, output_names
        if isinstance(weights, (str, bytes)) or not (weights is None or _is_weights(weights)):
            raise ValueError(
                tr(
                    "loss_weights is a number (for one output), a list, a tuple or a dict of numbers, got "
                    "{weights!r}",
                    weights=weights,
                )
            )
        # unknown names are errors at compile, not at the first step
        self._losses = trees.map_tree(_wrapped, loss)
        self._weights = weights
        self._entries: list[Entry] | None = None
        self._trackers: list[Mean] = []
        self._shapes: Any = None  # of the outputs that the last call saw

    @property
    def built(self) -> bool:
        """Whether a batch was seen: the losses are those of its outputs."""
        return self._entries is not None

    def trackers(self) -> list[Mean]:
        """The mean of each output's losses, when there are several."""
        return self._trackers

    def losses(self) -> list[Any]:
        """The losses, flat."""
        return trees.flatten(self._losses)

    def __call__(self, y_true: Targets, y_pred: Outputs, sample_weight: Targets = None) -> Tensor:
        """The sum of the losses, each times its weight. y_true, sample_weight: see `matched`."""
        names = names_of(y_pred, self._names())
        true = self._targets(y_true, y_pred, names)
        if self._entries is None:
            self._start(true, y_pred, names)
        weights = matched(sample_weight, y_pred, names, "sample_weight", shared=True)
        weights = trees.pack_as(y_pred, weights)
        self._shapes = shapes_of(y_pred)
        values = []
        for entry in self._entries or ():
            sample = _one(at(weights, entry.path))
            target, pred = self._target(true, entry), at(y_pred, entry.path)
            values.append(entry.loss(target, pred, sample_weight=sample))
        if not values:
            raise ValueError(tr("compile(loss=...) holds no loss: every entry is None"))
        self._track(values, y_pred)
        weighted = [
            value if entry.weight is None else value * entry.weight
            for value, entry in zip(values, self._entries or (), strict=True)
        ]
        return sum(weighted[1:], weighted[0])

    def _track(self, values: list[Any], y_pred: Outputs) -> None:
        """Count the losses singly: of one name, as of one output, together."""
        for tracker in self._trackers:
            own = [
                (entry, value)
                for entry, value in zip(self._entries or (), values, strict=True)
                if f"{entry.name}_loss" == tracker.name
            ]
            shape = trees.flatten(at(y_pred, own[0][0].path))[0].shape
            total = sum([value for _, value in own[1:]], own[0][1])
            tracker.update_state(total, sample_weight=float(shape[0] if shape else 1))

    def validate(self, y_true: Arrays) -> None:
        """Check label arrays against the predictions' shapes that the last call saw. Raises ValueError."""
        checked = [e for e in self._entries or () if getattr(e.loss, "validate", None) is not None]
        if not checked:
            return
        true = y_true
        if trees.is_nested(y_true) or trees.is_nested(self._shapes):
            true = self._targets(y_true, self._shapes, names_of(self._shapes, self._names()))
        for entry in checked:
            target, shaped = at(true, entry.path), at(self._shapes, entry.path)
            if target is not None and not trees.is_nested(target):
                entry.loss.validate(np.asarray(target), shaped.shape)

    def _targets(self, y_true: Targets, y_pred: Outputs, names: list[Any]) -> Any:
        """The targets in the nest of the outputs."""
        flat = trees.flatten(self._given)
        wanted = [i for i, loss in enumerate(flat) if loss is not None]
        wanted = wanted if len(flat) == len(names) else []
        return trees.pack_as(y_pred, matched(y_true, y_pred, names, "y", wanted=wanted))

    def _target(self, true: Targets, entry: Entry) -> Any:
        found = at(true, entry.path)
        if all(leaf is None for leaf in trees.flatten(found)):
            raise ValueError(
                tr(
                    "y has no targets for the output {name!r}, which has the loss {loss!r}: pass them, or "
                    "None as its loss",
                    name=entry.name,
                    loss=getattr(entry.loss, "name", entry.loss),
                )
            )
        return found

    # -- which loss is whose ---------------------------------------------------------------------

    def _start(self, y_true: Targets, y_pred: Outputs, names: list[Any]) -> None:
        """Match the losses to outputs of this nest."""
        nest = trees.pack_as(y_pred, names)
        wanted = self._weighted(y_pred, names)
        if isinstance(wanted, _WeightedLoss):  # one loss for all outputs
            wanted = trees.map_tree(lambda _: wanted, y_pred)
        found = list(self._matched(wanted, y_true, y_pred, nest, ()))
        self._entries = found
        if len(found) > 1:
            self._trackers = [
                Mean(name=name) for name in dict.fromkeys(f"{e.name}_loss" for e in found)
            ]

    def _weighted(self, y_pred: Outputs, names: list[Any]) -> Any:
        """The nest of losses, each with its weight; a dict by names as the list of the outputs."""
        losses, weights = self._losses, self._weights
        count = len(names)
        if isinstance(losses, dict) and not isinstance(y_pred, dict) and None not in names:
            if set(losses) != set(names):
                raise ValueError(
                    tr(
                        "compile(loss=...) names {losses}. Expected keys: {names}, the names of the model's "
                        "outputs; give a loss, or None, for each",
                        losses=list(losses),
                        names=names,
                    )
                )
            losses = _listed([losses[name] for name in names], y_pred)
            if isinstance(weights, dict) and set(weights) == set(names):
                weights = _listed([weights[name] for name in names], y_pred)
        if not trees.is_nested(losses) and trees.is_nested(weights) and count > 1:
            losses = trees.pack_as(y_pred, [losses] * count)  # one loss, a weight for each output
        return _with_weights(losses, weights)

    def _matched(
        self,
        loss: _WeightedLoss | Nest[_WeightedLoss | None],
        y_true: Targets,
        y_pred: Outputs,
        names: Names,
        path: tuple[Any, ...],
    ) -> Iterator[Entry]:
        """The entries of a nest of losses for a nest of outputs."""
        if loss is None:
            return
        if isinstance(loss, _WeightedLoss):
            if loss.loss is not None:
                kind = _resolved(loss.loss, at(y_true, ()), at(y_pred, ()))
                yield Entry(path, kind, loss.weight, _name(path, names, kind))
            return
        if isinstance(loss, (list, tuple)):
            leaves = trees.flatten(y_pred)
            if len(loss) == len(leaves) and not any(map(trees.is_nested, loss)):
                loss = trees.pack_as(y_pred, list(loss))
                if not trees.is_nested(loss):
                    yield from self._matched(loss, y_true, y_pred, names, path)
                    return
            elif not isinstance(y_pred, type(loss)):  # several losses of one output, or of a nest
                for one in loss:
                    yield from self._matched(one, y_true, y_pred, names, path)
                return
        yield from self._below(loss, y_true, y_pred, names, path)

    def _below(
        self,
        loss: Nest[_WeightedLoss | None],
        y_true: Targets,
        y_pred: Outputs,
        names: Names,
        path: tuple[Any, ...],
    ) -> Iterator[Entry]:
        if isinstance(loss, dict):
            keys = list(loss)
            missing = [k for k in keys if not isinstance(y_pred, dict) or k not in y_pred]
            if missing:
                there = list(y_pred) if isinstance(y_pred, dict) else "no dict"
                raise NoSuchOutput(
                    tr(
                        "compile(loss=...) has the keys {names}, which the model's outputs ({there}) have not",
                        names=[*path, *missing],
                        there=there,
                    )
                )
        else:
            entries, outputs = len(at(loss, ())), len(at(y_pred, ()))
            if entries != outputs:
                raise NoSuchOutput(
                    tr(
                        "compile(loss=...) has {entries} entries, the model has {outputs} outputs {names}",
                        entries=entries,
                        outputs=outputs,
                        names=names,
                    )
                )
            keys = list(range(entries))
        for key in keys:
            one = [key]
            yield from self._matched(
                at(loss, one), at(y_true, one), at(y_pred, one), at(names, one), (*path, key)
            )


def _is_weights(weights: object) -> bool:
    return isinstance(weights, (list, tuple, dict)) or hasattr(weights, "__float__")


def _listed(items: list[Any], y_pred: Outputs) -> Any:
    return items if trees.is_nested(y_pred) else items[0]


def _with_weights(losses: Losses, weights: LossWeights) -> Any:
    """The nest of losses as `_WeightedLoss`s."""
    flat = trees.flatten(losses)
    if not trees.is_nested(losses) and trees.is_nested(weights) and len(weights) == 1:
        weights = trees.flatten(weights)[0]
    if weights is None or (not trees.is_nested(weights) and not trees.is_nested(losses)):
        return trees.map_tree(
            lambda loss: None if loss is None else _WeightedLoss(loss, weights), losses
        )
    own = trees.flatten(weights) if trees.is_nested(weights) else [weights]
    if isinstance(losses, dict) and isinstance(weights, dict) and set(weights) != set(losses):
        raise ValueError(
            tr(
                "loss_weights has the keys {weights}, loss has {losses}: they are of one kind",
                weights=list(weights),
                losses=list(losses),
            )
        )
    if len(own) != len(flat):
        raise ValueError(
            tr(
                "loss_weights has {count} weights for {count2} losses: one for each is expected",
                count=len(own),
                count2=len(flat),
            )
        )
    pairs = zip(flat, own, strict=True)
    weighted = [None if loss is None else _WeightedLoss(loss, weight) for loss, weight in pairs]
    return trees.pack_as(losses, weighted)


def _wrapped(loss: LossLike | None) -> Loss | str | None:
    """A loss by what `compile` takes for one; "crossentropy" waits for the shapes."""
    if loss is None or (isinstance(loss, str) and loss.lower() in _SHORT):
        return loss
    found = losses_module.get(loss)
    if isinstance(found, losses_module.Loss):
        return found
    if not callable(found):
        raise ValueError(
            tr("a loss is a name, a Loss or a function (y_true, y_pred), got {loss!r}", loss=loss)
        )
    name = loss if isinstance(loss, str) else name_of(found)
    return losses_module.LossFunctionWrapper(cast("Callable[..., Tensor]", found), name=name)


def _resolved(loss: Loss | str, y_true: Tensor, y_pred: Tensor) -> Loss:
    if not isinstance(loss, str):
        return loss
    kind = target_kind(y_true.shape, y_pred.shape)
    return losses_module.LossFunctionWrapper(_CROSSENTROPIES[kind], name=loss)


def _name(path: tuple[Any, ...], names: Names, loss: Loss) -> str:
    """The name of an entry: its path, with the output's name for its place in a list; the loss's
    name where the output has none."""
    name = loss.name if names is None else names
    if trees.is_nested(names):
        name = "_".join(str(n) for n in trees.flatten(names))
    if not path:
        return str(name)
    last = name if isinstance(path[-1], int) else path[-1]
    return "/".join(str(part) for part in (*path[:-1], last))


def _one(weights: Targets) -> Any:
    """The sample weights of one loss: of a nest of outputs the first."""
    return next(iter(trees.flatten(weights)), None) if trees.is_nested(weights) else weights
