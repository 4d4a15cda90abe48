"""The version of this code. Only the same version gives byte for byte the same responses."""

from typing import Final

__version__: Final = "0.3.0"
