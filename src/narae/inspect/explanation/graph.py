"""The computation graph as boxes in rows and lanes: data that the page draws.

Each layer has a row. In it stand, from the left, what is computed forward, the gradient, the update:
the same layer, three times. A box unfolds into the steps in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from narae.drawing.layered import Rows, in_rows
from narae.inspect.explanation.phases import METRICS
from narae.inspect.explanation.statistics import Statistics

if TYPE_CHECKING:
    from narae.inspect.explanation.report import Explanation, Operation, Step

LANES = {"forward": 0, "loss": 0, "metrics": 0, "backward": 1, "update": 2}
_MOST_LAYERS = 48  # more are put together by the first part of their paths
_MOST_STEPS = 48  # of a box that are drawn; the others are counted
_BATCH = "batch"

Key = tuple[str, str]  # phase, layer


def picture(found: Explanation) -> dict[str, Any]:
    """Boxes, their steps, edges and rows, ready for JSON.

    boxes: id, phase, layer, kind, lane, steps (numbers), flops, seconds. steps: of all boxes, by id.
    edges: (box, box) by id. rows, chains: of the forward lane; the other lanes mirror it.
    """
    drawing = _Drawing(found)
    keys = drawing.keys
    lane = [i for i, (phase, _) in enumerate(keys) if LANES.get(phase, 0) == 0]
    place = {box: n for n, box in enumerate(lane)}
    inside = [(place[a], place[b]) for a, b in drawing.edges if a in place and b in place]
    return {
        "boxes": [drawing.box(i) for i in range(len(keys))],
        "parts": drawing.parts,
        "edges": drawing.edges,
        "forward": {"boxes": lane, **_rows(in_rows(len(lane), inside))},
        "totals": {"seconds": found.seconds, "flops": found.flops},
    }


def _rows(rows: Rows) -> dict[str, Any]:
    return {
        "rows": [list(row) for row in rows.rows],
        "chains": [[a, b, list(way)] for (a, b), way in rows.chains.items()],
    }


class _Drawing:
    def __init__(self, found: Explanation) -> None:
        self._found = found
        layers = {o.layer for o in found.operations}
        self._short = len(layers) > _MOST_LAYERS
        self._kinds = {layer.path: layer.kind for layer in found.layers}
        groups: dict[Key, list[Operation]] = defaultdict(list)
        for name, _, _ in found.inputs:
            groups[_BATCH, name] = []
        for layer in found.layers:  # the layers' order, not that of the operations
            for phase in LANES:
                groups[phase, self._group(layer.path)] = []
        for operation in found.operations:
            groups[operation.phase, self._group(operation.layer)].append(operation)
        self._groups = {k: v for k, v in groups.items() if v or k[0] == _BATCH}
        self.keys = list(self._groups)
        self._index = {key: i for i, key in enumerate(self.keys)}
        self._box_of = {o.number: self._index[k] for k, os in self._groups.items() for o in os}
        self.edges = self._edges()
        self.parts: list[dict[str, Any]] = []
        self._steps = {step.number: step for step in found.steps}

    def _group(self, path: str) -> str:
        return path.partition("/")[0] if self._short else path

    def _edges(self) -> list[tuple[int, int]]:
        found: dict[tuple[int, int], None] = {}
        for operation in self._found.operations:
            target = self._box_of[operation.number]
            sources = [self._box_of[n] for n in operation.needs]
            given = [(_BATCH, name) for name in operation.reads]
            sources += [self._index[key] for key in given if key in self._index]
            found.update(((source, target), None) for source in sources if source != target)
        return list(found)

    def box(self, index: int) -> dict[str, Any]:
        """One box, and its parts among all parts."""
        phase, layer = self.keys[index]
        if phase == _BATCH:
            shape = next(f"{d}{list(s)}" for n, s, d in self._found.inputs if n == layer)
            return {"id": index, "phase": phase, "layer": layer, "kind": shape, "lane": 0}
        operations = self._groups[phase, layer]
        first = len(self.parts)
        rows = self._add_parts(operations)
        return {
            "id": index,
            "phase": phase,
            "layer": layer,
            "kind": self._kinds.get(layer, "" if phase == METRICS else "model"),
            "lane": LANES[phase],
            "parts": list(range(first, len(self.parts))),
            "more": rows.pop("more"),
            "inner": rows,
            "flops": sum(o.flops for o in operations),
            "seconds": rounded(sum(p.get("seconds", 0) for p in self.parts[first:])),
        }

    def _add_parts(self, operations: Sequence[Operation]) -> dict[str, Any]:
        """The operations of a box by their steps; a view is a part of its own."""
        keys = dict.fromkeys(o.step or -1 - o.number for o in operations)
        numbers = {key: i for i, key in enumerate(keys)}
        found: list[list[Operation]] = [[] for _ in keys]
        of: dict[int, int] = {}
        for operation in operations:
            of[operation.number] = numbers[operation.step or -1 - operation.number]
            found[of[operation.number]].append(operation)
        edges = [(of[n], of[o.number]) for o in operations for n in o.needs if n in of]
        shown = min(len(found), _MOST_STEPS)
        for members in found:
            self.parts.append(self._part(members))
        inner = _rows(in_rows(shown, [(a, b) for a, b in edges if max(a, b) < shown]))
        return {**inner, "more": len(found) - shown}

    def _part(self, members: Sequence[Operation]) -> dict[str, Any]:
        step = self._steps.get(members[0].step)
        main = step is not None and any(
            o.number == max(step.operations, key=lambda o: o.flops).number for o in members
        )
        return {
            "step": members[0].step,
            "names": _names(members),
            "operations": [_operation(o) for o in members],
            "flops": sum(o.flops for o in members),
            **(_of_step(step) if step is not None else {}),
            "seconds": rounded(step.seconds) if step is not None and main else 0,
        }


def _names(members: Sequence[Operation]) -> str:
    return " ".join(dict.fromkeys(o.name for o in members))


def _of_step(step: Step) -> dict[str, Any]:
    return {
        "whole": rounded(step.seconds),
        "count": len(step.operations),
        "formula": step.formula,
        "how": step.how + (f": {step.why}" if step.why else ""),
        "read": step.read,
        "written": step.written,
        "gradient": rounded(step.gradient_norm),
        "dead": rounded(step.dead),
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "result": operation.result,
        "formula": operation.formula,
        "type": f"{operation.dtype}[{', '.join(map(str, operation.shape))}]",
        "flops": operation.flops,
        "numbers": numbers(operation.statistics),
    }


def numbers(s: Statistics) -> list[Any]:
    """min, max, mean, std, share of zeros, NaNs, infinities, histogram."""
    means = [rounded(number) for number in (s.min, s.max, s.mean, s.std, s.zero_share)]
    return [*means, s.nans, s.infs, list(s.histogram)]


def rounded(number: float | None) -> float | None:
    """Four digits are enough to look at. What is no number has no place in JSON."""
    if number is None or number != number or number in (float("inf"), float("-inf")):
        return None
    return float(f"{number:.4g}")
