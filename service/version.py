"""The version of this code: answers are the same under the same version only."""

from typing import Final

__version__: Final = "0.1.0"
