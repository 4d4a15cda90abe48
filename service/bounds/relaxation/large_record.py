"""What is known of all counted figures of a large record before any query."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from service.bounds.relaxation.bound_components import WindowBounds
from service.bounds.relaxation.component_bounds import ComponentBounds
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.free_points import FreePoints
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.packing import Overlaps, Packing
from service.bounds.relaxation.record_objects import KnownComponents
from service.bounds.relaxation.special_components import SpecialComponent
from service.bounds.relaxation.weighted_components import ComponentWeigher


@dataclass(frozen=True, slots=True)
class LargeRecord:
    """The constraints, their components with bounds, and the claims."""

    table: ConstraintTable
    components: NarrowComponents
    bounds: ComponentBounds
    packing: Packing
    overlaps: Overlaps
    windows: WindowBounds
    free_points: FreePoints
    special: Mapping[int, SpecialComponent]
    weigher: ComponentWeigher
    known_components: KnownComponents = field(default_factory=WeakValueDictionary)
    """Components that were solved by themselves, by their constraints and kept figures."""
