"""What a notebook shows of a layer: its arguments and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narae.base.language import tr
from narae.drawing.cards import Card, Shown, plain_arguments

if TYPE_CHECKING:
    from collections.abc import Callable


class ShownLayer(Shown):
    """The part of a layer that fills its card."""

    name: str
    built: bool
    get_config: Callable[[], dict[str, Any]]

    def _show_on(self, card: Card) -> None:
        weights = getattr(self, "weights", [])
        card.title(f"{type(self).__name__} {self.name}")
        count = f"{sum(v.size for v in weights):,}"
        unbuilt = tr("not before it sees an input")
        card.facts([(tr("weights"), count if self.built else unbuilt)])
        card.facts(plain_arguments(self.get_config))
        heads = (tr("weight"), tr("shape"), "dtype")
        if weights:
            card.table(heads, [(v.path.rpartition("/")[2], v.shape, v.dtype) for v in weights])
