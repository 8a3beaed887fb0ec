"""What Keras calls a public op in a file: the class of its record, and the module that has it."""

from __future__ import annotations

import narae.ops  # noqa: F401  (fills the table)
from narae.tensor.public_names import PUBLIC

# Keras's module of a family of public ops; of what is not listed it is "numpy".
_FAMILIES = {
    "attention": "nn",
    "control": "core",
    "convolution": "nn",
    "crossentropies": "nn",
    "decoding": "nn",
    "factorizations": "linalg",
    "fourier": "math",
    "linalg": "linalg",
    "nn": "nn",
    "norms": "nn",
    "patches": "nn",
    "piecewise": "nn",
    "pooling": "nn",
    "segments": "math",
    "simplex": "nn",
}
# Public ops that Keras has in another module than their family.
_APART = {
    **dict.fromkeys(("scatter", "scatter_update", "slice", "slice_update", "unstack"), "core"),
    **dict.fromkeys(("cast", "convert_to_tensor", "saturate_cast", "stop_gradient"), "core"),
    **dict.fromkeys(("depth_to_space", "space_to_depth", "multi_hot", "one_hot"), "nn"),
    **dict.fromkeys(("cdist", "erf", "erfc", "erfinv", "in_top_k", "logdet"), "math"),
    **dict.fromkeys(("logsumexp", "rsqrt", "top_k"), "math"),
    **dict.fromkeys(("jvp", "norm"), "linalg"),
    **dict.fromkeys(("mish", "slogdet"), "numpy"),
    "rearrange": "einops",
}

# Classes that are not named as the function's words joined.
_CLASSES = {
    **{
        name: name.upper()
        for name in ["fft", "fft2", "ifft2", "rfft", "irfft", "stft", "istft", "jvp", "psnr", "svd"]
    },
    "abs": "Absolute",
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "conj": "Conjugate",
    "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss",
    "hard_swish": "HardSilu",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "swish": "Silu",
}
# Functions of one class: a file gives the one of the class's name.
_ALIASES = ("abs", "conj", "hard_swish", "swish")


def class_name_of(name: str) -> str:
    """The class of Keras that stands for an op.

    >>> class_name_of("reduce_sum"), class_name_of("fft2")
    ('ReduceSum', 'FFT2')
    """
    return _CLASSES.get(name) or "".join(part.capitalize() for part in name.split("_"))


def module_of(name: str) -> str:
    """Keras's module of that class.

    >>> module_of("softmax"), module_of("mean")
    ('keras.src.ops.nn', 'keras.src.ops.numpy')
    """
    family = PUBLIC[name].module.rpartition(".")[2] if name in PUBLIC else ""
    return f"keras.src.ops.{_APART.get(name) or _FAMILIES.get(family, 'numpy')}"


def op_of(class_name: str) -> str | None:
    """The public op that a class in a file stands for, None when there is none.

    >>> op_of("LayerNorm"), op_of("System")
    ('layer_normalization', None)
    """
    for name, entry in sorted(PUBLIC.items()):
        if name not in _ALIASES and class_name_of(name) == class_name:
            return name if getattr(entry.function, "__narae_public__", False) else None
    return None
