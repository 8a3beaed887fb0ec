"""The loop that every thread runs: take a tile of the phase that is on, whoever finishes the last
one begins the next phase.

No thread has to be there for the others to go on, and none waits for one that holds no tile: a
thread that the system has put aside comes back to whatever phase is on by then.

What is on is one 64-bit word, so that it is seen and changed as one:

    WORD    phase (32 bits) | tiles taken from the end (16) | tiles taken from the start (16)

A thread is always in one of these states (labels of `_work`):

    state   what it does                                          goes to
    again   looks at the word                                     over: the last step is done
                                                                  host: this phase is for Python, and it is the caller
                                                                  own: there are tiles; else idle
    own     takes one: adds 1 to its side of the word             run: what it took is a tile of the phase that the
                                                                  addition met; else again (it came too late)
    run     runs the tile, adds 1 to DONE                         last: it was the phase's last; else again
    last    begins what comes next (`_advance`)                   again
    idle    looks at the word SPINS times                         again: another phase, or tiles; else sleep
    sleep   WAITING + 1, reads the bell, looks once more          up: there is something; else doze
    doze    waits in the system until the bell changes            up
    up      WAITING - 1                                           again
    host    returns phase + 1: Python runs it, and calls `advance`
    over    returns 0, a helper once it has looked LINGER times    again: another run has begun
            whether there is another run

Each memory order is argued for where it is used; `README.md` puts the arguments together.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import sys
from typing import Any

import llvmlite.binding as llvm

from narae.executors.native.codegen.ir import INT, PTR, Function
from narae.executors.native.jit.compiler import addresses
from narae.executors.native.jit.target import float_mode

# Places in the control record, in 64-bit words; what threads write often has a cache line alone.
WORD = 0  # the phase, shifted by 32; how many tiles were taken from the end, by 16, and the start
DONE = 8  # tiles finished in this phase
STEP = 16  # steps finished
STEPS = 17  # to do
STOP = 18  # not 0: end after this step
ERROR = 19  # not 0: an index was out of range; then the index and the length
WAITING = 24  # threads asleep
BELL = 32  # changes with each phase that somebody may sleep for
PHASES = (
    40  # address of (first tile, count) pairs; a count of -1 is for the calling thread, -2 a jump
)
PHASE_COUNT = 41
TILES = 42  # address of (kernel, record) pairs
FLUSHED = 43  # bits of the float mode: see `jit/target.py`
SPINS = 44  # looks for work before a thread sleeps
LINGER = 45  # looks for another run before a helper leaves
LINGERING = 48  # helpers that look for one
SIZE = 56

# Tiles of a phase. Half of what 16 bits hold: threads that come too late add to the word too, one each.
MOST = 1 << 15
END = 1 << 24  # the phase after the last step
HOST = -1
JUMP = -2  # a phase of one tile, whose kernel gives the phase before the next
_WAIT, _WAKE = 128, 129  # futex operations of one process
_ALL = (1 << 31) - 1


@functools.cache
def driver() -> tuple[Any, Any]:
    """The native functions work(control, scratch, caller, side) and advance(control, scratch,
    phase).

    work: returns 0 when the last step is done; for the caller (1), also phase + 1 when that phase
    is for Python to run. side: 0 to take tiles from the start of a phase, 1 from its end: threads
    so find in their caches what they worked on before. advance: begins what comes after a phase
    (-1: the first). Both leave the caller's float mode as it was.
    """
    _symbols()
    system = f"{sys.platform} {platform.machine()}"
    first = addresses([(f"advance {system}", _advance)], checked=False)[0]
    llvm.add_symbol("narae_advance", first)  # `work` calls it
    second, third = addresses(
        [(f"work {system}", _work), (f"enter {system}", _enter)], checked=False
    )
    word = ctypes.c_int64
    advance = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, word)(third)
    work = ctypes.CFUNCTYPE(word, ctypes.c_void_p, ctypes.c_void_p, word, word)(second)
    return work, advance


def _symbols() -> None:
    if sys.platform == "win32":
        kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined]
        names = {"narae_yield": kernel.SwitchToThread}
    else:
        process = ctypes.CDLL(None)
        names = {"narae_yield": process.sched_yield}
        if sys.platform == "linux":
            names["narae_syscall"] = process.syscall
    for name, function in names.items():
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)


def _place(f: Function, word: int) -> str:
    return f.at(f.args[0], 8 * word)


def _atomic_load(f: Function, word: int, order: str = "acquire") -> str:
    return f.let(f"load atomic i64, ptr {_place(f, word)} {order}, align 8")


def _atomic_add(f: Function, word: int, by: int) -> str:
    return f.let(f"atomicrmw add ptr {_place(f, word)}, i64 {by} seq_cst")


def _taken(f: Function, word: str) -> tuple[str, str]:
    """How many tiles were taken from the start, and from the end."""
    back = f.let(f"and i64 {f.let(f'lshr i64 {word}, 16')}, 65535")
    return f.let(f"and i64 {word}, 65535"), back


def _phase_count(f: Function, phase: str) -> str:
    table = f.load(PTR, _place(f, PHASES), 8)  # another run may have other tables
    return f.load(INT, f.at(table, f.add(f.mul(phase, 16), 8)), 8)


def _run_tile(f: Function, phase: str, tile: str, result: str = "void") -> str:
    phases, tiles = f.load(PTR, _place(f, PHASES), 8), f.load(PTR, _place(f, TILES), 8)
    first = f.load(INT, f.at(phases, f.mul(phase, 16)), 8)
    pair = f.at(tiles, f.mul(f.add(first, tile), 16))
    kernel, record = f.load(PTR, pair, 8), f.load(PTR, f.at(pair, 8), 8)
    call = f"call {result} {kernel}(ptr {record}, ptr {f.args[1]})"
    if result != "void":
        return f.let(call)
    f.do(call)
    return ""


def _advance(name: str) -> Function:
    """Go to the next phase; run those of one tile on the way, and those that say which is next."""
    f = Function(name, [PTR, PTR, INT])
    again, wrap, ended, started, one, more, jump, many = (f.label() for _ in range(8))
    publish, wake, out = (f.label() for _ in range(3))
    f.jump(again)
    f.place(again)
    phase = f.open_phi(INT, (f.args[2], "entry"))
    following = f.add(phase.name, 1)
    # Plain: who is here has met all tiles of the phase (by DONE), and so what they stored before.
    failed = f.let(f"icmp ne i64 {f.load(INT, _place(f, ERROR), 8)}, 0")
    last = f.let(f"icmp eq i64 {following}, {f.load(INT, _place(f, PHASE_COUNT), 8)}")
    f.branch(f.let(f"or i1 {failed}, {last}"), wrap, started)
    f.place(wrap)
    step = f.add(f.load(INT, _place(f, STEP), 8), 1)
    # Release: Python looks at it from time to time. Threads see it by the word, as all else.
    f.do(f"store atomic i64 {step}, ptr {_place(f, STEP)} release, align 8")
    finished = f.let(f"icmp sge i64 {step}, {f.load(INT, _place(f, STEPS), 8)}")
    stopped = f.let(f"icmp ne i64 {_atomic_load(f, STOP)}, 0")
    over = f.let(f"or i1 {finished}, {stopped}")
    f.branch(f.let(f"or i1 {over}, {failed}"), ended, started)
    f.place(started)
    current = f.phi(INT, (following, again), ("0", wrap))
    count = _phase_count(f, current)
    f.branch(f.let(f"icmp eq i64 {count}, 1"), one, more)
    f.place(more)
    f.branch(f.let(f"icmp eq i64 {count}, {JUMP}"), jump, many)
    f.place(one)
    _run_tile(f, current, "0")
    phase.add(current, one)
    f.jump(again)
    f.place(jump)
    # Nobody else is at work: what it writes (records of the tiles to come) is handed over with the next word.
    phase.add(_run_tile(f, current, "0", "i64"), jump)
    f.jump(again)
    f.place(ended)
    f.jump(publish)
    f.place(many)
    # Those who find no tile are not woken. A phase of Python's is for one thread, who may be any that sleeps.
    shared = f.let(f"icmp sgt i64 {count}, 0")
    awake = f.let(f"select i1 {shared}, i64 {count}, i64 {_ALL}")
    f.jump(publish)
    f.place(publish)
    shown = f.phi(INT, (str(END), ended), (current, many))
    wanted = f.phi(INT, (str(_ALL), ended), (awake, many))
    # Monotonic: who adds to it has taken a tile of the new phase, so has seen the word that is stored next.
    f.do(f"store atomic i64 0, ptr {_place(f, DONE)} monotonic, align 8")
    word = f.let(f"shl i64 {shown}, 32")
    # As a release it hands over all that was computed so far, and the tables. And it comes, in the one order that
    # all have, before the look at who sleeps: see `_wait`.
    f.do(f"store atomic i64 {word}, ptr {_place(f, WORD)} seq_cst, align 8")
    waiting = _atomic_load(f, WAITING, "seq_cst")
    f.branch(f.let(f"icmp sgt i64 {waiting}, 0"), wake, out)
    f.place(wake)
    _atomic_add(f, BELL, 1)
    _system_wait(f, _WAKE, wanted)
    f.jump(out)
    f.place(out)
    f.do("ret void")
    return f


def _enter(name: str) -> Function:
    """`_advance` as Python calls it, in the run's float mode."""
    f = Function(name, [PTR, PTR, INT])
    mode = float_mode(f)
    mode.enter(f, f.load(INT, _place(f, FLUSHED), 8))
    f.call("void", "narae_advance", [(PTR, f.args[0]), (PTR, f.args[1]), (INT, f.args[2])])
    mode.leave(f)
    f.do("ret void")
    return f


