"""Records of kernels: what is written by name is what a kernel reads by that name."""

from __future__ import annotations

import ast
import ctypes
import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from narae.executors import native
from narae.executors.native import kernels, run
from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, words
from narae.executors.native.jit.compiler import addresses

HERE = Path(native.__file__).parent
COUNTS = dict.fromkeys(("rank", "last", "axes"), 3)
COUNTS |= dict.fromkeys(("operands", "links", "moving", "branches", "columns"), 2) | {"sums": 1}


def _classes() -> list[type[KernelRecord[Any]]]:
    for room in (kernels, run):
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")
    return [c for c in KernelRecord.__subclasses__() if c.__module__.startswith(native.__name__)]


def _filled(record: type[KernelRecord[Any]], numbers: Iterator[int]) -> KernelRecord[int]:
    """One with a number of its own in each word, field by field."""
    values: dict[str, Any] = {}
    for name, (_, count, of) in record.fields.items():
        many = COUNTS[count] if isinstance(count, str) else count
        each = [_filled(of, numbers) if of else next(numbers) for _ in range(many or 1)]
        values[name] = each if many is not None else each[0]
    return record(**values)


def _leaves(record: KernelRecord[Any]) -> Iterator[tuple[str, Any]]:
    """(type, value) of all words of a record, those of the last field first."""
    for name, (kind, count, of) in reversed(record.fields.items()):
        value = getattr(record, name)
        for one in [value] if count is None else value:
            yield from _leaves(one) if of else [(kind, one)]


@pytest.mark.parametrize("record", _classes(), ids=lambda c: c.__name__)
def test_a_kernel_reads_each_field_where_it_is_written(record: type[KernelRecord[Any]]) -> None:
    """A kernel that stores its fields in another order: out come the numbers of those fields."""
    written = _filled(record, itertools.count(101))

    def build(name: str) -> Function:
        f = Function(name, [PTR, PTR])
        read = record[str].read(f, f.args[0], **COUNTS)
        for i, (kind, value) in enumerate(_leaves(read)):
            f.store(kind, value, f.at(f.args[1], 8 * i), 8)
        f.do("ret void")
        return f

    numbers = np.array(written.numbers(), np.int64)
    assert len(numbers) == record.word_count(**COUNTS)
    out = np.zeros(len(numbers), np.int64)
    place = addresses([(f"read {record.__name__}", build)], checked=False, keep=False)[0]
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(place)(
        numbers.ctypes.data, out.ctypes.data
    )
    assert out.tolist() == [number for _, number in _leaves(written)]


def test_a_record_with_other_fields_is_refused() -> None:
    class Pair(KernelRecord[W]):
        place: W = pointer()
        sizes: Sequence[W] = words("rank")

    class Pairs(KernelRecord[W]):
        each: Sequence[Pair[W]] = parts(Pair, "operands")

    with pytest.raises(TypeError, match="place"):
        Pair(place=1)
    with pytest.raises(KeyError, match="sizes"):
        Pair(place=1, size=[2]).numbers()
    assert Pairs.word_count(operands=2, rank=3) == 8


def test_no_kernel_reads_a_field_by_its_number() -> None:
    """Only `KernelRecord` itself does."""
    found = []
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if called and node.func.attr == "field" and isinstance(node.func.value, ast.Name):
                found.append(path.name)
    assert set(found) <= {"kernel_record.py"}


def test_the_readme_names_the_records_fields_and_the_drivers_states() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    contraction = next(c for c in _classes() if c.__name__ == "Contraction")
    shown = re.findall(r"^        (\w+) +(?:an address|\d+|\[)", text, re.MULTILINE)
    assert [name for name in shown if name != "and"] == [*contraction.fields]
    driver = (HERE / "run" / "driver.py").read_text(encoding="utf-8")
    states = re.findall(r"^\| (\w+) \|", text.split("### What a thread does")[1], re.MULTILINE)
    for state in states[1:10]:
        assert f'b["{state}"]' in driver or f'"{state}"' in driver, state
