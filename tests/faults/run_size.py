"""How much is done to the service: a little with every test run, all of it by ``make faults``."""

import os
import sys
from typing import Final, TypeVar

IS_FULL_RUN: Final = os.environ.get("FAULTS_SIZE") == "full"


Size = TypeVar("Size")


def choose_size(small: Size, full: Size) -> Size:
    """Return the amount of the size that is run."""
    return full if IS_FULL_RUN else small


def print_progress(text: str) -> None:
    """Tell how far a full run has come."""
    if IS_FULL_RUN:
        print(f"  {text}", file=sys.stderr, flush=True)
