"""Label sequences from scores in time (connectionist temporal classification; Graves et al. 2006)."""

from __future__ import annotations

import numpy as np

from narae.base.dtypes import np_dtype, result_type
from narae.base.errors import ShapeError
from narae.base.types import TensorLike
from narae.primitives.record import constant
from narae.primitives.records import index as I
from narae.primitives.records import logic as L
from narae.primitives.records import reduce as R
from narae.primitives.records import shape as S
from narae.primitives.records.sort import argsort
from narae.tensor.promote import floated, to
from narae.tensor.symbolic import public
from narae.tensor.tensor import Tensor, tensor_of

Beam = dict[
    tuple[int, ...], tuple[float, float]
]  # labels -> log p, ending in a blank or in a label


@public
def ctc_decode(
    inputs: TensorLike,
    sequence_lengths: TensorLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[Tensor, Tensor]:
    """The likeliest label sequences, from scores of classes in time.

    inputs: (batch, time, classes), sequence_lengths: (batch,) -> (paths, batch, time) and (batch, paths).

    Args:
        inputs: the scores of the classes at each time: logarithms, but for a constant, of probabilities.
        sequence_lengths: the times of each sample that count.
        strategy: 'greedy': the largest score of each time makes one path, with minus their sum as its score;
            'beam_search': the best of beam_width label sequences, each with its log-probability over all alignments;
            not in a traced function.
        beam_width: label sequences that are kept from one time to the next by 'beam_search'.
        top_paths: the number of paths of 'beam_search'; at most beam_width. 'greedy' has one.
        merge_repeated: whether a class that is the same at two times in a row is one label; of 'greedy'.
        mask_index: the class that stands for no label (the blank); None: the last one.

    Returns: the labels, int32, best path first, with -1 after their end; and the paths' scores, float32 or wider.

    Raises:
        ShapeError: inputs have not three axes, or there is not one length for each sample.
        ValueError: there is no such strategy, or top_paths is more than beam_width.

    Source: Graves et al. 2006, section 3.2; Hannun et al. 2014, algorithm 1, for 'beam_search'.

    >>> import narae
    >>> scores = narae.ops.one_hot([[1, 1, 0, 1, 2]], 3)
    >>> narae.ops.ctc_decode(scores, [5])[0].tolist()
    [[[1, 1, 2, -1, -1]]]
    """
    scores, lengths = floated(inputs), to(sequence_lengths, "int32")
    scores = to(scores, result_type(scores.dtype, "float32"))  # halves are too coarse to add up
    if scores.ndim != 3 or lengths.shape != scores.shape[:1]:
        raise ShapeError(
            "ctc_decode takes scores (batch, time, classes) and a length for each sample, got shapes "
            f"{scores.shape} and {lengths.shape}"
        )
    mask_index = scores.shape[2] - 1 if mask_index is None else mask_index
    if strategy == "greedy":
        return _greedy(scores, lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(f"strategy is 'greedy' or 'beam_search', got {strategy!r}")
    if top_paths > beam_width:
        raise ValueError(f"top_paths={top_paths} of a beam_width of {beam_width}: widen the beam")
    return _beams(scores, lengths, beam_width, top_paths, mask_index)


def _greedy(scores: Tensor, lengths: Tensor, merge: bool, blank: int) -> tuple[Tensor, Tensor]:
    batch, time, _ = scores.shape
    inside = L.less(constant(np.arange(time), "int32"), S.reshape(lengths, shape=(batch, 1)))
    best = R.argmax(scores, axis=2)
    kept = L.logical_and(inside, L.not_equal(best, constant(blank, "int32")))
    if merge:
        before = S.slice_(best, start=(0, 0), stop=(batch, max(time - 1, 0)), step=(1, 1))
        before = S.concatenate(S.full(-1, (batch, min(time, 1)), "int32"), before, axis=1)
        kept = L.logical_and(kept, L.not_equal(best, before))
    order = argsort(
        L.cast(L.logical_not(kept), dtype="int32"), axis=1
    )  # those kept first, in order
    found = I.take_along(L.select(kept, best, constant(-1, "int32")), order, axis=1)
    most = L.select(inside, R.reduce_max(scores, axes=(2,)), constant(0, scores.dtype))
    total = -R.reduce_sum(most, axes=(1,))
    return S.reshape(found, shape=(1, batch, time)), S.reshape(total, shape=(batch, 1))


def _beams(
    scores: Tensor, lengths: Tensor, width: int, paths: int, blank: int
) -> tuple[Tensor, Tensor]:
    data = scores._known("ctc_decode by beam search").astype(np.float64)
    top = data.max(-1, keepdims=True, initial=-np.inf)
    logs = data - top - np.log(np.exp(data - top).sum(-1, keepdims=True))
    batch, time, _ = data.shape
    labels = np.full((paths, batch, time), -1, np.int32)
    chances = np.full((batch, paths), -np.inf)
    for i, length in enumerate(lengths._known("ctc_decode by beam search")):
        for k, (found, chance) in enumerate(_searched(logs[i, :length], width, blank)[:paths]):
            labels[k, i, : len(found)] = found
            chances[i, k] = chance
    return tensor_of(labels), tensor_of(chances.astype(np_dtype(scores.dtype)))


def _searched(logs: np.ndarray, width: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """The best label sequences of one sample, best first: (time, classes) -> (labels, log p) pairs."""
    beam: Beam = {(): (0.0, -np.inf)}
    for row in logs:
        beam = _extended(beam, row, blank)
        best = sorted(beam, key=lambda labels: -np.logaddexp(*beam[labels]))[:width]
        beam = {labels: beam[labels] for labels in best}
    return [(labels, float(np.logaddexp(*both))) for labels, both in beam.items()]


def _extended(beam: Beam, row: np.ndarray, blank: int) -> Beam:
    """All sequences one time step on: a blank, the last label held, or one label more."""
    out: Beam = {}

    def add(labels: tuple[int, ...], ends_blank: float, ends_label: float) -> None:
        have = out.get(labels, (-np.inf, -np.inf))
        out[labels] = (
            float(np.logaddexp(have[0], ends_blank)),
            float(np.logaddexp(have[1], ends_label)),
        )

    for labels, (by_blank, by_label) in beam.items():
        either = float(np.logaddexp(by_blank, by_label))
        last = labels[-1] if labels else None
        held = -np.inf if last is None else by_label + row[last]
        add(labels, either + row[blank], held)
        for label, chance in enumerate(row):
            if label != blank % len(row):  # the last label again needs a blank between
                add((*labels, label), -np.inf, (by_blank if label == last else either) + chance)
    return out
