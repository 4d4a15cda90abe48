"""The types of arrays of numbers and flags.

Docstrings give the shape as ``bool[n_constraints]`` or ``int[n_patches, 4]``.
"""

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
