"""Numbers found by measuring: how large the parts of the work are, and when which way is taken.

Each has its unit and its reason. They decide how soon a result is there, and (those marked "bits") in which order sums
are added, so the last bits of a result: never what it means. None depends on how many threads there are. What depends
on the target, or on the model of the machine (`machine.py`), is a function of it; all else is the same everywhere.
Nothing marked "bits" depends on the model, which differs from run to run where it was measured.

Work is counted in multiplications of a product: a core does 50 (AVX2) to 100 (AVX-512) of float32 in a nanosecond.
"""

from __future__ import annotations

import math

from narae.base.machine import here

# -- registers, by target ---------------------------------------------------------------------------


def register_tile(registers: int, order: str) -> tuple[int, int]:
    """Rows and vectors of C that a product keeps in registers.

    With 16: 4 by 3 are 12 sums; B's row takes 3 and a number of A one. With 32: 8 by 3 are 24 sums, and there is
    room for both. 'beside' leaves 8 more to the expression. 'of a row' has one row: 6 vectors hide the time of a
    multiplication.
    """
    if order == "of a row":
        return 1, 6
    if registers < 32:
        return 4, 3
    return (8, 2) if order == "beside" else (8, 3)


def can_work_beside(registers: int) -> bool:
    """Whether registers are left for an expression while sums are computed."""
    return registers >= 32


LANES = 16  # numbers that a round of a loop handles: one register of AVX-512, two of AVX2 (bits)
ACROSS = 4  # registers of results that a reduction across rows keeps at a time

# -- products -----------------------------------------------------------------------------------------

AT_ONCE = 4  # operations and arrays of an expression that is written for each register of sums
LONG_SUM = 48  # products of a sum from which it takes longer than asking for memory ahead


