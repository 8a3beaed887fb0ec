"""Unknown lengths: every public operation with one, two and all lengths of its arguments unknown.

A case is a call with symbolic arguments, run with all lengths known, with each one unknown, with each two, and with
all: shapes and dtypes are compared, and whether it is refused. Where Keras stops by accident (it computes with None
as with a number), there is nothing to compare with.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.grid.grid import Case

import narae


@dataclass(frozen=True)
class Symbol:
    """A symbolic argument; `open_`: whether its lengths are made unknown."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    open_: bool = True

    def __repr__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


def _f(*shape: int) -> Symbol:
    return Symbol(shape)


def _i(*shape: int) -> Symbol:
    return Symbol(shape, "int32")


def _b(*shape: int) -> Symbol:
    return Symbol(shape, "bool")


def _known(*shape: int) -> Symbol:
    return Symbol(shape, open_=False)


_x, _y, _z = _f(2, 3), _f(4, 5), _f(2, 3, 4)
_ACCIDENTS = (TypeError, AttributeError, IndexError, ZeroDivisionError)

# names of operations: rows of arguments, each with its options in a dict at the end where it has some
_ROWS: list[tuple[str, list[tuple[Any, ...]]]] = [
    (
        "abs absolute arccosh arcsinh array celu copy elu empty_like erf erfc exp expm1 flip fliplr flipud "
        "floor gelu hard_sigmoid i0 imag isnan leaky_relu log1p log_sigmoid logical_not nan_to_num negative "
        "nonzero ones_like ravel real relu round sigmoid sign silu size sqrt square stop_gradient tanh tril "
        "triu zeros_like rot90",
        [(_x,)],
    ),
    ("exp floor sign sqrt square sin isnan round relu negative", [(_i(2, 3),)]),
    (
        "add subtract multiply true_divide maximum minimum power floor_divide mod arctan2 equal less "
        "greater_equal logical_and isclose hypot logaddexp heaviside fmax fmod divide_no_nan",
        [(_x, _f(2, 3)), (_x, _f(2, 1)), (_f(4, 1, 3), _f(2, 1)), (_x, 2), (_i(2, 3), 2.5)],
    ),
    ("bitwise_and bitwise_or bitwise_xor left_shift right_shift", [(_x, _f(2, 3)), (_i(2, 3), 2)]),
    ("gcd lcm", [(_x, _f(2, 3)), (_i(2, 3), _i(2, 1))]),
    ("bitwise_not bitwise_invert", [(_x,), (_i(2, 3),)]),
    ("where", [(_b(2, 3), _x, _f(2, 3)), (_b(2, 1), _f(3), 0.0)]),
    ("select", [([_b(2, 3), _b(2, 3)], [_x, _f(1, 3)])]),
    ("clip", [(_x, 0, 1)]),
    (
        "sum mean max min prod var std any all logsumexp argmax argmin count_nonzero nansum nanmax ptp "
        "median",
        [(_y,), (_y, 1), (_y, {"axis": -1})],
    ),
    ("sum mean max var", [(_z, (0, 2)), (_z, 1, {"keepdims": True})]),
    ("cumsum cumprod sort argsort softmax log_softmax", [(_y, 0), (_y, 1)]),
    ("glu", [(_f(4, 6), 0), (_f(4, 6), 1)]),
    ("average", [(_y,), (_y, {"axis": 1, "weights": _f(5)})]),
    ("diff", [(_y,), (_y, 2, 0)]),
    ("trapezoid", [(_y,)]),
    ("moments", [(_y, [0]), (_y, [0, 1], {"keepdims": True})]),
    (
        "quantile percentile nanquantile",
        [(_y, 0.5), (_y, _f(2)), (_y, [0.2, 0.5], {"axis": 1}), (_y, _f(), {"axis": 0})],
    ),
    ("concatenate", [([_x, _f(4, 3)],), ([_x, _f(2, 4), _i(2, 1)], 1), ([_x, _f(2, 4)], -1)]),
    ("stack", [([_x, _f(2, 3), _f(2, 3)], 1)]),
    ("hstack vstack dstack", [([_x, _f(2, 3)],), ([_z, _f(2, 3, 4)],)]),
    ("append", [(_x, _f(4, 3)), (_x, _f(4, 3), 0)]),
    ("split", [(_f(4, 6), 2), (_f(4, 6), 3, 1), (_f(4, 6), [1, 3]), (_f(4, 6), (2,), 1)]),
    ("array_split", [(_f(4, 6), 3), (_f(4, 6), 4, 1)]),
    ("unstack", [(_x,), (_x, 3, 1), (_z, 2)]),
    ("repeat", [(_x, 2), (_x, 3, 1), (_x, [1, 2], 0), (_x, [2], 1)]),
    ("tile", [(_x, 2), (_x, (2, 1)), (_x, (2, 1, 1))]),
    (
        "reshape",
        [
            *((_x, shape) for shape in ((6,), (-1,), (3, -1), (3, 2))),
            *((_z, shape) for shape in ((-1, 4), (2, -1), (-1, 3, 4), (-1, 12), (2, 12))),
        ],
    ),
    ("broadcast_to", [(_f(3), (2, 3)), (_x, (2, 3))]),
    ("expand_dims", [(_x, 0), (_x, -1), (_x, (0, 2))]),
    ("squeeze", [(_f(2, 1, 3),), (_f(2, 1, 3), 1), (_f(1, 1, 3), (0, 1))]),
    ("transpose", [(_z,), (_z, (2, 0, 1))]),
    ("swapaxes moveaxis", [(_z, 0, 2)]),
    ("pad", [(_x, ((1, 1), (0, 2))), (_x, 1), (_x, ((1, 0), (1, 0)), "reflect")]),
    ("roll", [(_x, 1), (_x, 1, 1)]),
    ("diagonal trace", [(_f(3, 4),), (_f(3, 4, 5), 1, 0, 2)]),
    ("diag", [(_f(3),), (_f(3, 4),), (_f(3), 1)]),
    ("diagflat", [(_x,)]),
    (
        "get_item",
        [
            (_f(4, 5, 6), key)
            for key in (
                0,
                slice(1, 3),
                slice(None, None, 2),
                (slice(None), slice(None, None, -1)),
                (Ellipsis, 0),
                (Ellipsis, None),
                (slice(None), -1),
                (slice(None, -1), slice(1, None)),
                (None, 1, Ellipsis, slice(0, 2)),
                slice(3, 1),
            )
        ],
    ),
    ("take", [(_y, 1), (_y, _i(2)), (_y, _i(2, 3), 1), (_f(4, 5, 6), _i(2, 2), 1)]),
    ("take_along_axis", [(_y, _i(4, 2), 1), (_y, _i(1, 5), 0), (_y, _f(4, 2), 1)]),
    ("slice", [(_y, (0, 1), (2, 2))]),
    ("slice_update", [(_y, (0, 1), _f(2, 2))]),
    ("scatter_update", [(_y, _i(2, 2), _known(2)), (_y, Symbol((2, 2), open_=False), _known(2))]),
    ("one_hot", [(_i(4, 5), 3), (_i(4, 5), 3, {"axis": 0})]),
    ("unique", [(_i(9),), (_y,), (_y, {"axis": 0}), (_y, {"size": 5})]),
    ("unique", [(_y, {"return_inverse": True, "return_counts": True, "axis": 1})]),
    ("bincount", [(_i(9),), (_i(3, 9),), (_i(9), {"minlength": 4})]),
    ("histogram", [(_f(20),), (_y, 7)]),
    ("segment_sum segment_max", [(_f(6, 2), _i(6)), (_f(6, 2), _i(6), 4)]),
    ("searchsorted", [(_f(6), _f(4)), (_f(6), _x)]),
    ("top_k", [(_y, 2)]),
    ("in_top_k", [(_i(4), _y, 2)]),
    ("isin", [(_i(2, 3), _i(4))]),
    ("unravel_index", [(_i(4), (3, 4)), (_f(4), (3, 4))]),
    ("view", [(_f(2, 4), "int32"), (_f(2, 4), "uint8"), (Symbol((2, 4), "uint8"), "int32")]),
    ("vander", [(_f(3),), (_f(3), 5)]),
    ("meshgrid", [(_f(3), _f(4)), (_f(3), _f(4), _f(2), {"indexing": "ij"})]),
    (
        "matmul",
        [
            (_x, _f(3, 4)),
            (_f(3), _f(3, 4)),
            (_x, _f(3)),
            (_f(5, 2, 3), _f(5, 3, 4)),
            (_f(5, 2, 3), _f(3, 4)),
            (_f(6, 1, 2, 3), _f(5, 3, 4)),
        ],
    ),
    ("dot", [(_x, _f(3, 4)), (_f(3), _f(3)), (_x, _f(3)), (_x, 2.0)]),
    ("tensordot", [(_z, _f(4, 3), 1), (_z, _f(3, 4, 5), 2), (_z, _f(3, 4), [[1], [0]])]),
    ("inner", [(_x, _f(4, 3)), (_f(3), _f(3))]),
    ("outer vdot", [(_f(3), _f(3))]),
    ("kron", [(_x, _f(3, 2))]),
    ("cross", [(_f(4, 3), _f(4, 3)), (_f(4, 2), _f(4, 3))]),
    ("correlate", [(_f(5), _f(3)), (_f(5), _f(3), "full")]),
    (
        "einsum",
        [
            ("ij,jk->ik", _x, _f(3, 4)),
            ("bij,bjk->bik", _z, _f(2, 4, 5)),
            ("...ij,...jk->...ik", _z, _f(2, 4, 5)),
            ("ij->ji", _x),
            ("bhqd,bhkd->bhqk", _f(2, 3, 4, 5), _f(2, 3, 6, 5)),
            ("i...,...j->i...j", _z, _f(3, 4, 5)),
        ],
    ),
    ("cholesky cholesky_inverse det eigh inv", [(_f(3, 3),), (_f(2, 3, 3),)]),
    ("solve solve_triangular", [(_f(3, 3), _f(3, 2))]),
    ("qr", [(_f(2, 4, 3),), (_f(2, 4, 3), "complete")]),
    ("norm normalize", [(_y,), (_y, {"axis": 0})]),
    ("fft ifft2", [((_f(4, 8), _f(4, 8)),)]),
    ("rfft", [(_f(4, 8),), (_f(4, 8), 6)]),
    ("irfft", [((_f(4, 5), _f(4, 5)), 8)]),
    ("stft", [(_f(2, 32), 8, 4, 8)]),
    ("istft", [((_f(2, 9, 5), _f(2, 9, 5)), 8, 4, 8)]),
    ("extract_sequences", [(_f(2, 32), 8, 4)]),
    (
        "conv",
        [
            (_f(2, 8, 3), _known(3, 3, 4)),
            (_f(2, 8, 9, 3), _known(3, 2, 3, 4), {"strides": 2, "padding": "same"}),
            (_f(2, 8, 9, 3), _known(3, 2, 3, 4), {"dilation_rate": 2}),
            (_f(2, 3, 8, 9), _known(3, 2, 3, 4), {"data_format": "channels_first"}),
        ],
    ),
    ("depthwise_conv", [(_f(2, 8, 9, 3), _known(3, 2, 3, 2))]),
    ("conv_transpose", [(_f(2, 8, 3), _known(3, 4, 3)), (_f(2, 8, 3), _known(3, 4, 3), 2, "same")]),
    ("max_pool average_pool", [(_f(2, 8, 9, 3), 2), (_f(2, 8, 9, 3), 3, 2, "same")]),
    ("max_pool", [(_f(2, 3, 8, 9), 2, {"data_format": "channels_first"})]),
    ("depth_to_space space_to_depth", [(_f(2, 4, 6, 8), 2)]),
    ("fold", [(_f(2, 12, 20), (6, 5), 2)]),
    ("rearrange", [(_z, "a b c -> c a b"), (_f(4, 6, 4), "b (h p) c -> (b h) p c", {"p": 2})]),
    ("dot_product_attention", [(_f(2, 5, 4, 8), _f(2, 6, 4, 8), _known(2, 6, 4, 8))]),
    ("binary_crossentropy categorical_crossentropy", [(_y, _f(4, 5))]),
    ("sparse_categorical_crossentropy", [(_i(4), _y), (_i(4, 1), _y)]),
    ("ctc_loss", [(_i(4, 3), _f(4, 6, 5), _i(4), _i(4))]),
    ("ctc_decode", [(_f(4, 6, 5), _i(4)), (_f(4, 6, 5), _i(4), "beam_search", {"top_paths": 2})]),
    ("batch_normalization", [(_f(4, 5, 3), _f(3), _f(3), -1)]),
    ("layer_normalization rms_normalization", [(_f(4, 5, 3),), (_f(4, 5, 3), _f(3))]),
    ("psnr", [(_y, _f(4, 5), 1.0)]),
    ("linspace logspace geomspace", [(_x, _f(2, 3), 7), (_x, 2.0, 7, {"axis": 1})]),
    ("full_like", [(_x, 2), (_x, _f(3))]),
    ("cast", [(_x, "int32")]),
    ("saturate_cast", [(_x, "int8")]),
    # where narae differs: see docs/differences.md
    ("where", [(_x,)]),
    ("ndim", [(_x,)]),
    ("corrcoef", [(_f(3, 5),)]),
    ("erfinv gelu log_softmax relu6 rsqrt softmax sparsemax", [(_i(2, 3),)]),
    ("lu_factor", [(_f(3, 3),)]),
    ("multi_hot", [(_i(4, 5), 7)]),
    ("histogram", [(_i(20),)]),
    ("left_shift", [(_b(2, 3), _b(2, 3))]),
    ("kron", [(_f(2), _f(3, 2))]),
    ("vstack", [([_f(3), _f(3)],)]),
    ("vsplit", [(_f(4), 2)]),
    ("tensordot", [(_z, _f(4, 3))]),
    ("conv", [(_f(2, 8, 9, 4), _known(3, 2, 2, 4))]),
    ("adaptive_average_pool adaptive_max_pool", [(_f(2, 8, 9, 3), (4, 3))]),
    ("linspace", [(_x, _f(1, 3), 7, {"retstep": True})]),
    ("cross", [(_f(4, 2), _f(4, 2))]),
    ("slogdet logdet", [(_f(2, 3, 3),)]),
    ("get_item", [(_f(4, 5, 6), (slice(None), _i(2)))]),
    ("einsum", [("ii->i", _f(3, 3))]),
]


