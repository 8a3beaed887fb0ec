"""Pictures as arrays (height, width, channels), and back. Needs Pillow: `pip install 'narae[plot]'`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from narae.base.dtypes import np_dtype, standardize_dtype
from narae.base.errors import MissingExtra, ShapeError, unknown_name
from narae.base.files import atomic_write
from narae.base.language import tr
from narae.base.settings import standardize_data_format
from narae.base.types import DTypeLike, TensorLike

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Source = str | os.PathLike[str] | IO[bytes]
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
COLORS = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("pillow", "plot", tr("reading and writing pictures")) from None
    return Image


def img_to_array(
    img: Picture | TensorLike, data_format: str | None = None, dtype: DTypeLike | None = None
) -> np.ndarray:
    """A picture as an array.

    Args:
        img: a Pillow picture, or an array (h, w) or (h, w, c).
        data_format: "channels_last" or "channels_first"; None for `image_data_format()`.
        dtype: of the array; None for floatx.

    Returns: a NumPy array (h, w, c), or (c, h, w) for "channels_first".

    Raises:
        ShapeError: another rank.

    >>> img_to_array(np.zeros((2, 3))).shape
    (2, 3, 1)
    """
    first = standardize_data_format(data_format) == "channels_first"
    x = np.asarray(img, np_dtype(standardize_dtype(dtype)))
    if x.ndim not in (2, 3):
        raise ShapeError(tr("a picture has rank 2 or 3, got shape {shape}", shape=x.shape))
    x = x[..., None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if first else x


def array_to_img(
    x: TensorLike,
    data_format: str | None = None,
    scale: bool = True,
    dtype: DTypeLike | None = None,
) -> Picture:
    """An array as a picture.

    Args:
        x: (h, w, c), or (c, h, w) for "channels_first", with 1, 3 or 4 channels.
        data_format: "channels_last" or "channels_first"; None for `image_data_format()`.
        scale: whether the values are stretched to 0..255; else they are taken as they are.
        dtype: in which is computed; None for floatx.

    Returns: a Pillow picture.

    Raises:
        ShapeError: another rank or number of channels.

    >>> array_to_img([[[0.0], [1.0]]]).getpixel((1, 0))
    255
    """
    image = _pillow()
    array = np.asarray(x, np_dtype(standardize_dtype(dtype)))
    if array.ndim != 3:
        raise ShapeError(tr("a picture has rank 3, got shape {shape}", shape=array.shape))
    if standardize_data_format(data_format) == "channels_first":
        array = array.transpose(1, 2, 0)
    if scale:
        array = array - array.min()
        array = array / (array.max() or 1) * 255
    channels = array.shape[-1]
    if channels not in (1, 3, 4):
        raise ShapeError(
            tr("a picture has 1, 3 or 4 channels, got shape {shape}", shape=array.shape)
        )
    if channels == 1:
        plane = array[..., 0]
        return image.fromarray(plane.astype("int32" if plane.max() > 255 else "uint8"))
    return image.fromarray(array.astype("uint8"))


def load_img(
    path: Source,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Picture:
    """A picture from a file.

    Args:
        path: the file, or an open one, of bytes.
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width) in pixels to resize to; None for the file's.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: whether the middle is cut out before resizing, so that nothing is stretched.

    Returns: a Pillow picture.

    Raises:
        ValueError: another colour mode or interpolation.
        TypeError: path is no file.
        OSError: as `open` does.

    >>> import io
    >>> file = io.BytesIO()
    >>> save_img(file, np.zeros((4, 6, 3)), file_format="png")
    >>> load_img(io.BytesIO(file.getvalue()), target_size=(2, 3)).size
    (3, 2)
    """
    image = _pillow()
    if color_mode not in COLORS:
        raise unknown_name("color_mode", color_mode, COLORS)
    if interpolation not in INTERPOLATIONS:
        raise unknown_name("interpolation", interpolation, INTERPOLATIONS)
    with io.BytesIO(_read(path)) as file:
        img = image.open(file)
        img.load()
    if img.mode not in COLORS[color_mode]:
        img = img.convert(COLORS[color_mode][0])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    box = _middle(img.size, target_size) if keep_aspect_ratio else None
    how = getattr(image.Resampling, interpolation.upper())
    return img.resize((target_size[1], target_size[0]), how, box=box)


def _read(path: Source) -> bytes:
    if isinstance(path, (str, os.PathLike)):
        return Path(path).read_bytes()
    if hasattr(path, "read"):
        return path.read()
    raise TypeError(tr("a picture is read from a path or an open file, got {path!r}", path=path))


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest box in the middle that has the target's proportions, as Keras cuts it."""
    width, height = size
    wanted_height, wanted_width = target
    cut_height = min(height, (width * wanted_height) // wanted_width)
    cut_width = min(width, (height * wanted_width) // wanted_height)
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    return left, top, left + cut_width, top + cut_height


def save_img(
    path: Source,
    x: TensorLike,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture.

    Args:
        path: the file, or an open one, for bytes.
        x: (h, w, c), or (c, h, w) for "channels_first", with 1, 3 or 4 channels; JPEG has no transparency, which is
            left out.
        data_format: "channels_last" or "channels_first"; None for `image_data_format()`.
        file_format: such as "png"; None for that of the path's ending.
        scale: whether the values are stretched to 0..255.
        **kwargs: what Pillow's `save` takes.

    Raises:
        ValueError: the format is not known.
        ShapeError: another rank or number of channels.

    >>> import io
    >>> file = io.BytesIO()
    >>> save_img(file, np.zeros((4, 6, 1)), file_format="png")
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    img = array_to_img(x, data_format, scale)
    if isinstance(path, (str, os.PathLike)):
        ending = Path(path).suffix.lower()
        file_format = file_format or _pillow().registered_extensions().get(ending)
    if not file_format:
        raise ValueError(
            tr("no picture format is known for {path!r}: give file_format='png'", path=path)
        )
    file_format = {"jpg": "jpeg"}.get(file_format.lower(), file_format)
    if img.mode == "RGBA" and file_format.lower() == "jpeg":
        img = img.convert("RGB")
    if not isinstance(path, (str, os.PathLike)):
        img.save(path, format=file_format, **kwargs)
        return
    with atomic_write(path) as file:
        img.save(file, format=file_format, **kwargs)
