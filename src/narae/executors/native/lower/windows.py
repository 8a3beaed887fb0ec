"""Pooling and overlap-add: each element of a window is a view of the whole array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narae.base.windows import dilated
from narae.executors.native import tuning
from narae.executors.native.codegen.expression import Expression
from narae.executors.native.codegen.lanes import KINDS, Unlowered
from narae.executors.native.codegen.nodes import new_node, with_inputs
from narae.executors.native.lower.elementwise import (
    after_whole,
    copy_tiles,
    expression_of,
    fill_tiles,
    loop_tiles,
)
from narae.executors.native.lower.tiles import Context, Lowered, Tile, lowers, size_of
from narae.executors.shared.memory import ArrayMap
from narae.executors.shared.params import Params
from narae.graph.fuse import Step
from narae.graph.ir import Node, Spec, Value

_COMBINE = {"sum": "add", "max": "maximum", "min": "minimum"}


@lowers("reduce_window")
def lower_pool(step: Step, context: Context) -> Lowered:
    """out = the taps' sum, max or min."""
    node = step.nodes[0]
    (x,), out, p = context.ins(node), context.out(node), node.params
    if out.size == 0:
        return Lowered()
    _check(p, x)
    phases: list[list[Tile]] = []
    x = _bordered(x, lowest(x.dtype.name, p["kind"]), p, phases)
    ins = [x[tap] for tap in taps(out.shape, p)]
    values = [Value(Spec(out.shape, x.dtype.name)) for _ in ins]
    nodes, total = [], values[0]
    for value in values[1:]:
        total = new_node(_COMBINE[p["kind"]], (total, value), value.spec, nodes)
    expression = Expression(nodes, [v.uid for v in values], [total.uid], {})
    expression.dtypes[total.uid] = x.dtype.name
    phases.append(loop_tiles(expression, out.shape, ins, [out]))
    return Lowered(phases, keep=[x, out])


def _check(params: Params, x: np.ndarray) -> None:
    if size_of(params["window"]) > tuning.WINDOW:
        raise Unlowered(f"windows of {size_of(params['window'])} elements")
    if x.dtype.name not in KINDS:
        raise Unlowered(f"windows of {x.dtype}")


def lowest(dtype: str, kind: str) -> float:
    """What leaves the other operand of a sum, max or min as it is."""
    if kind == "sum":
        return 0
    sign = -1 if kind == "max" else 1
    if dtype.startswith("float"):
        return sign * np.inf
    return np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max


def _bordered(x: np.ndarray, fill: float, params: Params, phases: list[list[Tile]]) -> np.ndarray:
    """x with a border of one number, which is written once."""
    if all(p == (0, 0) for p in params["padding"]):
        return x
    shape = list(x.shape)
    for a, (lo, hi) in zip(params["axes"], params["padding"], strict=True):
        shape[a] += lo + hi
    out = np.full(shape, fill, x.dtype)
    phases.append(copy_tiles(x, out[_inside(x.shape, params)]))
    return out


def _inside(shape: Sequence[int], params: Params) -> tuple[slice, ...]:
    """Where an array of a shape lies within its border."""
    inside = [slice(None)] * len(shape)
    for a, (lo, _) in zip(params["axes"], params["padding"], strict=True):
        inside[a] = slice(lo, lo + shape[a])
    return tuple(inside)


def _are_apart(params: Params) -> bool:
    """Whether no two windows meet."""
    rows = zip(params["window"], params["strides"], params["dilation"], strict=True)
    return all(s >= dilated(k, d) for k, s, d in rows)


def _added(into: np.ndarray, part: np.ndarray) -> list[Tile]:
    """into += part."""
    pair = [Value(Spec(into.shape, into.dtype.name)) for _ in range(2)]
    nodes: list[Node] = []
    total = new_node("add", pair, pair[0].spec, nodes)
    expression = Expression(nodes, [v.uid for v in pair], [total.uid], {})
    return loop_tiles(expression, into.shape, [into, part], [into])


