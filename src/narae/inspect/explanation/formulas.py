"""What a step computes, as a formula: the notation of an operation's record, its operands by their
names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from narae.graph.graph import Graph, Inside, Named
from narae.graph.ir import Node, Value
from narae.graph.notation import Term
from narae.graph.rewrite import simplify
from narae.primitives.notation import called

_LONGEST = 72  # characters of a formula that is written into another one
_INDENT = "  "


def term(node: Node, operands: Sequence[Term]) -> Term:
    """The formula of one operation.

    >>> from narae.primitives.records.arithmetic import add
    >>> from narae.engine.trace import trace
    >>> from narae.graph.ir import Spec
    >>> (node,) = trace(add, Spec((2,), "float32"), Spec((2,), "float32")).graph.nodes
    >>> term(node, [Term("x"), Term("w · v", 2)]).text
    'x + w · v'
    """
    if node.op.shown is not None:
        return node.op.shown(node, operands)
    return called(node.op.name)(node, operands)


class Names:
    """What values are called: those that have a name of their own, the others by number."""

    def __init__(self, given: Mapping[int, str], graph: Graph, letter: str = "t") -> None:
        """letter: with which numbered names begin."""
        self._names = dict(given)
        self._count, self._letter = 0, letter
        self._views = {
            node.uids[0]: node for node in graph.nodes if node.op.view and node.uids[0] not in given
        }

    def has(self, uid: int) -> bool:
        """Whether a value was given a name."""
        return uid in self._names

    def is_view(self, node: Node) -> bool:
        """Whether a node's result is shown as what it is a view of."""
        return node.uids[0] in self._views

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
        self._names[value.uid] = f"{self._letter}{self._count}"
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
        lines += _insides(node, names)
    return lines


def _insides(node: Node, names: Names) -> list[str]:
    """The lines of the graphs that a node runs, each under a line that says when."""
    lines = []
    for inside in node.op.inside(node) if node.op.inside is not None else ():
        lines.append(f"{_INDENT}{inside.title}:")
        lines += [_INDENT * 2 + line for line in _lines_of(inside, node, names)]
    return lines


def _lines_of(inside: Inside, node: Node, names: Names) -> list[str]:
    def named(one: Named) -> str:
        if one.kind == "own":
            return one.mark
        value = node.inputs[one.place] if one.kind == "operand" else node.output(one.place)
        return f"{names.of(value).text}{one.mark}"

    graph = simplify(inside.graph)
    places = {v.uid: i for i, v in enumerate(inside.graph.inputs)}
    made = {uid for inner in graph.nodes for uid in inner.uids}
    given = {v.uid: named(inside.inputs[places[v.uid]]) for v in graph.inputs}
    results, passed = {}, []
    for value, one in zip(graph.outputs, inside.outputs, strict=True):
        if value.uid in made and value.uid not in results:
            results[value.uid] = named(one)
        else:
            passed.append((one, value))
    known = Names({**given, **results}, graph, "u")
    inner = frozenset(made - results.keys())
    lines = formulas([n for n in graph.nodes if not known.is_view(n)], inner, known)
    return [*lines, *(f"{named(one)} = {known.of(value).text}" for one, value in passed)]


def _constant(value: Value) -> Term:
    data = value.data
    assert data is not None
    first = data.reshape(-1)[:1]
    if data.size and (data.size == 1 or not any(data.strides)):  # one number for all elements
        number = first[0].item()
        text = f"{number:.6g}" if isinstance(number, float) else str(number)
        return Term(text, 1 if text.startswith("-") else 0)
    return Term(f"constant[{', '.join(map(str, data.shape))}]")
