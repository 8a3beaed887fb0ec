"""narae.preprocessing.image: pictures and arrays, see `narae.utils`."""

from narae.base.missing import explain_missing
from narae.utils.images import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]

__path__: list[str] = []  # `from` looks for missing names as it does in a package
explain_missing(__name__, __all__)
