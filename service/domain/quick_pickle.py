"""Quick pickling of the many small objects of a report, for another process."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Final


class PickledAsCall:
    """A dataclass that is pickled as a call of its class with the values of its fields, in order.

    The pickling of frozen dataclasses with slots sets each field by its name, and takes three times
    as long to read.
    """

    __slots__: ClassVar[tuple[str, ...]] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the class and the values of all its fields, which are its slots."""
        own_class = type(self)
        if own_class not in _READERS:
            _READERS[own_class] = attrgetter(*own_class.__slots__)  # There are several.
        return own_class, _READERS[own_class](self)


_READERS: Final[dict[type, Callable[[Any], tuple[Any, ...]]]] = {}
"""The function that reads all fields of an object, by its class."""
