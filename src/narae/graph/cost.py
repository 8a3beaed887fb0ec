"""What a node costs: floating-point operations, by the formula of its operation's record."""

from __future__ import annotations

from narae.graph.ir import Node


def flops(node: Node) -> int:
    """How many operations on numbers a node needs, counted as is usual: a multiplication and an
    addition are two; an exponential, a comparison or a choice is one; moving numbers is none.

    A product of (m, k) and (k, n) is 2 m n k. A loop of unknown length counts as one round.
    """
    if node.op.cost is not None:
        return node.op.cost(node)
    if node.op.elementwise and not node.op.view:
        return sum(spec.size for spec in node.specs)
    return 0
