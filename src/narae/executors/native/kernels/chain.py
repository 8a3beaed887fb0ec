"""A kernel that runs other tiles, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from narae.executors.native.codegen.ir import PTR, Function
from narae.executors.native.codegen.kernel_record import KernelRecord, W, parts, pointer, word


class Link(KernelRecord[W]):
    """A tile."""

    kernel: W = pointer()
    record: W = pointer()


class Chain(KernelRecord[W]):
    """Tiles, in order."""

    count: W = word()
    links: Sequence[Link[W]] = parts(Link, "links")


def build(name: str) -> Function:
    """The record: `Chain`. How many links there are is known when it runs."""
    f = Function(name, [PTR, PTR])
    head = Chain[str].read(f, f.args[0], links=0)
    with f.loop(0, head.count) as i:
        place = f.at(
            f.args[0], f.add(f.mul(i.i, 8 * Link.word_count()), 8 * Chain.word_count(links=0))
        )
        link = Link[str].read(f, place)
        f.do(f"call void {link.kernel}(ptr {link.record}, ptr {f.args[1]})")
    f.do("ret void")
    return f
