"""How records are shown in a formula: functions of a node and its operands' formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from narae.graph.ir import Node
from narae.graph.notation import Term

Shown = Callable[[Node, Sequence[Term]], Term]


def infix(sign: str, level: int, left: int, right: int) -> Shown:
    """x sign y, which binds at `level`; left, right: the loosest level that an operand may have
    without brackets.

    >>> infix("−", 3, 3, 2)(None, [Term("a + b", 3), Term("c + d", 3)]).text
    'a + b − (c + d)'
    """

    def shown(node: Node, operands: Sequence[Term]) -> Term:
        return Term(f"{operands[0].within(left)} {sign} {operands[1].within(right)}", level)

    return shown


def pattern(text: str, level: int = 0, *inside: int) -> Shown:
    """text with {0}, {1}... in place of the operands; inside: how tightly each has to bind."""

    def shown(node: Node, operands: Sequence[Term]) -> Term:
        levels = inside or (9,) * len(operands)
        parts = [one.within(n) for one, n in zip(operands, levels, strict=False)]
        return Term(text.format(*parts), level)

    return shown


def called(name: str) -> Shown:
    """name(x, y, ...)."""
    return lambda node, operands: Term(f"{name}({', '.join(one.text for one in operands)})")


def as_operand(node: Node, operands: Sequence[Term]) -> Term:
    """Nothing is added to the formula of the operand."""
    return operands[0]


def over(sign: str) -> Shown:
    """Something along axes: sign[axes](x)."""

    def shown(node: Node, operands: Sequence[Term]) -> Term:
        return called(f"{sign}{_axes(node)}")(node, operands)

    return shown


def to_dtype(node: Node, operands: Sequence[Term]) -> Term:
    """dtype(x)."""
    return called(node.params["dtype"])(node, operands)


def over_windows(node: Node, operands: Sequence[Term]) -> Term:
    """kind[windows 2×2](x)."""
    kind, window = node.params.get("kind", ""), "×".join(map(str, node.params["window"]))
    return called(f"{kind or node.op.name}[windows {window}]")(node, operands)


def listed(axes: Sequence[int]) -> str:
    """Axes as text."""
    return ", ".join(map(str, axes)) or "none"


def _axes(node: Node) -> str:
    axes = node.params.get("axes", node.params.get("axis"))
    axes = (axes,) if isinstance(axes, int) else axes
    rank = len(node.inputs[0].shape)
    if axes is None or len(axes) == rank:
        return ""
    return f"[axis {', '.join(map(str, axes))}]"
