"""How well digits on paper are read: `python -m tools.paper_table` prints the table of docs/paper.md.

`--split tune` looks at the writers and seeds that thresholds were chosen with, and fits the temperature on them;
the table is of `--split report`, which nothing was chosen with.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tools.paper_hands import Split
from tools.paper_styles import STYLES, samples, sheets

from narae.paper import network
from narae.paper.page import Page, read_page


@dataclass
class Count:
    """What became of sheets: all, right ones, wrong ones, wrong ones that were sure, and those with something unknown;
    the probabilities of single digits and which they are, where as many were found as there are."""

    all: int = 0
    right: int = 0
    wrong: int = 0
    sure: int = 0
    unknown: int = 0
    probabilities: list[np.ndarray] = field(default_factory=list)
    digits: list[int] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, place: int, rows: list[str], page: Page | None) -> None:
        """Count a sheet."""
        self.all += 1
        found = [] if page is None else page.rows
        answer = ["".join(mark.text for mark in row) for row in found]
        if answer == rows:
            self.right += 1
        else:
            self.failed.append((place, "/".join(rows), "/".join(answer)))
            known = bool(answer) and "?" not in "".join(answer)
            self.unknown += not known
            self.wrong += known
            marks = [] if page is None else page.marks
            self.sure += known and min(mark.confidence for mark in marks) > 0.9
        if [len(row) for row in found] == [len(row) for row in rows] and page is not None:
            self.probabilities += [mark.probabilities for mark in page.marks]
            self.digits += [int(digit) for row in rows for digit in row]


def read(
    pictures: Iterable[tuple[Image.Image, list[str]]], temperature: float, keep: Path | None = None
) -> Count:
    """Read sheets and count; keep: a folder for those that were not read right."""
    count = Count()
    for place, (picture, rows) in enumerate(pictures):
        try:
            page = read_page(
                np.asarray(picture, "f4") / 255, lambda x: network.classify(x, temperature)
            )
        except ValueError:  # nothing was seen
            page = None
        failed = len(count.failed)
        count.add(place, rows, page)
        if keep is not None and len(count.failed) > failed:
            picture.save(keep / f"{'-'.join(rows)}-{place}.png")
    return count


def styled(style: str, number: int, split: Split) -> Iterable[tuple[Image.Image, list[str]]]:
    """Sheets of one digit."""
    return ((picture, [digit]) for picture, digit in samples(style, number, split))


def calibration_error(probabilities: np.ndarray, digits: np.ndarray, bins: int = 10) -> float:
    """The expected calibration error (Naeini et al. 2015): how far confidence and share of right answers are apart,
    over bins of confidence, each by how many answers it has."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == digits
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    apart = [abs(confidence[place == b].sum() - right[place == b].sum()) for b in np.unique(place)]
    return float(sum(apart) / len(digits))


def fitted_temperature(probabilities: np.ndarray, digits: np.ndarray) -> float:
    """The temperature that makes the digits likeliest."""
    choices = np.arange(0.5, 3.01, 0.05)
    losses = [
        -np.log(network.tempered(probabilities, t)[np.arange(len(digits)), digits]).mean()
        for t in choices
    ]
    return float(choices[int(np.argmin(losses))])


def main() -> None:
    """Read all sheets, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=["tune", "report"], default="report")
    parser.add_argument("--count", type=int, default=100, help="sheets of each style")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the sheets that were not read right"
    )
    flags = parser.parse_args()
    split: Split = flags.split
    temperature = 1.0 if split == "tune" else network.TEMPERATURE
    counts: dict[str, Count] = {}
    print("| style | sheets | right | wrong | of them above 90 % sure | don't know |")
    print("|---|---|---|---|---|---|")
    for style in [*STYLES, "several digits"]:
        several = style == "several digits"
        pictures = sheets(flags.count, split) if several else styled(style, flags.count, split)
        folder = None if flags.keep is None else flags.keep / style.replace(" ", "-")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        c = counts[style] = read(pictures, temperature, folder)
        print(
            f"| {style} | {c.all} | {c.right / c.all:.0%} | {c.wrong} | {c.sure} | {c.unknown} |",
            flush=True,
        )
        for place, rows, answer in c.failed if flags.keep else []:
            print(f"    {place}: {rows} -> {answer}")
    probabilities = np.array([p for c in counts.values() for p in c.probabilities])
    digits = np.array([d for c in counts.values() for d in c.digits])
    raw = network.tempered(probabilities, 1 / temperature)
    wrong, sure = (sum(getattr(c, name) for c in counts.values()) for name in ("wrong", "sure"))
    print(f"\nof {wrong} wrong answers {sure} were above 90 % sure; {len(digits)} digits:")
    best = fitted_temperature(raw, digits) if split == "tune" else temperature
    for name, t in (("1, as trained", 1.0), (f"{best:.2f}", best)):
        error = calibration_error(network.tempered(raw, t), digits)
        print(f"temperature {name}: expected calibration error {error:.2%}")


if __name__ == "__main__":
    main()
