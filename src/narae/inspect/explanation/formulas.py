"""What a step computes, as a formula: an operation's own notation, its operands by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from narae.graph.graph import Graph
from narae.graph.ir import Node, Value

_LONGEST = 72  # characters of a formula that is written into another one


@dataclass(frozen=True)
class Term:
    """A formula and how tightly it binds: 0 an atom, 1 a sign or power, 2 a product, 3 a sum, 4 a
    comparison. Within one that binds tighter it stands in brackets."""

    text: str
    level: int = 0

    def within(self, level: int) -> str:
        """The formula as an operand of another one."""
        return self.text if self.level <= level else f"({self.text})"


def term(node: Node, operands: Sequence[Term]) -> Term:
    """The formula of one operation.

    >>> from narae.primitives.records.arithmetic import add
    >>> from narae.engine.trace import trace
    >>> from narae.graph.ir import Spec
    >>> (node,) = trace(add, Spec((2,), "float32"), Spec((2,), "float32")).graph.nodes
    >>> term(node, [Term("x"), Term("w · v", 2)]).text
    'x + w · v'
    """
    name = node.op.name
    if name in _SIGNS:
        sign, level, left, right = _SIGNS[name]
        return Term(f"{operands[0].within(left)} {sign} {operands[1].within(right)}", level)
    if name in _SHAPED:
        return _SHAPED[name](node, operands)
    if name in _THROUGH:
        return operands[0]
    shown = _CALLED.get(name, name)
    listed = ", ".join(one.text for one in operands)
    return Term(f"{shown}({listed}{_DETAILS.get(name, '')})")


class Names:
    """What values are called: those that have a name of their own, the others by number."""

    def __init__(self, given: Mapping[int, str], graph: Graph) -> None:
        self._names = dict(given)
        self._count = 0
        self._views = {
            node.uids[0]: node for node in graph.nodes if node.op.view and node.uids[0] not in given
        }

    def has(self, uid: int) -> bool:
        """Whether a value was given a name."""
        return uid in self._names

    def of(self, value: Value) -> Term:
        """A value's name. A view is shown as what it is of; a constant as its number."""
        if value.uid in self._names:
            return Term(self._names[value.uid])
        if value.data is not None:
            return _constant(value)
        view = self._views.get(value.uid)
        if view is not None:
            return term(view, [self.of(v) for v in view.inputs])
        self._count += 1
        self._names[value.uid] = f"t{self._count}"
        return Term(self._names[value.uid])


def formulas(nodes: Sequence[Node], inner: frozenset[int], names: Names) -> list[str]:
    """The lines of a step: what has no name and is used once stands where it is used."""
    uses: dict[int, int] = {}
    for node in nodes:
        for value in node.inputs:
            uses[value.uid] = uses.get(value.uid, 0) + 1
    inlined: dict[int, Term] = {}
    lines = []
    for node in nodes:
        made = term(node, [inlined.get(v.uid) or names.of(v) for v in node.inputs])
        (uid, *more) = node.uids
        once = uid in inner and uses.get(uid, 0) == 1 and not more and not names.has(uid)
        if once and len(made.text) <= _LONGEST:
            inlined[uid] = made
            continue
        left = ", ".join(names.of(node.output(i)).text for i in range(len(node.uids)))
        lines.append(f"{left} = {made.text}")
    return lines


def _constant(value: Value) -> Term:
    data = value.data
    assert data is not None
    first = data.reshape(-1)[:1]
    if data.size and (data.size == 1 or not any(data.strides)):  # one number for all elements
        number = first[0].item()
        text = f"{number:.6g}" if isinstance(number, float) else str(number)
        return Term(text, 1 if text.startswith("-") else 0)
    return Term(f"constant[{', '.join(map(str, data.shape))}]")


def _axes(node: Node) -> str:
    axes = node.params.get("axes", node.params.get("axis"))
    axes = (axes,) if isinstance(axes, int) else axes
    rank = len(node.inputs[0].shape)
    if axes is None or len(axes) == rank:
        return ""
    return f"[axis {', '.join(map(str, axes))}]"


def _over(sign: str) -> Callable[[Node, Sequence[Term]], Term]:
    """Something along axes: sign[axes](x)."""

    def shaped(node: Node, operands: Sequence[Term]) -> Term:
        return Term(f"{sign}{_axes(node)}({', '.join(one.text for one in operands)})")

    return shaped


def _dot(node: Node, operands: Sequence[Term]) -> Term:
    """A matrix product with its transposes; other contractions by their axes."""
    (left, right), batch = node.params["contract"], node.params["batch"]
    shapes = [v.shape for v in node.inputs]
    first, stacked = len(batch[0]), batch[0] == batch[1] == tuple(range(len(batch[0])))
    if stacked and len(left) == 1 and all(len(s) - first <= 2 for s in shapes):
        ends = [len(s) - 1 for s in shapes]
        x = operands[0].within(0) + ("" if left[0] == ends[0] else "ᵀ")
        y = operands[1].within(0) + ("" if right[0] == first else "ᵀ")
        return Term(f"{x} · {y}", 2)
    if not batch[0] and len(left) == 1 and left[0] == len(shapes[0]) - 1 and right[0] == 0:
        return Term(f"{operands[0].within(0)} · {operands[1].within(0)}", 2)
    over = f"axes {_listed(left)} with {_listed(right)}"
    return Term(f"contract({operands[0].text}, {operands[1].text}; {over})")