def _symbols(tree: Any) -> list[Symbol]:
    if isinstance(tree, Symbol):
        return [tree] if tree.open_ else []
    items = tree.values() if isinstance(tree, dict) else tree
    return [s for t in items for s in _symbols(t)] if isinstance(tree, (list, tuple, dict)) else []


def _filled(tree: Any, make: Any) -> Any:
    if isinstance(tree, Symbol):
        return make(tree)
    if isinstance(tree, dict):
        return {key: _filled(item, make) for key, item in tree.items()}
    return (
        type(tree)(_filled(item, make) for item in tree)
        if isinstance(tree, (list, tuple))
        else tree
    )


class _Call:
    """A call with every choice of unknown lengths; what Keras stops at by accident is left out for both."""

    def __init__(self, name: str, row: tuple[Any, ...]) -> None:
        self.name = name
        self.args, self.options = (row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {})
        places = [
            (i, axis)
            for i, s in enumerate(_symbols((self.args, self.options)))
            for axis in range(len(s.shape))
        ]
        pairs = itertools.combinations(places, 2)
        self.choices = [(), *((p,) for p in places), *pairs, tuple(places)]
        self.accidents: set[int] = set()

    def __call__(self, k: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for n, unknown in enumerate(self.choices):
            if k is narae and n in self.accidents:
                continue
            try:
                out[str(unknown)] = self._made(k, unknown)
            except ValueError:
                out[str(unknown)] = "refused"
            except _ACCIDENTS:
                if k is narae:
                    raise
                self.accidents.add(n)
        return out

    def _made(self, k: Any, unknown: tuple[tuple[int, int], ...]) -> Any:
        number = itertools.count()

        def symbol(s: Symbol) -> Any:
            i = next(number) if s.open_ else -1
            shape = (None if (i, axis) in unknown else n for axis, n in enumerate(s.shape))
            return k.KerasTensor(tuple(shape), s.dtype)

        args, options = _filled((self.args, self.options), symbol)
        return getattr(k.ops, self.name)(*args, **options)


def _case(name: str, row: tuple[Any, ...]) -> Case:
    shown = ", ".join(map(repr, row)).replace("slice(None, None, None)", ":")
    return Case(f"symbolic.{name}({shown})", _Call(name, row), warnings=False)


CASES = [_case(name, row) for names, rows in _ROWS for name in names.split() for row in rows]
