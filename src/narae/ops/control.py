"""Control flow on tensors: choices, loops, scans. Bodies are traced once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from narae.base import trees
from narae.base.dtypes import is_float, is_int
from narae.base.errors import ShapeError
from narae.base.types import TensorLike, Tensors, Tree
from narae.graph.recording import is_traced
from narae.ops.joining import concatenate
from narae.primitives.records.loop import repeat_while
from narae.primitives.records.scan import scan_over
from narae.primitives.records.shape import flip_axes
from narae.primitives.records.switch import choose
from narae.tensor.promote import to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, as_tensor

_State: TypeAlias = "Tree[TensorLike | None]"  # tensors, or None for none, in lists, tuples, dicts


class _Flat:
    """A function of trees as one of flat tensors, its result's structure remembered."""

    def __init__(self, function: Callable[..., Any], structure: Tensors, spread: bool) -> None:
        self._function, self._structure, self._spread = function, structure, spread
        self.called, self.result = False, None

    def __call__(self, *flat: Tensor) -> list[Tensor]:
        args = _packed(self._structure, flat)
        out = self._function(*args) if self._spread else self._function(args)
        self.called, self.result = (
            True,
            trees.map_tree(lambda leaf: None if leaf is None else 0, out),
        )
        return [as_tensor(leaf) for leaf in _leaves(out)]


class _Wider(Exception):
    """The body of a loop makes floats of whole numbers: what it would have to start from."""

    def __init__(self, start: Any) -> None:
        super().__init__()
        self.start = start


def _carried(new: Any, start: Any, fixed: bool) -> Any:
    """What a body gives, in the dtypes of what the loop starts from; None stays.

    A dtype of a wider kind, of bool, whole numbers and floats, would lose in that: with `fixed` it raises _Wider.
    """

    def dtype(value: Any, old: Tensor | None) -> str | None:
        got = None if value is None or old is None else as_tensor(value).dtype
        return got if old is None or got is None or _kind(got) > _kind(old.dtype) else old.dtype

    dtypes = trees.map_tree(dtype, new, start)
    if fixed and any(
        d is not None and d != old.dtype
        for d, old in zip(trees.flatten(dtypes), trees.flatten(start), strict=True)
    ):
        raise _Wider(trees.map_tree(lambda x, d: x if d is None else to(x, d), start, dtypes))
    return trees.map_tree(lambda n, d: n if d is None else to(n, d), new, dtypes)


def _kind(dtype: str) -> int:
    return 2 if is_float(dtype) else 1 if is_int(dtype) else 0 if dtype == "bool" else 3


def _repeated(loop: Callable[[Any], Any], start: Any) -> Any:
    """loop(start), from numbers of the kinds that its body makes of them."""
    while True:
        try:
            return loop(start)
        except _Wider as found:
            start = found.start


def _tensors(tree: Any) -> Any:
    """Its leaves as tensors; None stays."""
    return trees.map_tree(lambda leaf: None if leaf is None else as_tensor(leaf), tree)


def _leaves(tree: Any) -> list[Any]:
    """Its leaves that are not None."""
    return [leaf for leaf in trees.flatten(tree) if leaf is not None]


def _packed(structure: Any, flat: Iterable[Any]) -> Any:
    """Leaves in a structure, whose None stays."""
    rest = iter(flat)
    return trees.map_tree(lambda leaf: None if leaf is None else next(rest), structure)


