"""Functions made of functions: derivatives along a direction, gradients of one's own, loops over elements."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from narae.base import trees
from narae.base.dtypes import is_float
from narae.base.errors import ShapeError
from narae.base.types import TensorLike, Tensors
from narae.graph.graph import build, substitute
from narae.graph.ir import Op, Spec, now
from narae.graph.recording import tapes, traced
from narae.ops.control import map as map_slices
from narae.primitives.record import broadcast_shapes
from narae.primitives.records import custom
from narae.primitives.records import shape as S
from narae.primitives.records.body import gradient_graph, trace_graph
from narae.tensor.promote import to
from narae.tensor.public_names import exported
from narae.tensor.symbolic import public, recording
from narae.tensor.tensor import Tensor, as_tensor


@public
def jvp(
    fun: Callable[..., Any],
    primals: Sequence[Tensors],
    tangents: Sequence[Tensors],
    has_aux: bool = False,
) -> Any:
    """fun(*primals), and its derivative along the tangents: J t, without J.

    Two passes backwards make one forwards, since the first is linear in its cotangents.

    Args:
        fun: a function that gives tensors, alone or in lists, tuples and dicts.
        primals: its arguments, a list or tuple: tensors, alone or in lists, tuples and dicts.
        tangents: the direction: for each argument a tensor of its shape.
        has_aux: whether fun gives (result, anything of tensors), which comes third and has no derivative.

    Returns: (result, derivative), with as many tensors of the same shapes; and what comes third with has_aux.

    Raises:
        ValueError: tangents are not as many as primals.
        ShapeError: a tangent has another shape than its primal.

    Source: Townsend 2017, "A new trick for calculating Jacobian vector products".

    >>> import narae
    >>> [t.item() for t in narae.ops.jvp(lambda x: x * x, (3.0,), (1.0,))]
    [9.0, 6.0]
    """
    given = trees.map_tree(as_tensor, tuple(primals))
    leaves = trees.flatten(given)
    directions = _directions(leaves, trees.flatten(tuple(tangents)))
    shapes: dict[str, Any] = {}

    def flat(*values: Tensor) -> list[Tensor]:
        out = fun(*trees.pack_as(given, list(values)))
        main, aux = out if has_aux else (out, None)
        shapes["main"], shapes["aux"] = main, aux
        parts = [*trees.flatten(main), *(trees.flatten(aux) if has_aux else [])]
        return [as_tensor(leaf) for leaf in parts]

    graph, captured = trace_graph(flat, [v.spec for v in leaves])
    outputs = list(substitute(graph, [*leaves, *captured]))
    count = len(trees.flatten(shapes["main"]))
    main, aux = outputs[:count], outputs[count:]
    wanted = [i for i, v in enumerate(leaves) if is_float(v.dtype)]
    seeded = [i for i, v in enumerate(main) if is_float(v.dtype)]
    back = gradient_graph(graph, seeded, wanted)
    places = range(len(back.inputs) - len(seeded), len(back.inputs))
    along = gradient_graph(back, range(len(wanted)), places)
    zeros = [S.full(0, main[i].shape, main[i].dtype) for i in seeded]
    moved = [directions[i] for i in wanted]
    found = iter(substitute(along, [*leaves, *captured, *zeros, *moved]))
    slopes = [
        next(found) if i in seeded else S.full(0, v.shape, v.dtype) for i, v in enumerate(main)
    ]
    result = trees.pack_as(shapes["main"], main), trees.pack_as(shapes["main"], slopes)
    return (*result, trees.pack_as(shapes["aux"], aux)) if has_aux else result


def _directions(primals: Sequence[Tensor], tangents: Sequence[TensorLike]) -> list[Tensor]:
    if len(primals) != len(tangents):
        raise ValueError(
            f"jvp takes a tangent for each primal, got {len(tangents)} for {len(primals)}"
        )
    found = []
    for primal, tangent in zip(primals, tangents, strict=True):
        direction = to(tangent, primal.dtype)
        if direction.shape != primal.shape:
            raise ShapeError(
                f"jvp: a tangent of shape {direction.shape} for a primal of shape {primal.shape}"
            )
        found.append(direction)
    return found


@exported
def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that gives (result, backward) one whose gradient is what `backward` says.

    Args:
        f: a function of tensors that gives (result, backward). backward(upstream) takes the cotangent of the result,
            in its structure, and gives that of each positional argument: one, or a tuple of them; None for none.
            Keyword arguments are no tensors.

    Returns: a function of the same arguments that gives the result. When it is called, it raises ValueError where
    `backward` gives not a cotangent for each argument, and ShapeError where one has another shape than its argument.

    >>> import narae
    >>> @narae.ops.custom_gradient
    ... def reversed_gradient(x):
    ...     return x, lambda upstream: -upstream
    >>> narae.grad(reversed_gradient)(2.0).item()
    -1.0
    """

    @recording
    @functools.wraps(f)
    def function(*args: Tensors, **kwargs: Any) -> Any:
        given = trees.map_tree(as_tensor, args)
        leaves = trees.flatten(given)
        if not tapes() and all(v.data is not None for v in leaves):
            return trees.map_tree(as_tensor, f(*given, **kwargs)[0])
        return _with_gradient(f, given, leaves, kwargs)

    return function


