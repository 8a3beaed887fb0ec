"""What notebooks show of objects: small tables in HTML, without scripts, in the page's own colours.

All that is shown is escaped: names may come from a file.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from narae.base.language import tr
from narae.base.names import printable

_LINE = "1px solid color-mix(in srgb, currentColor 25%, transparent)"
_CELL = f"padding:2px 10px;border:0;border-bottom:{_LINE};vertical-align:top"
_BOX = "display:inline-block;max-width:100%;overflow-x:auto;margin:4px 0;font-variant-numeric:tabular-nums"
_MOST = 8  # rows and columns of numbers that are shown


class Shown:
    """Objects that a notebook shows as a card; each fills it in `_show_on`."""

    __slots__ = ()

    def _show_on(self, card: Card) -> None:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        card = Card()
        self._show_on(card)
        return card.html()


class Card:
    """A box with a title, and what is added to it, one below the other.

    >>> card = Card()
    >>> card.title("Tensor <3>")
    >>> card.html()[-29:]
    '<b>Tensor &lt;3&gt;</b></div>'
    """

    def __init__(self) -> None:
        self._parts: list[str] = []

    def html(self) -> str:
        """The box."""
        return f'<div class="narae" style="{_BOX}">{"".join(self._parts)}</div>'

    def title(self, text: str) -> None:
        """Add a title."""
        self._parts.append(f"<b>{_text(text)}</b>")

    def facts(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Add a line of names with values."""
        shown = (
            f'<span style="margin-right:16px;white-space:nowrap">'
            f'<span style="opacity:.7">{_text(name)}</span> {_text(value)}</span>'
            for name, value in pairs
        )
        self._parts.append(f"<div>{''.join(shown)}</div>")

    def lines(self, texts: Iterable[str]) -> None:
        """Add lines of text."""
        self._parts += [f"<div>{_text(text)}</div>" for text in texts]

    def table(
        self, heads: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()
    ) -> None:
        """Add a table. right: columns of numbers."""
        sides = [
            f"{_CELL};text-align:{'right' if i in right else 'left'}" for i in range(len(heads))
        ]

        def row(tag: str, cells: Sequence[object]) -> str:
            pairs = zip(sides, cells, strict=True)
            inner = "".join(f"<{tag} style={side!r}>{_text(c)}</{tag}>" for side, c in pairs)
            return f"<tr>{inner}</tr>"

        body = "".join(row("td", cells) for cells in rows)
        head = row("th", heads) if any(heads) else ""
        style = "border-collapse:collapse;margin:4px 0"
        self._parts.append(f'<table style="{style}">{head}{body}</table>')

    def numbers(self, values: np.ndarray) -> None:
        """Add the numbers of an array: all of a small one, the corners of a large one; of more than two axes the
        first matrix; and how they are spread."""
        self.facts(spread(values))
        if not values.size:
            return
        leading = max(0, values.ndim - 2)
        if leading:
            self.lines([f"[{', '.join('0' * leading)}]"])
        matrix = np.atleast_2d(values[(0,) * leading])
        rows, columns = (_places(length) for length in matrix.shape)
        body = [["…" if min(i, j) < 0 else _number(matrix[i, j]) for j in columns] for i in rows]
        self.table([""] * len(columns), body, range(len(columns)))

    def picture(self, figure: Any) -> None:
        """Add a Picture."""
        data, size = figure._repr_png_()
        source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        style = "max-width:100%;height:auto"
        self._parts.append(
            f'<div><img src="{source}" width="{size["width"]}" style="{style}"></div>'
        )


def spread(values: np.ndarray) -> list[tuple[str, str]]:
    """Least, mean, standard deviation and largest of numbers, by name; how many are none.

    >>> spread(np.array([1.0, 3.0]))[1]
    ('mean', '2')
    """
    if values.size < 2 or values.dtype.kind not in "fiu" or values.dtype.itemsize < 2:
        return []
    floats = values.astype(np.float64)
    finite = floats[np.isfinite(floats)]
    found: list[tuple[str, str]] = []
    if finite.size:
        known = {
            tr("min"): finite.min(),
            tr("mean"): finite.mean(),
            tr("standard deviation"): finite.std(),
            tr("max"): finite.max(),
        }
        found = [(name, f"{value:.4g}") for name, value in known.items()]
    if finite.size < floats.size:
        found.append((tr("not finite"), f"{floats.size - finite.size:,}"))
    return found


def plain_arguments(get_config: Callable[[], Mapping[str, object]]) -> Iterator[tuple[str, object]]:
    """What of a configuration is one number, word, or row of them; what was wrong, where there is none."""
    try:
        config = dict(get_config())
    except NotImplementedError:  # a class of the user's, whose arguments nobody told us
        return
    except Exception as error:  # the user's own code: a notebook's cell did not ask for it
        yield "get_config", f"{type(error).__name__}: {error}"
        return
    for name, value in config.items():
        parts = value if isinstance(value, (list, tuple)) else [value]
        plain = all(isinstance(part, (bool, int, float, str)) for part in parts)
        if plain and name not in ("name", "trainable", "dtype"):
            yield name, value


def _places(length: int) -> list[int]:
    """Which places of an axis are shown; -1 stands for those between."""
    if length <= _MOST:
        return list(range(length))
    half = _MOST // 2
    return [*range(half), -1, *range(length - half, length)]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)


def _text(value: object) -> str:
    import html

    return html.escape(printable(str(value)))
