"""What is known of all counted figures of a large record before any query."""

from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from service.bounds.component_solver import Component
from service.bounds.relaxation.bound_components import WindowBounds
from service.bounds.relaxation.component_bounds import ComponentBounds
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.packing import Overlaps, Packing


@dataclass(frozen=True, slots=True)
class LargeRecord:
    """The constraints, their components with bounds, and the claims."""

    table: ConstraintTable
    components: NarrowComponents
    bounds: ComponentBounds
    packing: Packing
    overlaps: Overlaps
    windows: WindowBounds
    known_components: WeakValueDictionary[tuple[bytes, bytes], Component] = field(
        default_factory=WeakValueDictionary
    )
    """Components that were solved by themselves, by their constraints and kept figures."""
