"""The release of this code: answers are the same under the same release only."""

from typing import Final

RELEASE: Final = "0.1.0"