def _system_wait(f: Function, operation: int, value: str) -> None:
    """Sleep until the bell changes from `value`, or wake those who do."""
    if sys.platform == "linux":
        number = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 202)
        f.declared["narae_syscall"] = "declare i64 @narae_syscall(i64, ...)"
        bell = _place(f, BELL)
        f.do(
            f"call i64 (i64, ...) @narae_syscall(i64 {number}, ptr {bell}, i64 {operation}, "
            f"i64 {value}, ptr null, ptr null, i64 0)"
        )
    elif operation == _WAIT:
        f.call("i32", "narae_yield", [])


def _work(name: str) -> Function:
    """Take tiles until the last step is done."""
    f = Function(name, [PTR, PTR, INT, INT], "i64")
    names = "again on claim own run last idle spin look sleep doze up host over leave stay watch still found go"
    b = {n: f.label() for n in names.split()}
    mode = float_mode(f)
    f.jump(b["again"])

    f.place(b["again"])
    # Acquire: the phase's entry in the tables is read by it. What it says is a hint: a thread may have been put
    # aside since, and the tables be another run's. Only `own` decides.
    word = _atomic_load(f, WORD)
    phase, tile = f.let(f"lshr i64 {word}, 32"), f.add(*_taken(f, word))
    f.branch(f.let(f"icmp eq i64 {phase}, {END}"), b["over"], b["on"])
    f.place(b["on"])
    count = _phase_count(f, phase)
    mine = f.let(f"icmp ne i64 {f.args[2]}, 0")
    hosted = f.let(f"icmp eq i64 {count}, {HOST}")
    free = f.let(f"icmp slt i64 {tile}, {count}")
    f.branch(f.let(f"and i1 {mine}, {hosted}"), b["host"], b["claim"])
    f.place(b["claim"])
    f.branch(free, b["own"], b["idle"])

    f.place(b["own"])
    late = f.let(f"icmp ne i64 {f.args[3]}, 0")
    unit = f.let(f"select i1 {late}, i64 65536, i64 1")
    # As an acquire: it reads what began the phase, or an addition to that, and so comes after all phases before.
    # The phase is the one that this addition met: it stays on while this tile is not done.
    taken = f.let(f"atomicrmw add ptr {_place(f, WORD)}, i64 {unit} seq_cst")
    phase2 = f.let(f"lshr i64 {taken}, 32")
    front, back = _taken(f, taken)
    ended = f.let(f"icmp eq i64 {phase2}, {END}")
    safe = f.let(f"select i1 {ended}, i64 0, i64 {phase2}")
    count2 = _phase_count(f, safe)
    inside = f.let(f"icmp slt i64 {f.add(front, back)}, {count2}")
    from_end = f.sub(f.sub(count2, 1), back)
    tile2 = f.let(f"select i1 {late}, i64 {from_end}, i64 {front}")
    valid = f.let(f"select i1 {ended}, i1 false, i1 {inside}")
    f.branch(valid, b["run"], b["again"])
    f.place(b["run"])
    mode.enter(f, f.load(INT, _place(f, FLUSHED), 8))  # who comes late may be in another run's
    _run_tile(f, safe, tile2)
    # As a release it hands over what this tile wrote; as an acquire the last one takes what all others handed over.
    done = f.add(_atomic_add(f, DONE, 1), 1)
    f.branch(f.let(f"icmp eq i64 {done}, {count2}"), b["last"], b["again"])
    f.place(b["last"])
    args = [(PTR, f.args[0]), (PTR, f.args[1]), (INT, safe)]
    f.call("void", "narae_advance", args)
    f.jump(b["again"])

    _wait(f, b, phase, count)

    f.place(b["host"])
    mode.leave(f)
    f.do(f"ret i64 {f.add(phase, 1)}")
    _linger(f, b)
    f.place(b["leave"])
    mode.leave(f)
    f.do("ret i64 0")
    return f


