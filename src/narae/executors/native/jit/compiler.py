"""From kernels' IR to addresses: compiled once per process, and once per machine with the cache.

A kernel is known by its text alone. That is written once for each key, in this process; and anew for each program where
the key says that what it is written from may change: an operation's record, or what its forward reads.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import llvmlite.binding as llvm

from narae.base.context import Guard
from narae.executors.native.codegen.expression import PASSING
from narae.executors.native.codegen.ir import Function, module
from narae.executors.native.jit import bounds, cache
from narae.executors.native.jit.target import Target, host

Build = Callable[[str], Function]  # a kernel's function, given its name

_addresses: dict[str, int] = {}  # by the names of kernels
_names: dict[
    tuple[str, bool, Target], str
] = {}  # of those that were written, by what their text follows from
_engines: list[Any] = []  # own the code for as long as the process lives
_free: list[Any] = []  # the one that takes more; none that an interrupt left with half of a load
_lock = Guard()


def addresses(
    kernels: Sequence[tuple[str, Build]], checked: bool | None = None, keep: bool = True
) -> list[int]:
    """The addresses of kernels: (key, how to build it) pairs. Among them, equal keys are one kernel.

    checked: with a check before each access (None: where the mode for tests is on). keep: on disk,
    for other processes.
    """
    checked = bounds.enabled() if checked is None else checked
    if checked:
        _install_check()
    target = host()
    with _lock.held():
        names: dict[str, str] = {}
        missing: dict[str, Function] = {}
        for key, build in dict(kernels).items():
            known = _names.get((key, checked, target))
            if known is None:
                function = build("kernel")
                known = cache.name_of(f"{text_of(function)}{'checked' if checked else ''}")
                function.name = known
                if known not in _addresses:
                    missing[known] = function
            names[key] = known
        if missing:
            _load(missing, checked, keep and not checked)
        _names.update(
            ((key, checked, target), name) for key, name in names.items() if PASSING not in key
        )
    return [_addresses[names[key]] for key, _ in kernels]


def _install_check() -> None:
    """Make the function known that checked kernels call."""
    found = addresses([("check bounds", bounds.build_check)], checked=False, keep=False)
    llvm.add_symbol("narae_check", found[0])


def _load(missing: dict[str, Function], checked: bool, keep: bool) -> None:
    objects = cache.read(missing) if keep else {}
    for name in [name for name in missing if name not in objects]:
        text = text_of(missing[name])
        objects[name] = code = compile_text(bounds.checked_text(text) if checked else text)
        if keep:  # checks hold addresses of this process
            cache.write(name, code)
    _tell(objects.values())
    engine = _free.pop() if _free else _engine()
    for code in objects.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _addresses.update((name, engine.get_function_address(name)) for name in missing)
    _free.append(engine)


def _engine() -> Any:
    """A new one: it costs as much as linking some ten kernels."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), host().machine())
    _engines.append(engine)
    return engine


@functools.cache
def _machine(target: Target) -> Any:
    return target.machine()


def text_of(function: Function, target: Target | None = None) -> str:
    """The module of one kernel."""
    return module([function], (target or host()).attributes)


def compile_text(text: str, target: Target | None = None) -> bytes:
    """IR as an object file."""
    context = llvm.create_context()
    try:
        parsed = llvm.parse_assembly(text, context)
    except RuntimeError as error:
        raise RuntimeError(f"narae wrote IR that LLVM does not take: {error}\n{text}") from error
    parsed.triple = (target or host()).triple
    return _machine(target or host()).emit_object(parsed)


def _tell(objects: Iterable[bytes]) -> None:
    """Make those functions of the C library known to the linker that objects name."""
    named = {name for code in objects for name in code.split(b"\0")}  # so objects end their names
    for name in LIBRARY:
        for full in (name, f"{name}f"):
            if full.encode() in named:
                address = ctypes.cast(getattr(_mathematics(), full), ctypes.c_void_p).value
                llvm.add_symbol(full, address)


@functools.cache
def _mathematics() -> Any:
    """The C library's. To look for it takes longer than all else here, and it is there already."""
    if sys.platform == "win32":
        return ctypes.CDLL("ucrtbase")
    process = ctypes.CDLL(None)
    if hasattr(process, "expm1f"):
        return process
    from ctypes.util import find_library

    return ctypes.CDLL(find_library("m"))


LIBRARY: Iterable[str] = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "cbrt", "fmod"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
)
