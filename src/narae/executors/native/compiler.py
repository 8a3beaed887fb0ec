"""From kernels' IR to addresses: compiled once per process, and once per machine with the cache."""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import llvmlite.binding as llvm

from narae.executors.native import cache, checks
from narae.executors.native.ir import Function, module
from narae.executors.native.target import Target, host

Build = Callable[[str], Function]  # a kernel's function, given its name

_addresses: dict[str, int] = {}
_engines: list[Any] = []  # own the code for as long as the process lives
_lock = threading.Lock()


def addresses(
    kernels: Sequence[tuple[str, Build]], checked: bool | None = None, keep: bool = True
) -> list[int]:
    """The addresses of kernels: (key, how to build it) pairs. Equal keys are one kernel.

    checked: with a check before each access (None: where the mode for tests is on). keep: on disk,
    for other processes.
    """
    checked = checks.enabled() if checked is None else checked
    if checked:
        checks.install()
    with _lock:
        names = {key: f"checked {key}" if checked else key for key, _ in kernels}
        missing = {names[key]: build for key, build in kernels if names[key] not in _addresses}
        if missing:
            _load(missing, checked, keep and not checked)
    return [_addresses[names[key]] for key, _ in kernels]


def _load(missing: dict[str, Build], checked: bool, keep: bool) -> None:
    names = {key: cache.name_of(key) for key in missing}
    read = {key: cache.read(name) if keep else None for key, name in names.items()}
    objects = {key: code for key, code in read.items() if code is not None}
    for key in [key for key, code in read.items() if code is None]:
        text = text_of(missing[key](names[key]))
        objects[key] = code = compile_text(checks.checked_text(text) if checked else text)
        if keep:  # checks hold addresses of this process
            cache.write(names[key], code)
    _tell(objects.values())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), host().machine())
    for code in objects.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    _addresses.update((key, engine.get_function_address(name)) for key, name in names.items())


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
    for name in LIBRARY:
        for full in (name, f"{name}f"):
            symbol = b"\0" + full.encode() + b"\0"  # as in an object's table of names
            if any(symbol in code for code in objects):
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
