"""Keras's layers that narae has not yet."""

from __future__ import annotations

from narae.base.errors import NotYet, nearest

_RECURRENT = "recurrent layers come in a later version"
_ATTENTION = "embeddings and attention come in a later version"
_TEXT = (
    "np.unique(values, return_inverse=True), np.digitize make numbers of categories before training"
)
_IMAGES = "NumPy, Pillow or SciPy change images before training, or in a narae.utils.PyDataset, batch by batch"
_SOUND = "narae.ops.stft and narae.ops.rfft are there"
_FOREIGN = "it wraps another library's code"

MISSING = {
    **dict.fromkeys(
        (
            *(
                "LSTM",
                "GRU",
                "SimpleRNN",
                "RNN",
                "LSTMCell",
                "GRUCell",
                "SimpleRNNCell",
                "StackedRNNCells",
            ),
            *("Bidirectional", "TimeDistributed", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        ),
        _RECURRENT,
    ),
    **dict.fromkeys(
        (
            *(
                "Embedding",
                "ReversibleEmbedding",
                "MultiHeadAttention",
                "GroupQueryAttention",
                "Attention",
            ),
            *("AdditiveAttention", "RotaryEmbedding"),
        ),
        _ATTENTION,
    ),
    **dict.fromkeys(
        (
            *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup"),
            *("StringLookup", "TextVectorization"),
        ),
        _TEXT,
    ),
    **dict.fromkeys(
        (
            *("AugMix", "AutoContrast", "CenterCrop", "CutMix", "Equalization", "MixUp"),
            *("ContrastLimitedAdaptiveHistogramEqualization", "MaxNumBoundingBoxes"),
            *("RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter"),
            *("RandomContrast", "RandomCrop", "RandomElasticTransform", "RandomErasing"),
            *("RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert"),
            *("RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation"),
            *("RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Resizing"),
            "Solarization",
        ),
        _IMAGES,
    ),
    **dict.fromkeys(("MelSpectrogram", "STFTSpectrogram"), _SOUND),
    **dict.fromkeys(("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"), _FOREIGN),
    "Pipeline": "a Sequential model chains layers",
}


def missing(name: str, known: list[str]) -> Exception:
    """The error for a layer that is not here: not yet, or unknown with the nearest name."""
    if name in MISSING:
        return NotYet(
            f"narae.layers has no {name} yet: {MISSING[name]}. A subclass of Layer can do it meanwhile."
        )
    return AttributeError(f"narae.layers has no {name!r}. {nearest(name, known)}")
