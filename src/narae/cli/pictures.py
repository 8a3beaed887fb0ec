"""A folder of pictures, one folder within it for each class: read, brought to one size, told apart by class."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from narae.base.errors import MissingExtra
from narae.base.language import tr, trn
from narae.base.names import printable
from narae.cli.output import complain

try:
    from PIL import Image as _Image
    from PIL import ImageOps as _ImageOps
except ImportError:  # the extra `plot`, for pictures alone
    _Image = _ImageOps = None
Image: Any = _Image
ImageOps: Any = _ImageOps

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_MOST_PIXELS = 64_000_000
_NAMED = 5  # broken files that are named, before they are only counted
_LEAST = 3  # of each class: one to train on, one to validate by, one to test with
_TRAIN, _TEST = "train", "test"


@dataclass(frozen=True)
class Form:
    """What every picture is brought to: its side in pixels, and 1 channel (grey) or 3 (colour)."""

    side: int
    channels: int


@dataclass
class Pictures:
    """Pictures (n, side, side, channels) of bytes, their labels, and the files that they come from."""

    images: np.ndarray
    labels: np.ndarray
    files: list[Path]


@dataclass
class _Found:
    files: list[Path] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)


def class_folders(folder: Path) -> dict[str, Path]:
    """The folders of the classes by name, in the order of names. Raises ValueError where there are not two."""
    found = {
        unicodedata.normalize("NFC", path.name): path  # macOS takes Hangul apart
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    if len(found) < 2:
        raise ValueError(
            tr(
                "{folder} has {count} folders in it: a folder of pictures has one folder for each class, two at least, "
                "such as {folder}/cat and {folder}/dog",
                folder=folder,
                count=len(found),
            )
        )
    return found


def is_divided(folder: Path) -> bool:
    """Whether somebody has set test pictures aside: folders `train` and `test`, and no others."""
    return {path.name for path in folder.iterdir() if path.is_dir()} == {_TRAIN, _TEST}


def read(folder: Path, side: int, grey: bool | None) -> tuple[Pictures, Pictures | None, list[str]]:
    """The pictures to train on, those of a folder `test` where there is one, and the classes' names.

    grey: None tells by the pictures: grey when all of them are. Files that cannot be read are named and left out.
    Raises ValueError for less than two classes, or too few pictures of one.
    """
    divided = is_divided(folder)
    parts = [folder / _TRAIN, folder / _TEST] if divided else [folder]
    names = list(class_folders(parts[0]))
    found = [_files(part, names) for part in parts]
    opened = [_opened(one, side) for one in found]
    if grey is None:
        grey = all(_is_grey(image) for images, _, _ in opened for image in images)
    whole = [_packed(images, labels, files, grey) for images, labels, files in opened]
    least = _LEAST - 1 if divided else _LEAST
    counts = np.bincount(whole[0].labels, minlength=len(names))
    for name, count in zip(names, counts, strict=True):
        if count < least:
            raise ValueError(
                tr(
                    "the class {name!r} has {count} pictures that can be read, and needs {least} at least",
                    name=name,
                    count=int(count),
                    least=least,
                )
            )
    return whole[0], whole[1] if divided else None, names


def _files(folder: Path, names: Sequence[str]) -> _Found:
    found = _Found()
    folders = class_folders(folder)
    unknown = sorted(set(folders) - set(names))
    if unknown:
        raise ValueError(
            tr(
                "{folder} has the class {name!r}, which the training pictures do not have",
                folder=folder,
                name=unknown[0],
            )
        )
    for label, name in enumerate(names):
        for path in sorted(folders[name].rglob("*") if name in folders else ()):
            if path.suffix.lower() in ENDINGS and path.is_file():
                found.files.append(path)
                found.labels.append(label)
    loose = [p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.is_file()]
    if loose:
        complain(
            trn(
                "{count} picture lies in no folder of a class, and is left out: {first}",
                "{count} pictures lie in no folder of a class, and are left out: {first}, ...",
                len(loose),
                first=printable(loose[0].name),
            )
        )
    return found


def _opened(found: _Found, side: int) -> tuple[list[np.ndarray], list[int], list[Path]]:
    images, labels, files, broken = [], [], [], 0
    for path, label in zip(found.files, found.labels, strict=True):
        try:
            images.append(picture(path, side))
        except ValueError as error:
            broken += 1
            if broken <= _NAMED:
                complain(tr("left out: {error}", error=error))
            continue
        labels.append(label)
        files.append(path)
    if broken > _NAMED:
        complain(trn("{count} file was left out", "{count} files were left out", broken))
    return images, labels, files


def picture(path: Path, side: int) -> np.ndarray:
    """A picture as bytes (side, side, 3): scaled as a whole, what is left beside it in the colour of its edge.

    Raises ValueError for what is no picture.
    """
    if Image is None:
        raise MissingExtra("pillow", "plot", tr("reading pictures"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and odd metadata
            with Image.open(path) as opened:
                if opened.size[0] * opened.size[1] > _MOST_PIXELS:
                    raise ValueError(
                        tr("it has more than {most:,} pixels: scale it down", most=_MOST_PIXELS)
                    )
                whole = _on_white(ImageOps.exif_transpose(opened))
    except FileNotFoundError:
        raise ValueError(tr("there is no file {path}", path=path)) from None
    # Damaged files make pillow's decoders raise whatever their parsing ran into.
    except Exception as error:
        raise ValueError(
            tr(
                "{path} is no picture that can be read (or is damaged): {error}",
                path=path,
                error=error,
            )
        ) from None
    edge = np.asarray(whole)
    border = np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]])
    colour = tuple(int(v) for v in np.median(border, axis=0))
    return np.asarray(ImageOps.pad(whole, (side, side), Image.Resampling.BOX, color=colour))


def _on_white(image: Any) -> Any:
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits: pillow would cut them off
        values = np.asarray(image, np.float64)
        span = float(np.ptp(values)) or 1.0
        image = Image.fromarray(((values - values.min()) / span * 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB")


def _is_grey(image: np.ndarray) -> bool:
    return bool((np.ptp(image.astype(np.int16), axis=-1) <= 8).all())


def as_form(images: Sequence[np.ndarray], channels: int) -> np.ndarray:
    """Pictures (side, side, 3) as one array with that many channels."""
    whole = np.stack(images)
    if channels == 3:
        return whole
    weights = np.array([0.299, 0.587, 0.114], np.float32)  # of ITU-R BT.601, as pillow's grey
    return np.rint(whole @ weights)[..., None].astype(np.uint8)


def _packed(images: list[np.ndarray], labels: list[int], files: list[Path], grey: bool) -> Pictures:
    if not images:
        return Pictures(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int32), [])
    return Pictures(as_form(images, 1 if grey else 3), np.asarray(labels, np.int32), files)


def split(
    labels: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places of samples, (kept, set aside): of each class that share, one at least, by chance."""
    aside = []
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        aside.append(places[: max(1, round(share * len(places)))])
    chosen = np.sort(np.concatenate(aside))
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


def describe(names: Sequence[str], labels: np.ndarray) -> Iterator[str]:
    """How many pictures each class has."""
    counts = np.bincount(labels, minlength=len(names))
    for name, count in zip(names, counts, strict=True):
        yield f"{printable(name)} {count:,}"
