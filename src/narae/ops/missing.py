"""Keras's `keras.ops` names that narae has not yet, each with the way out."""

from __future__ import annotations

from collections.abc import Sequence

from narae.base.errors import NotYet, nearest

_COMPLEX = "narae has no complex numbers"
_SIGNAL = "SciPy or NumPy do it outside of a model"
_COMPOSE = "compose it of narae.ops meanwhile"
_IMAGE = "convolution layers come next, and bring it"

MISSING = {
    **dict.fromkeys(("eig", "polar", "view_as_complex", "view_as_real", "view"), _COMPLEX),
    **dict.fromkeys(
        ("fft", "fft2", "ifft2", "irfft", "rfft", "stft", "istft", "extract_sequences", "i0"),
        _SIGNAL,
    ),
    **dict.fromkeys(
        ("adaptive_average_pool", "adaptive_max_pool", "depth_to_space", "space_to_depth"), _IMAGE
    ),
    **dict.fromkeys(("fold", "unfold", "image"), _IMAGE),
    **dict.fromkeys(
        (
            *(
                "argpartition",
                "corrcoef",
                "ctc_decode",
                "custom_gradient",
                "dsplit",
                "hsplit",
                "vsplit",
                "fabs",
            ),
            *(
                "fmax",
                "fmin",
                "fmod",
                "gcd",
                "isin",
                "jvp",
                "lcm",
                "nanargmax",
                "nanargmin",
                "nancumprod",
            ),
            *(
                "nancumsum",
                "nanmedian",
                "nanpercentile",
                "nanquantile",
                "nextafter",
                "percentile",
                "rearrange",
            ),
            *("segment_min", "segment_prod", "unravel_index", "vander", "vectorize"),
        ),
        _COMPOSE,
    ),
    **dict.fromkeys(("linalg", "nn", "numpy"), "its functions are in narae.ops itself"),
}


def missing(name: str, known: Sequence[str]) -> AttributeError:
    """The error for a name that narae.ops does not have: not yet, or unknown with the nearest one."""
    if name in MISSING:
        return NotYet(f"narae.ops has no {name} yet: {MISSING[name]}")
    return AttributeError(f"narae.ops has no {name!r}. {nearest(name, known)}")
