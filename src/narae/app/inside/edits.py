"""Changes of a network by hand: units off and on, weights and biases set, each one undone again.

They are done between two steps, in the thread of the network's lab, and training goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from narae import Model, Variable, layers
from narae.app.bounds import BadMessage
from narae.app.inside.requests import Edit
from narae.app.switches import Switches, switches_of

_KEPT = 200  # changes that can be undone


@dataclass(frozen=True)
class Place:
    """Where a number is: source -1 for a unit's bias, None for its switch."""

    layer: int
    unit: int
    source: int | None


def bias_of(layer: layers.Dense) -> Variable:
    """The bias of a layer of the playground's networks, which all have one. Raises ValueError without it."""
    if layer.bias is None:
        raise ValueError(f"{layer.name!r} has no bias")
    return layer.bias


class Hand:
    """What was changed by hand in one network, and is undone or put back.

    Weights are those of the model in use and go with it; switches are set again in the network that takes its
    place, as far as it has these units: a unit that is off stays off when training begins anew.
    """

    def __init__(self) -> None:
        self._dense: list[layers.Dense] = []
        self._switches: list[Switches] = []
        self._history: list[list[tuple[Place, float]]] = []
        self._first: dict[Place, float] = {}
        self._edited_at = -1  # the step of the last change

    def take(self, model: Model) -> None:
        """Begin with another network."""
        off = self.off()
        self._dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
        self._switches = switches_of(model)
        self._history, self._first = [], {}
        for switches, units in zip(self._switches, off, strict=False):
            for unit in units:
                if unit < switches.on.shape[0]:
                    switches.turn(unit, on=False)

    def off(self) -> list[list[int]]:
        """The units that are off, for each hidden layer."""
        return [switches.off() for switches in self._switches]

    def state(self) -> dict[str, int]:
        """How many changes can be undone, and how many units are off."""
        return {"undo": len(self._history), "off": sum(map(len, self.off()))}

    def edited(self, layer: int, unit: int) -> list[int]:
        """The sources of a unit's weights that were set by hand, -1 for its bias."""
        return sorted(
            p.source
            for p in self._first
            if (p.layer, p.unit) == (layer, unit) and p.source is not None
        )

    def do(self, edit: Edit, step: int) -> None:
        """Do what a message says; step: how many steps were trained. Raises BadMessage for what this
        network has not."""
        _DO[edit.action](self, edit, step)

    def _set(self, edit: Edit, step: int) -> None:
        source = -1 if edit.action == "bias" else edit.source
        self._change([(self._checked(Place(edit.layer, edit.unit, source)), edit.value)], step)

    def _turn(self, edit: Edit, step: int) -> None:
        place = self._checked(Place(edit.layer, edit.unit, None))
        if self._get(place) != float(edit.action == "on"):
            self._change([(place, float(edit.action == "on"))], step)

    def _all_on(self, edit: Edit, step: int) -> None:
        off = [(layer, unit) for layer, units in enumerate(self.off()) for unit in units]
        self._change([(Place(layer, unit, None), 1.0) for layer, unit in off], step)

    def _restore(self, edit: Edit, step: int) -> None:
        """A unit's weights as they were before they were first set by hand, and the unit on."""
        self._checked(Place(edit.layer, edit.unit, -1))
        mine = {
            p: v for p, v in self._first.items() if (p.layer, p.unit) == (edit.layer, edit.unit)
        }
        if edit.layer < len(self._switches):
            mine[Place(edit.layer, edit.unit, None)] = 1.0
        self._change(list(mine.items()), step)
        for place in mine:
            self._first.pop(place, None)

    def _undo(self, edit: Edit, step: int) -> None:
        if not self._history:
            return
        for place, value in reversed(self._history.pop()):
            self._put(place, value)
            if not any(place == p for changes in self._history for p, _ in changes):
                self._first.pop(place, None)
        self._edited_at = -1

    def _change(self, changes: list[tuple[Place, float]], step: int) -> None:
        """Set numbers, and keep what they were. A slider that is dragged changes one weight many times: these
        are undone as one, unless a step came between."""
        before = [(place, self._get(place)) for place, _ in changes]
        same = self._history and [p for p, _ in self._history[-1]] == [p for p, _ in before]
        dragged = same and self._edited_at == step and before and before[0][0].source is not None
        if before and not dragged:
            self._history = [*self._history[-_KEPT + 1 :], before]
        for (place, value), (_, was) in zip(changes, before, strict=True):
            if place.source is not None:
                self._first.setdefault(place, was)
            self._put(place, value)
        self._edited_at = step

    def _checked(self, place: Place) -> Place:
        if place.layer >= len(self._dense):
            raise BadMessage(f"layer: this network has {len(self._dense)}, got {place.layer}")
        if place.source is None and place.layer >= len(self._switches):
            raise BadMessage("layer: outputs of the network cannot be switched off")
        sources, units = self._dense[place.layer].kernel.shape
        if place.unit >= units:
            raise BadMessage(f"unit: this layer has {units}, got {place.unit}")
        if place.source is not None and place.source >= sources:
            raise BadMessage(f"source: this layer has {sources} inputs, got {place.source}")
        return place

    def _get(self, place: Place) -> float:
        if place.source is None:
            return float(self._switches[place.layer].on.numpy()[place.unit])
        variable, where = self._variable(place, place.source)
        return float(variable.numpy()[where])

    def _put(self, place: Place, value: float) -> None:
        if place.source is None:
            self._switches[place.layer].turn(place.unit, on=value != 0)
            return
        variable, where = self._variable(place, place.source)
        values = variable.numpy().copy()
        values[where] = value
        variable.assign(values)

    def _variable(self, place: Place, source: int) -> tuple[Variable, tuple[int, ...]]:
        """The bias or the kernel of a place's layer, and where its number is there."""
        dense = self._dense[place.layer]
        if source >= 0:
            return dense.kernel, (source, place.unit)
        return bias_of(dense), (place.unit,)


_DO: dict[str, Callable[[Hand, Edit, int], None]] = {
    "off": Hand._turn,
    "on": Hand._turn,
    "weight": Hand._set,
    "bias": Hand._set,
    "undo": Hand._undo,
    "restore": Hand._restore,
    "all_on": Hand._all_on,
}
