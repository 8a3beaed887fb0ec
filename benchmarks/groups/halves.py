"""bfloat16 and int8: how many times as fast as float32, in one process each."""

from __future__ import annotations

from rows import NARAE, Bar, Column, Group, Line, compared, of

# Row: the work, and its bar: times as fast as float32, where the processor multiplies such numbers.
ROWS = {
    "half_seed": ("784-512-10, batch 128, mixed_bfloat16: step, ms", 1.5),
    "half_deep": ("1024-1024-1024-10, batch 256, mixed_bfloat16: step, ms", 2.5),
    "int8_dense": ("784-512, batch 128, weights and inputs of int8: call, ms", 1.5),
    "int8_wide": ("1024-1024, batch 256, weights and inputs of int8: call, ms", 1.5),
    "int8_one": ("1024-1024, one row, weights and inputs of int8: call, ms", 1.5),
}
FULL, SHORT = of(NARAE, "float32_ms"), of(NARAE, "short_ms")
GROUP = Group(
    rows=dict.fromkeys(ROWS, (NARAE,)),
    bars=tuple(
        Bar(
            *(row, f"{what.rsplit(':', 1)[0]}: times as fast as float32", ">=", limit, "×"),
            lambda found: found[NARAE]["float32_ms"] / found[NARAE]["short_ms"],
        )
        for row, (what, limit) in ROWS.items()
    ),
    title="Short numbers",
    columns=(
        Column("float32", FULL),
        Column("short", SHORT),
        Column("times as fast", compared((FULL,), (SHORT,))),
    ),
    lines=tuple(Line(what, row, "") for row, (what, _) in ROWS.items()),
    scripts={NARAE: "halves.py"},
)