def _linger(f: Function, b: dict[str, str]) -> None:
    """The run is over: a helper looks a while whether there is another one, so that none has to be called for runs in
    a row.

    Nobody counts on a helper that leaves. Who begins a run stores its word, then reads LINGERING. If the helper's
    subtraction comes after that read, so does its last look, and it sees the word.
    """
    f.place(b["over"])
    most = f.load(INT, _place(f, LINGER), 8)
    helps = f.let(f"icmp eq i64 {f.args[2]}, 0")
    some = f.let(f"icmp sgt i64 {most}, 0")
    f.branch(f.let(f"and i1 {helps}, {some}"), b["stay"], b["leave"])
    f.place(b["stay"])
    _atomic_add(f, LINGERING, 1)
    f.jump(b["watch"])
    f.place(b["watch"])
    looks = f.open_phi(INT, ("0", b["stay"]))
    pause(f)
    f.branch(_begun(f), b["found"], b["still"])
    f.place(b["still"])
    more = f.add(looks.name, 1)
    looks.add(more, b["still"])
    f.branch(f.let(f"icmp slt i64 {more}, {most}"), b["watch"], b["go"])
    f.place(b["found"])
    _atomic_add(f, LINGERING, -1)
    f.jump(b["again"])
    f.place(b["go"])
    _atomic_add(f, LINGERING, -1)
    f.branch(_begun(f), b["again"], b["leave"])


