"""The version of the service; it is part of the ETags of totals."""

from typing import Final

__version__: Final = "0.2.0"