def taps(shape: Sequence[int], params: Params) -> list[tuple[slice, ...]]:
    """For each element of a window, where it lies for all windows (`shape`: the result's)."""
    found = []
    for index in np.ndindex(*params["window"]):
        place = [slice(None)] * len(shape)
        rows = zip(params["axes"], index, params["strides"], params["dilation"], strict=True)
        for a, i, s, d in rows:
            place[a] = slice(i * d, i * d + dilated(shape[a], s), s)
        found.append(tuple(place))
    return found


@lowers("fold_windows")
def lower_fold(step: Step, context: Context) -> Lowered:
    """Zeros, then one tap after the other is added."""
    node = step.nodes[0]
    (x,), out, p = context.ins(node), context.out(node), node.params
    _check(p, x)
    phases = [fill_tiles(out)]
    if x.size == 0:
        return Lowered(phases, keep=[out])
    counted = x.shape[: out.ndim]
    apart = _are_apart(p)
    tiles: list[Tile] = []
    for index, tap in zip(np.ndindex(*p["window"]), taps(counted, p), strict=True):
        part, into = x[(..., *index)], out[tap]
        if apart:  # no two taps meet: all at once
            tiles += copy_tiles(part, into)
            continue
        phases.append(_added(into, part))
    return Lowered([*phases, tiles], keep=[x, out])


@lowers("place_extremes")
def lower_extremes(step: Step, context: Context) -> Lowered:
    """ct at the first element of each window that equals its peak; then the
    elementwise nodes that follow it in the step."""
    head, rest, arrays = step.nodes[0], step.nodes[1:], context.arrays
    ct, x, peak = context.ins(head)
    p, uid = head.params, head.uids[0]
    _check(p, x)
    apart = _are_apart(p) and all(pad == (0, 0) for pad in p["padding"])
    covered = size_of(peak.shape) * size_of(p["window"]) == size_of(head.specs[0].shape)
    if rest and apart and covered:
        return _with_followers(step, context)
    out = arrays.get(uid)
    if out is None:
        out = np.empty(head.specs[0].shape, ct.dtype)
    if peak.size == 0:
        lowered = Lowered([fill_tiles(out)], keep=[out])
    elif apart:
        lowered = _apart(ct, x, peak, out, p)
    else:
        lowered = _overlapping(ct, x, peak, out, p)
    if rest:
        expression = _following(step, {**arrays, uid: out})
        tiles, touched = after_whole(expression, uid, out, out.shape, arrays)
        lowered.phases.append(tiles)
        lowered.keep += touched
    return lowered


def _following(step: Step, arrays: ArrayMap) -> Expression:
    """The elementwise nodes of a step, over its head's result."""
    head, rest = step.nodes[0].uids[0], step.nodes[1:]
    used = {v.uid for node in rest for v in node.inputs}
    reads = [u for u in (head, *step.reads) if u in used]
    return expression_of(rest, reads, [u for u in step.outputs if u != head], arrays)


def _with_followers(step: Step, context: Context) -> Lowered:
    """The gradient of pooling and the nodes that follow it in the step, in one loop over windows.

    Here windows do not meet and leave nothing out: every element of the image is in one window, as one
    of its taps. So a loop over windows that writes all taps writes each element once, and the nodes that
    follow, elementwise over the image, are repeated for each tap, over its view of all they read:

        for each window w:
            for each tap t:
                first[t] = x[t of w] == peak[w], and no tap before t was
                share[t] = ct[w] where first[t], else 0
                outputs[t of w] = followers(share[t], x[t of w], others[t of w])

    In all, the image is read and written once; the shares are in registers and nowhere else.
    """
    head, followers, arrays = step.nodes[0], step.nodes[1:], context.arrays
    ct, x, peak = context.ins(head)
    image, dtype = head.specs[0].shape, x.dtype.name
    following = _following(step, {**arrays, head.uids[0]: x})
    numbers: dict[int, float] = dict(following.numbers)
    # Values of the shape of `peak` stand for the arrays of the new expression, in the order of its reads.
    of_ct, of_peak = _value(peak.shape, ct.dtype.name), _value(peak.shape, dtype)
    places = taps(peak.shape, head.params)
    of_taps = [_value(peak.shape, dtype) for _ in places]
    zero = _value((), ct.dtype.name)
    numbers[zero.uid] = 0.0
    nodes: list[Node] = []
    shares = _hits(of_taps, of_peak, of_ct, zero, nodes)
    values, ins = [of_ct, of_peak, *of_taps], [ct, peak, *(x[tap] for tap in places)]
    outs, results = [], []
    for tap, of_tap, share in zip(places, of_taps, shares, strict=True):
        stands = {head.inputs[1].uid: of_tap, head.uids[0]: share}  # for a value, at this tap
        for uid in following.reads:
            if uid not in stands:
                stands[uid] = _value(peak.shape, arrays[uid].dtype.name)
                values.append(stands[uid])
                ins.append(np.broadcast_to(arrays[uid], image)[tap])
        for node in followers:
            copy = with_inputs(node, [stands.get(v.uid, v) for v in node.inputs], peak.shape)
            nodes.append(copy)
            stands.update((u, copy.output(i)) for i, u in enumerate(node.uids))
        for uid in step.outputs:
            results.append(stands[uid].uid)
            outs.append(arrays[uid][tap])
    expression = Expression(nodes, [v.uid for v in values], results, numbers)
    return Lowered([loop_tiles(expression, peak.shape, ins, outs)], keep=[*ins, *outs])