def _begun(f: Function) -> str:
    """Whether a run is on."""
    phase = f.let(f"lshr i64 {_atomic_load(f, WORD, 'seq_cst')}, 32")
    return f.let(f"icmp ne i64 {phase}, {END}")


def _wait(f: Function, b: dict[str, str], phase: str, count: str) -> None:
    """This phase's tiles are all taken: look for the next a while, then sleep.

    Nobody sleeps through a phase. In the one order of all seq_cst operations, either the next phase's word is stored
    before the last look here: then that sees it. Or this look comes first, and so does WAITING + 1 before it: then
    who stored the word reads WAITING after that, finds somebody, and changes the bell after it was read here. The
    system does not let anyone sleep whose bell has changed, and wakes who sleeps already.
    """
    f.place(b["idle"])
    most = f.load(INT, _place(f, SPINS), 8)
    f.jump(b["spin"])
    f.place(b["spin"])
    looks = f.open_phi(INT, ("0", b["idle"]))
    pause(f)
    changed = _changed(f, phase, count)
    f.branch(changed, b["again"], b["look"])
    f.place(b["look"])
    more = f.add(looks.name, 1)
    looks.add(more, b["look"])
    f.branch(f.let(f"icmp slt i64 {more}, {most}"), b["spin"], b["sleep"])
    f.place(b["sleep"])
    _atomic_add(f, WAITING, 1)
    bell = f.let(f"load atomic i32, ptr {_place(f, BELL)} seq_cst, align 4")
    f.branch(_changed(f, phase, count), b["up"], b["doze"])
    f.place(b["doze"])
    _system_wait(f, _WAIT, f.let(f"zext i32 {bell} to i64"))
    f.jump(b["up"])
    f.place(b["up"])
    _atomic_add(f, WAITING, -1)
    f.jump(b["again"])


def _changed(f: Function, phase: str, count: str) -> str:
    """Whether there is another phase, or this one again."""
    word = _atomic_load(f, WORD, "seq_cst")
    now, tile = f.let(f"lshr i64 {word}, 32"), f.add(*_taken(f, word))
    other = f.let(f"icmp ne i64 {now}, {phase}")
    free = f.let(f"icmp slt i64 {tile}, {count}")
    return f.let(f"or i1 {other}, {free}")


def pause(f: Function) -> None:
    """Let a core rest for a moment: what shares it goes on."""
    if platform.machine() in ("aarch64", "arm64"):
        f.call("void", "llvm.aarch64.hint", [("i32", "1")])
    else:
        f.call("void", "llvm.x86.sse2.pause", [])
