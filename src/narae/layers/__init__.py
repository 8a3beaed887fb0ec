"""Layers, one idea per module."""

from narae.layers.base import Layer
from narae.layers.dense import Dense
from narae.layers.input import Input, InputLayer
from narae.layers.input_spec import InputSpec

__all__ = ["Dense", "Input", "InputLayer", "InputSpec", "Layer"]