@public
def cond(pred: TensorLike, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """true_fn() where a scalar holds, else false_fn(). In a traced function both are traced, and one is run.

    Args:
        pred: a scalar: a boolean, or a number, which holds from 1 up.
        true_fn: a function without arguments that gives tensors, alone or in lists, tuples and dicts.
        false_fn: another one, whose tensors have the same structure, shapes and dtypes.

    Returns: what the function that is run gives.

    Raises:
        ValueError: the functions give other structures.
        ShapeError: the functions give tensors of other shapes.
        DtypeError: they are of other dtypes, or pred is no scalar.

    >>> import narae
    >>> narae.ops.cond(True, lambda: 1, lambda: 2).item()
    1
    """
    return switch(to(pred, "int32"), [lambda: false_fn(), lambda: true_fn()])


@public
def switch(index: TensorLike, branches: Sequence[Callable[..., Any]], *operands: _State) -> Any:
    """`branches[index](*operands)`. In a traced function all are traced, and one is run.

    Args:
        index: a whole number, a scalar; one out of range is brought into it.
        branches: functions of the operands that give tensors of the same structure, shapes and dtypes.
        *operands: what they take: tensors, alone or in lists, tuples and dicts.

    Returns: what the function that is run gives.

    Raises:
        ValueError: the functions give other structures.
        ShapeError: the functions give tensors of other shapes.
        DtypeError: they are of other dtypes, or index is no scalar of whole numbers.

    >>> import narae
    >>> narae.ops.switch(1, [lambda x: x, lambda x: x + 1], 5).item()
    6
    """
    given = _tensors(operands)
    flats = [_Flat(b, given, spread=True) for b in branches]
    found = choose(to(index, "int32"), flats, _leaves(given))
    first, *others = [f.result for f in flats if f.called]
    for other in others:
        if other != first:
            raise ValueError(
                f"the functions of a choice give one structure, got {first} and {other}, where 0 stands for a tensor"
            )
    return _packed(first, found)


@public
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: _State,
    maximum_iterations: int | None = None,
) -> Any:
    """loop_vars after loop_vars = body(*loop_vars), repeated while cond(*loop_vars) holds.

    In a traced function it has no gradient, for its length is not known: `scan` and `fori_loop` have one.

    Args:
        cond: a function of loop_vars that gives one boolean.
        body: a function of loop_vars that gives them anew, with the same shapes; they keep their dtypes.
        loop_vars: what the loop begins with: a list or tuple of tensors (or of lists, tuples, dicts of them), or one.
            Whole numbers of which the body makes floats begin as floats.
        maximum_iterations: how often the body is run at most; None: as often as cond says.

    Returns: loop_vars at the end, in the structure that was given.

    Raises:
        ShapeError: the body gives other shapes.
        DtypeError: cond gives something else than one boolean.

    >>> import narae
    >>> narae.ops.while_loop(lambda i: i < 5, lambda i: (i + 2,), (0,))[0].item()
    6
    """
    many = isinstance(loop_vars, (tuple, list))
    given = _tensors(tuple(loop_vars) if many else (loop_vars,))
    # a loop that runs step by step may go on in other dtypes; to begin it again would do its first step twice
    fixed = is_traced() or any(leaf.data is None for leaf in _leaves(given))

    def loop(start: Any) -> Any:
        def step(*args: object) -> Any:
            out = body(*args)
            out = tuple(out) if isinstance(out, (tuple, list)) else (out,)
            return _carried(out, start if fixed else args, fixed)

        test = _Flat(lambda *args: to(cond(*args), "bool"), start, spread=True)
        flat = _Flat(step, start, spread=True)
        found = repeat_while(
            lambda *values: test(*values)[0], flat, _leaves(start), maximum_iterations
        )
        return _packed(start, found)

    packed = _repeated(loop, given)
    return (
        type(loop_vars)(packed)
        if many and type(loop_vars) in (tuple, list)
        else packed
        if many
        else packed[0]
    )


@public
def fori_loop(
    lower: TensorLike, upper: TensorLike, body_fun: Callable[[Any, Any], Any], init_val: _State
) -> Any:
    """val after val = body_fun(i, val) for each i in [lower, upper). It has a gradient where both are known numbers.

    Args:
        lower: the first i, a whole number.
        upper: the i at which the loop ends, a whole number.
        body_fun: a function (i, val) that gives val anew, with the same shapes; it keeps its dtypes.
        init_val: what val is at first: tensors, alone or in lists, tuples and dicts.

    Returns: val at the end.

    Raises:
        ShapeError: body_fun gives other shapes.

    >>> import narae
    >>> narae.ops.fori_loop(0, 4, lambda i, v: v + i, 0).item()
    6
    """
    start, end = to(lower, "int32"), to(upper, "int32")

    def step(i: Tensor, val: Any) -> tuple[Any, Any]:
        return i + 1, body_fun(i, val)

    if start.data is None or end.data is None or not is_traced():
        return while_loop(lambda i, _: i < end, step, (start, init_val))[1]
    rounds = max(0, int(end.data) - int(start.data))
    return scan(lambda carry, _: (step(*carry), None), (start, init_val), length=rounds)[0][1]


@public
def scan(
    f: Callable[..., Any],
    init: _State,
    xs: _State = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: bool | int = 1,
) -> tuple[Any, Any]:
    """carry, y = f(carry, x) over the slices x of xs along the first axis; the ys are stacked. It has a gradient.

    xs: (n, ...) each -> carry of init's shapes, ys (n, ...) each.

    Args:
        f: a function (carry, x) that gives (carry, y); the carry keeps its shapes and dtypes, y may be None.
        init: the carry at first: tensors, alone or in lists, tuples and dicts; None: none. Whole numbers of which f
            makes floats begin as floats.
        xs: what is gone over: tensors of n slices each, alone or in lists, tuples and dicts; None: f is given None.
        length: n; it may be left out where xs has it.
        reverse: whether slices come from the last to the first; the ys still lie as xs do.
        unroll: has no effect on results: how many steps Keras writes out at once; True for all.

    Returns: the last carry, and the ys.

    Raises:
        TypeError: f cannot be called.
        ValueError: unroll is neither a bool nor a whole number of 1 or more.
        ShapeError: lengths differ, or none is given; or f gives a carry of other shapes.

    >>> import narae
    >>> carry, ys = narae.ops.scan(lambda c, x: (c + x, c + x), 0, narae.ops.array([1, 2, 3]))
    >>> carry.item(), ys.tolist()
    (6, [1, 3, 6])
    """
    if not callable(f):
        raise TypeError(f"scan takes a function (carry, x) -> (carry, y), got {f!r}")
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"unroll is True, False or a whole number of 1 or more, got {unroll!r}")
    moving = _tensors(xs)
    slices = _leaves(moving)
    lengths = {x.shape[0] for x in slices} | ({length} if length is not None else set())
    if len(lengths) != 1:
        got = sorted(str(n) for n in lengths) or "neither xs nor length"
        raise ShapeError(
            f"scan goes over one length, got {got}",
            lengths=tuple(sorted(lengths))[:2] if len(lengths) > 1 else None,  # type: ignore[arg-type]
        )
    steps = int(lengths.pop())
    return _repeated(lambda start: _scanned(f, start, moving, steps, reverse), _tensors(init))


