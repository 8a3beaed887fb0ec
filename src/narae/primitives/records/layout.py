"""How a value lies over several devices: a word to the executor, which changes no number."""

from __future__ import annotations

from narae.base.errors import ShapeError
from narae.graph.ir import Spec, Value
from narae.graph.spread import Layout
from narae.primitives.record import record
from narae.primitives.samples import cases


def _rule(x: Spec, *, layout: Layout | None) -> Spec:
    if layout is not None and len(layout.axes) > len(x.shape):
        raise ShapeError(f"a layout {layout.axes} is for more axes than those of shape {x.shape}")
    return x


def _simplify(x: Value, *, layout: Layout | None) -> Value | None:
    return x if layout is None else None


# A gradient lies like what it is the gradient of.
lay = record(
    "lay",
    _rule,
    lambda xp, x, *, layout: x,
    vjp=(lambda ct, out, x, *, layout: lay(ct, layout=layout),),
    simplify=_simplify,
    samples=cases(((3, 4), {"layout": None})),
    view=True,
)
