"""narae.preprocessing: older places of helpers of `narae.utils`, as Keras keeps them.

>>> from narae.preprocessing.sequence import pad_sequences
>>> pad_sequences([[1], [2, 3]]).tolist()
[[0, 1], [2, 3]]
"""

from narae.base.missing import explain_missing
from narae.preprocessing import image, sequence
from narae.utils.timeseries import timeseries_dataset_from_array

__all__ = ["image", "sequence", "timeseries_dataset_from_array"]

explain_missing(__name__, __all__)
