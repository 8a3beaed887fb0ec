"""Eager code: the loop written by hand with a tape, beside its compiled form and TensorFlow's."""

from __future__ import annotations

from rows import JAX, NARAE, TF, Bar, Column, Group, Line, compared, faster, of, within

LINES = (
    Line("784-512-10 by hand, a tape and assignments: step, ms", "eager_loop", "step_ms"),
    Line("the same compiled: step, ms", "eager_loop", "compiled_ms"),
    Line("all 4,690 steps, s", "eager_loop", "loop_s"),
    Line("ops.add of two numbers, µs", "eager_small", "add_us"),
    Line("ops.matmul of 32 × 32, µs", "eager_small", "matmul_us"),
    Line("ops.relu of 1,000 numbers, µs", "eager_small", "relu_us"),
    Line("784-64-64-10, layers, loss and Adam by hand: step, ms", "eager_steps", "train_ms"),
    Line("three convolutions, the same way: step, ms", "eager_steps", "cnn_ms"),
    Line("LSTMCell(64) in a loop of 20, with gradients, ms", "eager_steps", "cell_ms"),
    Line("attention by hand, with gradients, ms", "eager_steps", "attention_ms"),
)
GROUP = Group(
    rows={
        "eager_loop": (NARAE, TF),
        "eager_small": (NARAE, JAX, TF),
        "eager_steps": (NARAE, TF),
    },
    bars=(
        Bar(
            *("eager_loop", "the loop by hand: time / compiled", "<=", 2, ""),
            lambda found: found[NARAE]["step_ms"] / found[NARAE]["compiled_ms"],
        ),
        faster("eager_loop", "the loop by hand", 1, "step_ms", TF),
        within("eager_loop", "the loop by hand, 4,690 steps", 30, "loop_s"),
        Bar(
            *("eager_small", "ops.add of small tensors", "<=", 5, "µs"),
            lambda found: found[NARAE]["add_us"],
        ),
        *(
            faster("eager_steps", what, 1, f"{figure}_ms", TF)
            for what, figure in (
                ("layers by hand", "train"),
                ("convolutions by hand", "cnn"),
                ("a cell in a loop", "cell"),
                ("attention by hand", "attention"),
            )
        ),
    ),
    title="Eager code",
    columns=(
        *(Column(peer, of(peer)) for peer in (NARAE, JAX, TF)),
        Column("best of the others / narae's", compared((of(JAX), of(TF)), (of(NARAE),))),
    ),
    lines=LINES,
    scripts={NARAE: "eager.py narae", JAX: "eager.py jax", TF: "eager.py tensorflow"},
)