def _value(shape: Sequence[int], dtype: str) -> Value:
    return Value(Spec(tuple(shape), dtype))


def _hits(
    xs: Sequence[Value], peak: Value, ct: Value, zero: Value, nodes: list[Node]
) -> list[Value]:
    """For each tap: ct where it is the first that equals the peak, else 0."""
    free: Value | None = None
    truth = Spec(peak.shape, "bool")
    out = []
    for x in xs:
        hit = new_node("equal", (x, peak), truth, nodes)
        missed = new_node("logical_not", (hit,), truth, nodes)
        first = hit if free is None else new_node("logical_and", (hit, free), truth, nodes)
        free = missed if free is None else new_node("logical_and", (free, missed), truth, nodes)
        out.append(new_node("select", (first, ct, zero), ct.spec, nodes))
    return out


def _apart(ct: np.ndarray, x: np.ndarray, peak: np.ndarray, out: np.ndarray, p: Params) -> Lowered:
    """Windows that do not meet: every tap is written in one pass."""
    places = taps(peak.shape, p)
    expression = _shares(peak.shape, ct.dtype.name, x.dtype.name, len(places))
    ins = [ct, peak, *(x[tap] for tap in places)]
    tiles = loop_tiles(expression, peak.shape, ins, [out[tap] for tap in places])
    covered = size_of(peak.shape) * size_of(p["window"]) == out.size
    return Lowered([*([] if covered else [fill_tiles(out)]), tiles], keep=[*ins, out])


def _shares(shape: Sequence[int], gradient: str, dtype: str, count: int) -> Expression:
    """Reads ct, the peak and `count` taps; gives each tap's share. gradient: ct's dtype."""
    nodes: list[Node] = []
    ct = Value(Spec(tuple(shape), gradient))
    peak, *xs = (Value(Spec(tuple(shape), dtype)) for _ in range(count + 1))
    zero = Value(Spec((), ct.dtype))
    shares = _hits(xs, peak, ct, zero, nodes)
    reads = [v.uid for v in (ct, peak, *xs)]
    return Expression(nodes, reads, [v.uid for v in shares], {zero.uid: 0.0})


def _overlapping(
    ct: np.ndarray, x: np.ndarray, peak: np.ndarray, out: np.ndarray, p: Params
) -> Lowered:
    """Windows that meet, or have borders: the taps' shares side by side, then added in order."""
    phases: list[list[Tile]] = []
    fill = np.nan if x.dtype.kind == "f" else 0
    image = _bordered(x, fill, p, phases)
    places = taps(peak.shape, p)
    shares = [np.empty(peak.shape, ct.dtype) for _ in places]
    expression = _shares(peak.shape, ct.dtype.name, x.dtype.name, len(places))
    ins = [ct, peak, *(image[tap] for tap in places)]
    phases.append(loop_tiles(expression, peak.shape, ins, shares))
    total = np.zeros(image.shape, ct.dtype)
    phases.append(fill_tiles(total))
    for share, tap in zip(shares, places, strict=True):
        phases.append(_added(total[tap], share))
    phases.append(copy_tiles(total[_inside(x.shape, p)], out))
    return Lowered(phases, keep=[*ins, out, total, *shares])