def _scanned(
    f: Callable[..., Any], start: Any, moving: Any, length: int, reverse: bool
) -> tuple[Any, Any]:
    """The last carry and the stacked ys. Raises _Wider where f makes wider numbers of the carry than it starts from."""
    carries, slices = _leaves(start), _leaves(moving)
    kept: dict[str, Any] = {}

    def step(*flat: Tensor) -> list[Tensor]:
        carry = _packed(start, flat[: len(carries)])
        new, kept["y"] = f(carry, _packed(moving, flat[len(carries) :]))
        new = _carried(new, start, fixed=True)
        return [*_leaves(new), *(as_tensor(leaf) for leaf in _leaves(kept["y"]))]

    out = scan_over(step, carries, slices, length, reverse)
    return _packed(start, out[: len(carries)]), _packed(kept["y"], out[len(carries) :])


@public
def map(f: Callable[[Any], Any], xs: Tensors) -> Any:
    """f of each slice along the first axis, the results stacked: a `scan` that carries nothing.

    xs: (n, ...) each -> (n, ...) each.

    Args:
        f: a function of a slice of xs, in their structure, that gives tensors, alone or in lists, tuples and dicts.
        xs: tensors of n slices each, alone or in lists, tuples and dicts.

    Returns: what f gives, with a first axis of n.

    Raises:
        ShapeError: the numbers of slices differ.

    >>> import narae
    >>> narae.ops.map(lambda x: x * 2, narae.ops.array([1, 2])).tolist()
    [2, 4]
    """
    return scan(lambda carry, x: (carry, f(x)), as_tensor(0), xs)[1]


@public
def vectorized_map(function: Callable[[Any], Any], elements: Tensors) -> Any:
    """A function of each slice along the first axis, the results stacked: as `map`, one slice after another.

    elements: (n, ...) each -> (n, ...) each.

    Args:
        function: a function of a slice of the elements, in their structure, that gives tensors.
        elements: tensors of n slices each, alone or in lists, tuples and dicts.

    Returns: what the function gives, with a first axis of n.

    Raises:
        ShapeError: the numbers of slices differ.

    >>> import narae
    >>> narae.ops.vectorized_map(lambda x: x * 2, narae.ops.array([1, 2])).tolist()
    [2, 4]
    """
    return map(function, elements)


@public
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Tensors, reverse: bool = False, axis: int = 0
) -> Any:
    """Running results of an associative function along an axis: out[i] = f(out[i - 1], elems[i]).

    elems: (..., n, ...) each -> the same shapes. They are found in about log2 n steps of n elements each.

    Args:
        f: a function of two parts of elems, in their structure, that gives such a part: element by element along the
            axis, with f(f(a, b), c) = f(a, f(b, c)).
        elems: tensors of n places along the axis, alone or in lists, tuples and dicts.
        reverse: whether results run from the last place to the first.
        axis: the axis.

    Returns: the running results, in the structure of elems.

    Source: Hillis & Steele 1986.

    >>> import narae
    >>> narae.ops.associative_scan(lambda a, b: a + b, narae.ops.array([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    tensors = trees.map_tree(as_tensor, elems)
    leaves = trees.flatten(tensors)
    length = leaves[0].shape[axis]
    axes = tuple(axis % leaf.ndim for leaf in leaves)
    turn = [flip_axes(t, (a,)) for t, a in zip(leaves, axes, strict=True)] if reverse else leaves
    step = 1
    while step < length:  # Hillis and Steele (1986): each element meets the one `step` before it
        early = [_part(t, a, 0, length - step) for t, a in zip(turn, axes, strict=True)]
        late = [_part(t, a, step, length) for t, a in zip(turn, axes, strict=True)]
        met = trees.flatten(f(trees.pack_as(tensors, early), trees.pack_as(tensors, late)))
        head = [_part(t, a, 0, step) for t, a in zip(turn, axes, strict=True)]
        turn = [concatenate([h, m], a) for h, m, a in zip(head, met, axes, strict=True)]
        step *= 2
    turn = [flip_axes(t, (a,)) for t, a in zip(turn, axes, strict=True)] if reverse else turn
    return trees.pack_as(tensors, list(turn))


def _part(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, stop),)]