def _listed(axes: Sequence[int]) -> str:
    return ", ".join(map(str, axes)) or "none"


def _conv(node: Node, operands: Sequence[Term]) -> Term:
    extra = "".join(
        f", {name} {'×'.join(map(str, node.params[key]))}"
        for key, name in (("strides", "strides"), ("rhs_dilation", "dilation"))
        if any(n != 1 for n in node.params[key])
    )
    groups = node.params["groups"]
    extra += f", groups {groups}" if groups != 1 else ""
    return Term(f"conv({operands[0].text}, {operands[1].text}{extra})")


def _window(node: Node, operands: Sequence[Term]) -> Term:
    kind, window = node.params.get("kind", ""), "×".join(map(str, node.params["window"]))
    return Term(f"{kind or node.op.name}[windows {window}]({', '.join(o.text for o in operands)})")


def _cast(node: Node, operands: Sequence[Term]) -> Term:
    return Term(f"{node.params['dtype']}({operands[0].text})")


def _pattern(text: str, level: int = 0, *inside: int) -> Callable[[Node, Sequence[Term]], Term]:
    """text with {0}, {1}... in place of the operands; inside: how tightly each has to bind."""

    def shaped(node: Node, operands: Sequence[Term]) -> Term:
        levels = inside or (9,) * len(operands)
        parts = [one.within(n) for one, n in zip(operands, levels, strict=False)]
        return Term(text.format(*parts), level)

    return shaped


def _transpose(node: Node, operands: Sequence[Term]) -> Term:
    axes = node.params["axes"]
    if axes == (1, 0):
        return Term(f"{operands[0].within(0)}ᵀ")
    return Term(f"transpose({operands[0].text}; {_listed(axes)})")


def _slice(node: Node, operands: Sequence[Term]) -> Term:
    parts = zip(
        node.params["start"], node.params["stop"], node.params["step"], node.inputs[0].shape
    )
    shown = [
        ":" if (a, b, s) == (0, n, 1) else f"{a}:{b}" + f":{s}" * (s != 1) for a, b, s, n in parts
    ]
    return Term(f"{operands[0].within(0)}[{', '.join(shown)}]")


# sign, level, and the loosest level that its left and right operand may have without brackets
_SIGNS = {
    "add": ("+", 3, 3, 3),
    "subtract": ("−", 3, 3, 2),
    "multiply": ("*", 2, 2, 1),
    "reproducible_product": ("*", 2, 2, 1),
    "divide": ("/", 2, 2, 1),
    "floor_divide": ("//", 2, 2, 1),
    "remainder": ("mod", 2, 1, 1),
    **{
        name: (sign, 4, 3, 3)
        for name, sign in [
            ("equal", "=="),
            ("not_equal", "≠"),
            ("less", "<"),
            ("less_equal", "≤"),
            ("greater", ">"),
            ("greater_equal", "≥"),
        ]
    },
    "logical_and": ("and", 4, 3, 3),
    "logical_or": ("or", 4, 3, 3),
    "logical_xor": ("xor", 4, 3, 3),
}
_THROUGH = frozenset({"reshape", "broadcast_to", "stop_gradient"})
_CALLED = {
    "select": "where",
    "maximum": "max",
    "minimum": "min",
    "rint": "round",
    "put_along": "placed",
    "add_at": "added_at",
    "threefry": "random_bits",
    "reproducible_log": "log",
    "reproducible_exp": "exp",
    "reproducible_cos": "cos_of_turns",
    "reproducible_erfinv": "erfinv",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
}
_DETAILS: Mapping[str, str] = {"relu": ", 0"}
_CALLED |= {"relu": "max"}
_SHAPED: Mapping[str, Callable[[Node, Sequence[Term]], Term]] = {
    "dot": _dot,
    "conv": _conv,
    "cast": _cast,
    "rounded": _cast,
    "transpose": _transpose,
    "slice": _slice,
    "negative": _pattern("−{0}", 1, 1),
    "logical_not": _pattern("not {0}", 1, 1),
    "square": _pattern("{0}²", 1, 0),
    "power": _pattern("{0}^{1}", 1, 0, 0),
    "reciprocal": _pattern("1 / {0}", 2, 1),
    "sqrt": _pattern("√{0}", 1, 0),
    "absolute": _pattern("|{0}|"),
    "exp": _pattern("exp({0})"),
    "floor": _pattern("⌊{0}⌋"),
    "ceil": _pattern("⌈{0}⌉"),
    "take": _pattern("{0}[{1}]", 0, 0, 9),
    **{
        name: _over(sign)
        for name, sign in [
            ("reduce_sum", "Σ"),
            ("reduce_prod", "Π"),
            ("reduce_max", "max"),
            ("reduce_min", "min"),
            ("reduce_any", "any"),
            ("reduce_all", "all"),
            ("argmax", "argmax"),
            ("argmin", "argmin"),
            ("argsort", "argsort"),
            ("sort", "sort"),
            ("cumsum", "cumulative Σ"),
            ("cumprod", "cumulative Π"),
            ("concatenate", "concatenate"),
            ("take_along", "take_along"),
        ]
    },
    **dict.fromkeys(("windows", "fold_windows", "reduce_window"), _window),
    **dict.fromkeys(("place_extremes", "pick_extremes"), _window),
}
