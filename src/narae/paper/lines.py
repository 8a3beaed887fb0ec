"""Lines that are printed on the paper, found and taken out: from edge to edge (ruled, squared), and frames of boxes.

A line is thin, straight, and as long as the paper; a stroke that crosses it is thicker there than the line alone, and
stays. Found in strips across the line, which it fills each for itself, so that it may lie a little askew or bend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narae.paper.windows import boxes, labelled

_STRIPS = 20
_STEEPEST = 0.12  # 7 degrees


@dataclass(frozen=True)
class Line:
    """y = at + slope x, so many pixels thick."""

    at: float
    slope: float
    thick: float


def without_lines(mask: np.ndarray) -> np.ndarray:
    """A mask of ink (height, width) without lines from edge to edge and without frames.

    >>> page = np.zeros((80, 80), bool); page[::20] = True  # ruled
    >>> page[10:70, 38:43] = True  # a stroke
    >>> left = without_lines(page)
    >>> int(left.sum()), bool(left[10:70, 38:43].all())
    (300, True)
    """
    return _without_frames(_ruling(_without_frames(mask)))


def _without_frames(mask: np.ndarray) -> np.ndarray:
    """Without frames that hold something, and without the dividers of a row of boxes: those go from edge to edge."""
    labels, count = labelled(mask)
    out = mask.copy()
    for name, box in enumerate(boxes(labels, count), 1):
        left, top, right, bottom = (int(n) for n in box)
        at_edge = min(left, top) == 0 or right == mask.shape[1] or bottom == mask.shape[0]
        # squares that go on beyond the picture are no box
        if at_edge or min(right - left, bottom - top) < 16:
            continue
        frame = _frame(labels[top:bottom, left:right] == name)
        if frame is not None:
            inside = mask[top:bottom, left:right] & ~frame
            if _holds_something(inside):
                out[top:bottom, left:right] = _ruling(inside)
    return out


def _ruling(mask: np.ndarray) -> np.ndarray:
    """Without lines from edge to edge, both ways."""
    flat, tall = _lines(mask), _lines(mask.T)
    return mask & ~_band(mask, flat) & ~_band(mask.T, tall).T


# -- lines from edge to edge -------------------------------------------------------------------


def _lines(mask: np.ndarray) -> list[Line]:
    """Lines from the left edge to the right one."""
    height, width = mask.shape
    strip = max(4, width // _STRIPS)
    count = width // strip
    if count < 4:
        return []
    strips = mask[:, : count * strip].reshape(height, count, strip)
    found = [_crossings(strips[:, i]) for i in range(count)]
    lines = []
    for chain in _chains(found, 1.5 + _STEEPEST * strip):
        ends = (chain[0][0] <= 1) + (chain[-1][0] >= count - 2)
        # from edge to edge, a digit in between; or from one edge to a digit at the other
        if not ends or len(chain) < (0.45, 0.35)[ends - 1] * count:
            continue
        x, y, thick = (np.array(values, float) for values in zip(*chain, strict=True))
        slope, at = np.polyfit(x * strip + strip / 2, y, 1)
        if np.abs(at + slope * (x * strip + strip / 2) - y).max() < 2.5 + 0.004 * width:
            lines.append(Line(float(at), float(slope), float(np.median(thick))))
    if not lines:
        return []
    usual = float(np.median([line.slope for line in lines]))
    return [line for line in lines if abs(line.slope - usual) < 0.03]


def _crossings(strip: np.ndarray) -> list[tuple[float, float]]:
    """Where lines cross a strip (height, pixels): the middle and the thickness of each."""
    height = len(strip)
    padded = np.pad(strip, ((2, 2), (0, 0)))
    near = np.logical_or.reduce([padded[i : i + height] for i in range(5)])  # it may rise by 2
    filled = np.pad(near.mean(axis=1) > 0.85, 1)
    share = strip.mean(axis=1)
    edges = np.flatnonzero(np.diff(filled.astype(np.int8)))
    found = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        part = share[max(0, first - 1) : last + 1]
        thick = float(part.sum())
        if 0.5 < thick < max(6.0, 0.02 * height):
            middle = float((part * np.arange(len(part))).sum() / thick) + max(0, first - 1)
            found.append((middle, thick))
    return found


Chain = list[tuple[int, float, float]]


def _chains(found: list[list[tuple[float, float]]], most: float) -> list[Chain]:
    """Crossings linked from strip to strip; where a digit lies on the line, some are missing."""
    chains: list[Chain] = []
    for strip, crossings in enumerate(found):
        free = [c for c in chains if strip - c[-1][0] <= 0.55 * len(found)]
        for middle, thick in crossings:
            near = [
                (abs(_expected(c, strip) - middle), i)
                for i, c in enumerate(free)
                if c[-1][0] < strip and abs(_expected(c, strip) - middle) <= most
            ]
            if near:
                free[min(near)[1]].append((strip, middle, thick))
            else:
                chains.append([(strip, middle, thick)])
    return chains


def _expected(chain: Chain, strip: int) -> float:
    """Where a chain goes on."""
    last = chain[-1]
    if len(chain) < 3:
        return last[1]
    first = chain[max(0, len(chain) - 6)]
    return last[1] + (last[1] - first[1]) / (last[0] - first[0]) * (strip - last[0])


def _band(mask: np.ndarray, lines: list[Line]) -> np.ndarray:
    """The pixels of lines, but for those where something thicker lies across."""
    height, width = mask.shape
    out = np.zeros_like(mask)
    if not lines:
        return out
    run = _runs(mask)
    columns = np.arange(width)
    for line in lines:
        middle = line.at + line.slope * columns
        half = line.thick / 2 + 1
        reach = int(np.ceil(half + 2))
        rows = np.rint(middle).astype(int) + np.arange(-reach, reach + 1)[:, None]
        inside = (rows >= 0) & (rows < height)
        rows = rows.clip(0, height - 1)
        # drifts of a bent line: its own pixels are those that no thicker thing has
        own = inside & mask[rows, columns] & (run[rows, columns] <= 1.5 * line.thick + 2)
        at = np.nonzero(own)
        out[rows[at], columns[at[1]]] = True
    return out


def _runs(mask: np.ndarray) -> np.ndarray:
    """How long the vertical run of ink is that each pixel is in."""
    up, down = np.zeros(mask.shape, np.int32), np.zeros(mask.shape, np.int32)
    for row in range(len(mask)):
        up[row] = np.where(mask[row], (up[row - 1] if row else 0) + 1, 0)
    for row in range(len(mask) - 1, -1, -1):
        down[row] = np.where(mask[row], (down[row + 1] if row + 1 < len(mask) else 0) + 1, 0)
    return np.maximum(up + down - 1, 0)


# -- frames ------------------------------------------------------------------------------------


def _frame(region: np.ndarray) -> np.ndarray | None:
    """The four sides of a frame, when that is what lies outermost in a region that fills its box; else None."""
    out = np.zeros_like(region)
    for turn in range(4):
        turned = np.rot90(region, turn)
        side = _side(turned)
        if side is None:
            return None
        out |= np.rot90(side, -turn)
    return out


def _side(region: np.ndarray) -> np.ndarray | None:
    """The left side of a frame: the first ink of nearly each row lies on one straight line, equally thick."""
    height, width = region.shape
    has = region.any(axis=1)
    first = region.argmax(axis=1).astype(float)
    rows = np.arange(height)
    allowed = 2.5 + 0.012 * height
    middle = (rows > 0.08 * height) & (rows < 0.92 * height) & has
    if middle.sum() < 0.6 * height:
        return None
    near = middle & (np.abs(first - np.median(first[middle])) < 0.1 * width + 2)
    if near.sum() < 0.6 * height:
        return None
    slope, at = np.polyfit(rows[near], first[near], 1)
    line = at + slope * rows
    if (np.abs(first - line) < allowed)[has].mean() < 0.88 or abs(slope) > _STEEPEST:
        return None
    # how far the ink goes in from the line; most rows have the frame alone
    columns = np.arange(width)
    ahead = columns >= first[:, None]
    gap = np.where(ahead & ~region, columns, width).min(axis=1)
    thick = float(np.median((gap - first)[middle]))
    if thick > max(7.0, 0.06 * min(height, width)):
        return None
    return region & (columns <= (line + thick + 1.5)[:, None])


def _holds_something(inside: np.ndarray) -> bool:
    """Whether there is more within a frame than what is left of the frame itself."""
    labels, count = labelled(inside)
    return any(bottom - top > 0.2 * len(inside) for _, top, _, bottom in boxes(labels, count))
