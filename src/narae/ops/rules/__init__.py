"""What public operations give for symbolic tensors, where a trace cannot tell, or tells more than Keras does.

Most operations need nothing here: a trace with numbers in the place of unknown lengths gives their shapes. A
rule is for results whose lengths depend on numbers, for operations that Keras accepts or refuses by the shapes
it knows alone, and for those whose result keeps the lengths of one argument.
"""

from narae.ops.rules import arguments, data_dependent, joining  # noqa: F401  (fill the table)
