"""An explanation as one HTML file that needs nothing else, and as a part of a notebook."""

from __future__ import annotations

import html
import json
import secrets
from importlib import resources
from typing import TYPE_CHECKING, Any

from narae.base.language import tr
from narae.base.types import Json
from narae.inspect.explanation.graph import numbers, picture, rounded
from narae.inspect.explanation.tables import Table, facts, tables

if TYPE_CHECKING:
    from narae.inspect.explanation.report import Explanation, Layer

_HEIGHT = 640  # pixels of a notebook's frame until its page tells how high it is

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body{within}>
<header><h1>{title}</h1><ul class="facts">{facts}</ul>
<div class="bar" role="toolbar" aria-label="picture">
<button id="fold">Fold all</button><button id="unfold">Unfold all</button>
<button id="smaller" aria-label="smaller">−</button><button id="larger" aria-label="larger">+</button>
<button id="fit">Fit</button>
<label>Bars: <select id="shade"><option value="phase">none</option><option value="time">time</option>
<option value="flops">FLOPs</option></select></label>
<span class="note">Click a box, or Tab, arrows and Enter: it unfolds, and its details stand beside it.
Dashed: values that the gradient or the update takes along.</span></div></header>
<main><div class="scroll" id="picture" tabindex="-1"></div>
<section id="panel" tabindex="0" aria-live="polite" aria-label="details"><h3>Details</h3>
<p>Choose a box or a step in the picture.</p></section></main>
<div class="tables">{tables}</div>
<script type="application/json" id="data">{data}</script><script>{script}</script></body></html>
"""


# A frame may not be looked into from outside, so its page tells its height. Pages of JupyterLab run an output's
# script on its own, so it finds its frame by name.
_FRAME = """<iframe id="{name}" srcdoc="{source}" sandbox="allow-scripts" title="explanation" \
style="width:100%;height:{height}px;border:0;display:block"></iframe>
<script>addEventListener("message", function (event) {{
  const frame = document.getElementById("{name}");
  if (frame && event.source === frame.contentWindow && event.data && event.data.naraeHeight > 0)
    frame.style.height = Math.ceil(event.data.naraeHeight) + "px";
}});</script>"""


def page(found: Explanation, within: bool = False) -> str:
    """The whole page. within: it stands in a frame of a notebook, where its tables are folded."""
    return _PAGE.format(
        within=' class="within"' * within,
        title=html.escape(tr("{model}: one {kind} step", model=found.model, kind=tr(found.kind))),
        style=_asset("explain.css"),
        script=_asset("explain.js"),
        facts="".join(
            f"<li>{html.escape(name)} <b>{html.escape(value)}</b></li>"
            for name, value in facts(found)
        ),
        tables="".join(_table(table, within) for table in tables(found)),
        data=_json({**picture(found), "layers": {la.path: _layer(la) for la in found.layers}}),
    )


def fragment(found: Explanation) -> str:
    """For notebooks: the page in a frame of its own, so that neither disturbs the other."""
    source = html.escape(page(found, within=True), quote=True)
    return _FRAME.format(name=f"narae-{secrets.token_hex(8)}", source=source, height=_HEIGHT)


def _asset(name: str) -> str:
    return (resources.files("narae.inspect.explanation") / "assets" / name).read_text(
        encoding="utf-8"
    )


def _json(data: Json) -> str:
    """JSON within HTML: no '<' that could end the script's element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _layer(layer: Layer) -> dict[str, Any]:
    shape = ", ".join(map(str, layer.shape))
    return {
        "type": f"{layer.dtype}[{shape}]" if layer.dtype else "",
        "gradient": rounded(layer.gradient_norm),
        "dead": rounded(layer.dead),
        "parameters": layer.parameters,
        "numbers": None if layer.statistics is None else numbers(layer.statistics),
        "weights": [
            [w.name, w.shape, rounded(w.norm), rounded(w.gradient_norm), rounded(w.change)]
            for w in layer.weights
        ],
    }


def _table(table: Table, folded: bool) -> str:
    right = [' class="n"' if column.right else "" for column in table.columns]
    head = "".join(
        f"<th{cls}>{html.escape(tr(c.title))}</th>"
        for cls, c in zip(right, table.columns, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{cls}>{_cell(cell)}</td>" for cls, cell in zip(right, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    title = f"<h2>{html.escape(table.title)}</h2>"
    shown = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"<details><summary>{title}</summary>{shown}</details>" if folded else title + shown


def _cell(text: str) -> str:
    shown = html.escape(text)
    return f"<code>{shown.replace(chr(10), '<br>')}</code>" if " = " in text else shown