def stretch() -> int:
    """Bytes of B that are copied at a time: with what else goes by, they stay in the second cache."""
    return min(1 << 20, here().second.size * 3 // 16)


def near() -> int:
    """Bytes of C up to which what its expression reads is still in the caches: in two cores' second ones."""
    return 2 * here().second.size


def direct_rows(row: int) -> int:
    """Rows of C up to which B is read where it lies: a copy is not used often enough to pay. row: bytes of B that are
    read together; short ones that lie apart bring lines of which half is for other panels."""
    return 256 if row >= 128 else 32


def direct_bytes(row: int) -> int:
    """Bytes of B up to which it is read where it lies, by any number of rows: it stays near."""
    return here().second.size // 4 if row >= 128 else here().first.size


def comes_soon(pitch: int, row: int, depth: int, rate: float) -> bool:
    """Whether `depth` rows of B that lie `pitch` bytes apart come as soon as they are needed, `rate` bytes for each
    multiplication: since the second cache keeps them (rows far apart share its places), or the next one is near and
    keeps them. Rows that come from memory are waited for one by one: a copy asks for many at once."""
    machine = here()
    cache = machine.second
    ways = cache.ways or 8
    sets = cache.size // (cache.line * ways)
    lines = -(-row // cache.line)
    places = min(sets, lines * (sets // math.gcd(sets, max(1, pitch // cache.line))))
    if depth <= places * ways // lines * 3 // 4:
        return True
    kept = depth * pitch <= machine.caches[-1].size // 2
    return kept and machine.reads(cache.size + 1) >= rate * machine.rates.multiplications


# Rows so far apart meet in the same few lines of the caches, and push each other out: B is copied then, whatever it
# costs, and A if it is large. (The first cache has 32 kB in 8 ways: what is a multiple of 4 kB apart shares 8 lines.)
CLASH_B = 8192  # bytes between B's rows from which they do
CLASH_A = 4096  # A's do where they are a multiple of this apart
CLASH_A_FROM = 1 << 18  # bytes of A from which it matters
CLASH_A_WIDE = 64  # columns of C from which a copy of A is used often enough
# Weights that a program does not write are laid out by panels, once until they change (one row of C then takes two
# thirds of the time; a network of 784-512-10 that learns 32 rows and answers one by turns takes a tenth more),
LAID_OUT_TIMES = 3  # where that takes no more than so many times their own bytes (a kind of place in a convolution has
# a form of its own), and for all programs together no more than
LAID_OUT = 1 << 28  # bytes
INNER = 1024  # products of the innermost loop at most (bits); longer ones are cut in stretches
INNER_STRETCH = range(512, 127, -1)  # of one of these lengths, the first that divides it

# Rows of A that lie side by side are copied a stretch at a time, where
COLUMNS_APART = (
    1024  # bytes or more lie between their numbers along k: few of them share the first cache
)
COLUMNS_WIDE = 64  # columns of C or more use the copy
# Products of the innermost loop at most: a copy of 256 rows is then as large as it may be, and B's is used 256 times.
COLUMNS_INNER = 256


def columns_bytes() -> int:
    """Of the copy, about: a quarter of the second cache."""
    return here().second.size // 4


WORDS = 1 << 15  # numbers that a tile lays out in words

HELD = (
    1 << 28
)  # bytes of weights, and of optimizers' state, by panels for all programs: beside the variables' own
PASS_FROM = (
    1 << 20
)  # bytes of C from which its expression may be a pass of its own (with few registers),
PASS_ARRAYS = (
    2  # where it reads or writes so many more arrays as large as C, or has slow operations
)

# What it costs when a product is cut: see `lower/partition.py`. Nanoseconds, beside what the model of the machine says:
COPY = 0.077  # to copy a number that is there: it is written to the second cache
CALL = 250.0  # to begin a tile: its first lines of memory have to come
MEET = 720.0  # for threads to meet: none of them comes in time
HELD_UP = 1 / 4  # of a tile: a thread may be put aside by the system while it has one


def copy_b(size: int) -> float:
    """To copy a number of B, of `size` bytes in all; in multiplications, as what follows."""
    machine = here()
    beyond = max(
        size, machine.second.size + 1
    )  # others wrote it, or read it last: it is in no cache of this core
    return machine.rates.multiplications * (COPY + 4 / machine.reads(beyond))


def copy_a(size: int) -> float:
    """To copy one of A, from lines of memory that lie apart."""
    return 2 * copy_b(size)


def call() -> int:
    """To call a tile."""
    return here().multiplications(CALL + here().rates.call)


def meet() -> int:
    """For threads to meet at a phase's end."""
    return here().multiplications(MEET + here().rates.meet)


def workers() -> int:
    """Threads for whom products are cut: one for each core that there is. A plan is cut once, at load, and may run on
    any number later, which is asked for at each run."""
    return here().cores


PARTS = (
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    11,
    12,
    16,
    22,
    24,
    32,
    48,
    64,
    96,
    128,
)  # of rows or columns, that are tried
GRID = 256  # tiles of a product that are tried, at most

# Long sums with little else to share out (bits):
SUM_PART = 1_000_000  # multiplications of a part, at least: some 16 times what it costs to meet
SUM_FEW, SUM_MANY = 8, 16  # fewer tiles than SUM_FEW: cut in up to SUM_MANY parts

PAIRS = 4096  # pairs of matrices of one product: each is a tile at least
GROUPS = 1024  # of a convolution: a product for each
FEW_PLACES = (
    16  # of a kind, of a convolution: with fewer, a border of zeros costs less than another product
)
KERNEL_COPY = (
    4096  # numbers of a convolution's kernel from which it is laid out anew, if it lies badly
)
DEPTHWISE_TAPS = (
    32  # of a depthwise convolution, read in one loop: as many streams as a processor follows
)
DEPTHWISE_GROUPS = 8  # from which that is faster than a product for each

# -- attention --------------------------------------------------------------------------------------


def attention_tile(registers: int) -> tuple[int, int]:
    """Rows and vectors of a product of attention in registers: two vectors, since heads are often 32 or 64 wide."""
    return (6, 2) if registers < 32 else (8, 2)


ATTENTION_BYTES = (
    16 << 10
)  # of a block of keys, at most: with its values it stays in the first cache (bits)
ATTENTION_BLOCK = 512  # keys of a block, at most (bits)
ATTENTION_TALL = 64  # queries of a block of the gradient (bits)
ATTENTION_TILES = (
    8  # of a gradient: with fewer heads, each range of keys has its own part of dq (bits)
)
ATTENTION_ROWS = 128  # queries of a tile, at least: each tile copies all keys

# -- loops --------------------------------------------------------------------------------------------

TILE = 16384  # elements of a tile of a loop: some 65,000 multiplications, about what it costs threads to meet
TILE_NODES = (
    8  # operations of an expression that count as one: longer ones are cut in smaller tiles
)
ROW_UNIT = 64  # elements: rows are cut at whole lines of the caches
SHORT_ROW = 16  # elements: shorter rows are turned, where another axis lies along memory too
ELEMENT_WORK = 4  # multiplications that an element of a loop counts for, against those of products
UNKNOWN = 65_536  # multiplications that a tile counts for which does not say what it has to do
CONSTANTS = (
    0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
)  # numbers written into the code; others are read, and share its kernel
FILL = 1 << 18  # bytes of zeros that a tile writes
REDUCED = 1 << 16  # elements that a tile reduces (bits)
REDUCED_PARTS = 16  # of one long sum, at most (bits)
REDUCED_RESULTS = (
    4096  # results up to which sums are cut in parts: with more there is enough to share out
)
ROWS_APART = 4096  # tiles of a reduction over interleaved axes, at most
COLUMN_PARTS = 32  # ranges of rows, at most, whose columns are added up one by one (bits)
MOVED = 1 << 14  # elements that a tile of a gather or scatter moves
SCATTER_PARTS = 16  # of one scatter, at most: each reads all indices
SCATTER_ROWS = (
    1 << 16
)  # bytes of rows that a tile of an update has at least: its sums stay in the second cache
SCATTER_NEAR = 1 << 19  # and at most
SCATTER_LOOKED = 4  # bytes of a tile's rows for each byte of indices that it looks at, at least
SCATTER_HEAVY = 8  # rows added for each row of the result, from which columns are shared out
WINDOW = 64  # elements of a pooling window, at most: each is an operand of one expression
GATHERED = 1 << 15  # bytes of a batch's rows that a tile gathers

# -- loops over rounds (scans) -------------------------------------------------------------------------

LOOP_PARTS = 16  # of a batch's rows, at most: each has a tile that runs through all rounds
LOOP_UNIT = 8  # rows: parts are whole groups of a product's rows
LOOP_WORK = 100_000  # multiplications of a part in a round, at least: its kernels have to be called
# Multiplications of a part in a round, at least, for each byte that is the same for all rows: with fewer, weights are
# read too often for what is done with them. (Weights of float32 and 16 rows of a batch: 4.)
LOOP_REUSE = 4
LOOP_SAME = 1 << 20  # bytes that do not depend on rows, at most: each part computes them for itself
# Multiplications of a body in one round from which it is phases of the program, where its rows are not shared out: each
# phase of it ends where threads meet.
LOOP_PHASES = 1_000_000
LOOP_UNKNOWN = 16  # rounds that a loop of unknown length is taken to have
SLOW_WORK = 16  # multiplications that an element of a slow operation counts for

# -- runs ---------------------------------------------------------------------------------------------

APART = 8192  # bytes: steps of small values run beside others, whatever memory those free
AHEAD = 64  # steps that are looked at for company in a phase
OWN_FROM = (
    1 << 15
)  # bytes of an input from which it is read where the caller has it: a copy of less costs no more
ALONE = 8_000_000  # multiplications: one run of less is over before other threads are there,
TOGETHER = 300_000  # but from these on it is shared with those that are there from the run before,
OFTEN = 0.0002  # and they are called where that has ended so many seconds ago, at most.
HELD_UP_RUN = 0.001  # seconds: such a run that takes longer was held up,
ALONE_FOR = 0.1  # and for so many seconds no other thread takes part
SHORT = 300_000_000  # multiplications (10 ms): a run of less is led by who asked for it
SPIN = 50_000.0  # nanoseconds that a thread looks for work before it sleeps


def spins() -> int:
    """Looks for work before a thread sleeps."""
    return max(10, round(SPIN / here().rates.look))


PATIENCE = 2.0  # seconds after Ctrl-C that a step may take to its end: longer loops are broken off
LONG = 20_000_000_000  # multiplications of a loop: some 0.2 seconds, in which nobody should wait for Ctrl-C to be heard
SETTLED = (
    5.0  # seconds of runs in a process after which it may take a moment to measure the machine
)
LEAVE = 0.002  # seconds that threads have to leave a run that is over
BOUND = 0.2  # seconds that a thread stays on one core, while the system learns what it needs
LOOK = 0.05  # seconds between looks at how far a run of many steps is
THREADS = 256  # of a process, at most
