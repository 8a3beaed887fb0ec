"""What Keras calls a public op in a file: the class of its record, and the module that has it."""

from __future__ import annotations

import narae.ops

# Keras's module of each public op; what is not listed is in "numpy".
_MODULES = {
    "core": """cast scatter scatter_update slice slice_update stop_gradient saturate_cast cond switch scan
        associative_scan fori_loop while_loop map vectorized_map unstack convert_to_tensor""",
    "nn": """relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink sparse_plus silu swish squareplus
        log_sigmoid leaky_relu hard_sigmoid hard_silu hard_swish hard_tanh hard_shrink tanh_shrink elu selu celu
        gelu glu softmax log_softmax sparsemax threshold max_pool average_pool adaptive_max_pool
        adaptive_average_pool conv depthwise_conv separable_conv conv_transpose one_hot multi_hot moments
        batch_normalization layer_normalization rms_normalization normalize psnr binary_crossentropy
        categorical_crossentropy sparse_categorical_crossentropy ctc_loss ctc_decode dot_product_attention fold
        unfold depth_to_space space_to_depth""",
    "math": """segment_sum segment_max segment_min segment_prod top_k in_top_k logsumexp rsqrt erf erfc erfinv
        extract_sequences fft fft2 ifft2 rfft irfft stft istft cdist logdet""",
    "linalg": """norm det inv solve cholesky cholesky_inverse qr svd eigh eig lu_factor solve_triangular lstsq
        pinv matrix_rank jvp""",
    "einops": "rearrange",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

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
    return f"keras.src.ops.{_MODULE_OF.get(name, 'numpy')}"


def op_of(class_name: str) -> str | None:
    """The public op that a class in a file stands for, None when there is none.

    >>> op_of("LayerNorm"), op_of("System")
    ('layer_normalization', None)
    """
    for name in narae.ops.__all__:
        if name not in _ALIASES and class_name_of(name) == class_name:
            found = getattr(narae.ops, name)
            return name if getattr(found, "__narae_public__", False) else None
    return None
