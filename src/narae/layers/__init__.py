"""Layers, one idea per module."""

from __future__ import annotations

from narae.base.missing import explain_missing
from narae.base.serialization import deserialize_keras_object, serialize_keras_object
from narae.base.types import Config, CustomObjects
from narae.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from narae.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from narae.layers.attention import AdditiveAttention, Attention
from narae.layers.base import Layer
from narae.layers.batch_normalization import BatchNormalization
from narae.layers.bidirectional import Bidirectional
from narae.layers.conv import Conv1D, Conv2D, Conv3D
from narae.layers.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from narae.layers.core import (
    ActivityRegularization,
    Identity,
    Lambda,
    Masking,
    UnitNormalization,
)
from narae.layers.cropping import Cropping1D, Cropping2D, Cropping3D
from narae.layers.dense import Dense
from narae.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D
from narae.layers.einsum_dense import EinsumDense
from narae.layers.embedding import Embedding, ReversibleEmbedding
from narae.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from narae.layers.group_normalization import GroupNormalization
from narae.layers.grouped_query_attention import GroupQueryAttention
from narae.layers.gru import GRU, GRUCell
from narae.layers.input import Input, InputLayer
from narae.layers.input_spec import InputSpec
from narae.layers.joining import Concatenate, Dot, concatenate, dot
from narae.layers.layer_normalization import LayerNormalization, RMSNormalization
from narae.layers.lstm import LSTM, LSTMCell
from narae.layers.merging import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from narae.layers.multi_head_attention import MultiHeadAttention
from narae.layers.noise import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from narae.layers.padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from narae.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from narae.layers.preprocessing import Normalization, Rescaling
from narae.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from narae.layers.rnn import RNN
from narae.layers.separable import SeparableConv1D, SeparableConv2D
from narae.layers.simple_rnn import SimpleRNN, SimpleRNNCell
from narae.layers.spectral_normalization import SpectralNormalization
from narae.layers.stacked_rnn_cells import StackedRNNCells
from narae.layers.time_distributed import TimeDistributed
from narae.layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from narae.layers.upsampling import UpSampling1D, UpSampling2D, UpSampling3D
from narae.layers.wrapper import Wrapper

# Keras's other names of the same classes
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = (
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RNN",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "ReversibleEmbedding",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]


def serialize(layer: Layer) -> Config:
    """A layer as JSON-ready data.

    Args:
        layer: a layer.

    Returns: a dict with 'class_name', 'config' and where to find the class.

    >>> serialize(Flatten())["class_name"]
    'Flatten'
    """
    return serialize_keras_object(layer)


def deserialize(config: Config, custom_objects: CustomObjects | None = None) -> Layer:
    """The layer that `serialize` described.

    Args:
        config: what `serialize` gave.
        custom_objects: classes and functions of your own, by name; None: the registered ones.

    Returns: a new layer; its variables begin anew.

    Raises:
        ValueError: the config describes no layer, or a class that nothing knows.

    >>> deserialize(serialize(Dense(3))).units
    3
    """
    layer = deserialize_keras_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"the config describes no layer: {config!r:.100}")
    return layer


explain_missing(__name__, __all__)
