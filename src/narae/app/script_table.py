"""The part of a script that reads a learner's CSV file: points, scaling and split as the playground has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from narae.app.own import MOST
from narae.app.tables.reading import BLANK

_FORMULAS = {
    "x": "points[:, 0]",
    "y": "points[:, 1]",
    "x2": "points[:, 0] ** 2",
    "y2": "points[:, 1] ** 2",
    "xy": "points[:, 0] * points[:, 1]",
    "sin_x": "np.sin(np.pi * points[:, 0])",
    "sin_y": "np.sin(np.pi * points[:, 1])",
}
_TEXT = """
# {columns} of the file: x and y of a point, and its target
BLANK = {blank}


def number(text):
    try:
        return float(text{comma})
    except ValueError:
        return None


with open({file!r}, encoding={encoding!r}, newline="") as file:
    table = list(csv.reader(file, delimiter={separator!r}, skipinitialspace=True))
table = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]{header}
table = [[row[i] for i in {places}] for row in table]
table = [row for row in table if not any(cell.lower() in BLANK for cell in row)]
table = [row for row in table if all(number(cell) is not None for cell in row[:{numbers}])]

# each column of numbers from -1 to 1
points = np.array([[number(cell) for cell in row[:{numbers}]] for row in table])
low, high = points.min(axis=0), points.max(axis=0)
points = (points - (low + high) / 2) / ((high - low) / 2)
{targets}


def draw(number, count):
    return np.random.Generator(np.random.Philox(key=number)).permutation(count)


if len(points) > {most}:
    keep = np.sort(draw([1, 4], len(points))[:{most}])
    points, targets = points[keep], targets[keep]

# a share of {share} of each class tests
order, training, testing = draw([{seed}, 3], len(points)), [], []
groups = {groups}
for group in np.unique(groups):
    of = order[groups[order] == group]
    count = min(round({share} * len(of)), len(of) - 1)
    testing.append(of[:count])
    training.append(of[count:])
training, testing = np.sort(np.concatenate(training)), np.sort(np.concatenate(testing))

inputs = np.stack([{inputs}], axis=1).astype("float32")
x, y, val_x, val_y = inputs[training], targets[training], inputs[testing], targets[testing]
"""


def reads_table(knobs: Mapping[str, Any]) -> bool:
    """Whether the knobs' points are those of a file, as it is."""
    table = knobs["own"]["table"]
    return knobs["data"] == "own" and table is not None and bool(table["file"])


def table_script(knobs: Mapping[str, Any]) -> str:
    """Lines that make x, y, val_x and val_y of the file, which lies beside the script."""
    own = knobs["own"]
    table, classes = own["table"], own["kind"] == "classes"
    names = f"NAMES = {own['names']!r}\n"
    indices = "np.array([NAMES.index(row[2][:80]) for row in table], dtype='int32')"
    return "import csv\n" + _TEXT.format(
        columns=", ".join(repr(column["name"]) for column in table["columns"]),
        blank=sorted(BLANK),
        comma='.replace(",", ".")' if table["decimal"] == "," else "",
        file=table["file"],
        encoding=table["encoding"],
        separator=table["separator"],
        header="[1:]" if table["header"] else "",
        places=[column["place"] for column in table["columns"]],
        numbers=2 if classes else 3,
        targets=f"{names}targets = {indices}" if classes else 'targets = points[:, 2:].astype("float32")',
        most=MOST,
        share=knobs["test_share"],
        seed=knobs["seed"],
        groups="targets" if classes else "np.zeros(len(points))",
        inputs=", ".join(_FORMULAS[name] for name in knobs["features"]),
    )  # fmt: skip
