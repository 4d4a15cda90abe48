"""Quick pickling of the many small objects of a report, for another process."""

from typing import Any, ClassVar


class PickledAsCall:
    """A dataclass that is pickled as a call of its class with the values of its fields, in order.

    The pickling of frozen dataclasses with slots sets each field by its name, and takes three times
    as long to read.
    """

    __slots__: ClassVar[tuple[str, ...]] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the class and the values of all its fields, which are its slots."""
        return type(self), tuple([getattr(self, name) for name in type(self).__slots__])