def _with_gradient(
    f: Callable[..., Any],
    given: tuple[Tensors, ...],
    leaves: Sequence[Tensor],
    kwargs: dict[str, Any],
) -> Any:
    since = now()
    inputs = [Op.result_type(v.spec) for v in leaves]
    with traced():
        result, backward = f(*trees.pack_as(given, list(inputs)), **kwargs)
        outputs = [as_tensor(v) for v in trees.flatten(result)]
        cts: list[Any] = [Op.result_type(Spec(v.shape, v.dtype)) for v in outputs]
        pulled = backward(trees.pack_as(result, cts))
        grads = _cotangents(pulled, given, leaves)
    float_cts = [c for c in cts if is_float(c.dtype)]
    # what either captures becomes an input of both, before the cotangents
    captured = build([*inputs, *float_cts], [*outputs, *grads], since)[1]
    forward = build([*inputs, *captured], outputs, since)[0]
    backward_graph = build([*inputs, *captured, *float_cts], grads, since)[0]
    found = custom.custom_gradient(*leaves, *captured, forward=forward, backward=backward_graph)
    return trees.pack_as(result, list(found))


def _cotangents(
    pulled: Tensors, given: tuple[Tensors, ...], leaves: Sequence[Tensor]
) -> list[Tensor]:
    """What a backward function gave, as a tensor for each leaf of the arguments."""
    listed: list[Any] = list(pulled) if isinstance(pulled, (tuple, list)) else [pulled]
    if len(listed) == len(given):
        listed = [leaf for part in listed for leaf in trees.flatten(part)]
    if len(listed) != len(leaves):
        raise ValueError(
            f"a custom gradient gives a cotangent for each of {len(leaves)} arguments, got {len(listed)}"
        )
    found = []
    for ct, leaf in zip(listed, leaves, strict=True):
        if not is_float(leaf.dtype) or ct is None:
            found.append(S.full(0, leaf.shape, leaf.dtype))
            continue
        tensor = to(ct, leaf.dtype)
        if tensor.shape != leaf.shape:
            raise ShapeError(
                f"a custom gradient of shape {tensor.shape} for an argument of shape {leaf.shape}"
            )
        found.append(tensor)
    return found


@exported
def vectorize(
    pyfunc: Callable[..., Any],
    *,
    excluded: Iterable[int] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """A function of elements as one of tensors, which broadcast: NumPy's `vectorize`.

    Args:
        pyfunc: a function of scalars, or of the parts that the signature names, that gives tensors.
        excluded: positions of arguments that are passed on as they are, as keyword arguments are; None: none.
        signature: the axes that one call takes and gives, as '(n),(n)->()'; what is before them is looped over; None:
            calls take scalars.

    Returns: a function of tensors. When it is called, it raises ValueError where the signature is of another number of
    arguments, and ShapeError where a tensor has too few axes for it.

    Raises:
        TypeError: pyfunc cannot be called.
        ValueError: the signature is none.

    >>> import narae
    >>> add = narae.ops.vectorize(lambda x, y: x + y)
    >>> add([1, 2], 10).tolist()
    [11, 12]
    """
    if not callable(pyfunc):
        raise TypeError(f"vectorize takes a function, got {pyfunc!r}")
    fixed = set(() if excluded is None else excluded)
    ranks = None if signature is None else _ranks(signature)

    @recording
    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        places = [i for i in range(len(args)) if i not in fixed]
        tensors = [as_tensor(args[i]) for i in places]
        inner = [0] * len(tensors) if ranks is None else ranks
        if len(inner) != len(tensors):
            raise ValueError(
                f"vectorize: {signature!r} is of {len(inner)} arguments, got {len(tensors)}"
            )

        def one(parts: Sequence[Tensor]) -> Any:
            full = list(args)
            for i, part in zip(places, parts, strict=True):
                full[i] = part
            return pyfunc(*full, **kwargs)

        return _looped(one, tensors, inner)

    return vectorized


def _looped(one: Callable[[Any], Any], tensors: list[Tensor], inner: Sequence[int]) -> Any:
    """A function of parts over the axes before each tensor's last `inner` ones."""
    for t, k in zip(tensors, inner, strict=True):
        if t.ndim < k:
            raise ShapeError(f"vectorize takes a tensor of rank {k} or more, got shape {t.shape}")
    cuts = [t.ndim - k for t, k in zip(tensors, inner, strict=True)]
    lead = broadcast_shapes(*(t.shape[:c] for t, c in zip(tensors, cuts, strict=True)))
    if not lead:
        return trees.map_tree(as_tensor, one(tensors))
    rows = []
    for t, c in zip(tensors, cuts, strict=True):
        wide = S.broadcast_to(t, shape=(*lead, *t.shape[c:]))
        rows.append(S.reshape(wide, shape=(math.prod(lead), *t.shape[c:])))
    found = map_slices(one, rows)
    return trees.map_tree(lambda v: S.reshape(v, shape=(*lead, *v.shape[1:])), found)


_CORE = re.compile(r"\(\s*([\w\s,]*)\)")


def _ranks(signature: str) -> list[int]:
    """The rank of each argument's part in '(n),(m,n)->(m)'."""
    sides = signature.split("->")
    if len(sides) != 2 or _CORE.sub("", sides[0]).replace(",", "").strip():
        raise ValueError(f"vectorize takes a signature like '(n),(m,n)->(m)', got {signature!r}")
    return [len([n for n in core.split(",") if n.strip()]) for core in _CORE.findall(sides[0])]
