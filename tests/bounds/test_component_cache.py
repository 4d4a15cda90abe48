"""The cache of components serves later states of the record and keeps to its size."""

from service.bounds.component_solver import MIN_COMPONENT_WEIGHT, ComponentCache
from service.bounds.constraints import Constraint, FigureScopes, Reclassifications
from tests.bounds.builders import GROUPS, PLACES, finish
from tests.bounds.test_laminar import make_running_totals


def make_component_constraints(count: int) -> tuple[Constraint, ...]:
    """Return the constraints of running totals over ``count`` days."""
    figures = make_running_totals(count)
    figures_by_id = {figure.id: figure for figure in figures}
    scopes = FigureScopes(figures, Reclassifications(figures, figures_by_id), PLACES, GROUPS)
    return tuple(finish(scopes.build_constraints()))


def test_few_small_components_are_all_cached() -> None:
    cache = ComponentCache(5 * MIN_COMPONENT_WEIGHT)
    components = [make_component_constraints(count) for count in range(2, 7)]
    first = [cache.get_component(constraints) for constraints in components]
    assert [cache.get_component(constraints) for constraints in components] == first


def test_the_least_recently_used_component_makes_room_for_a_large_one() -> None:
    cache = ComponentCache(300**2 + MIN_COMPONENT_WEIGHT)
    small = make_component_constraints(2)
    other = make_component_constraints(3)
    large = make_component_constraints(300)
    cached, evicted = cache.get_component(small), cache.get_component(other)
    assert cache.get_component(small) is cached
    large_component = cache.get_component(large)
    assert cache.get_component(large) is large_component
    assert cache.get_component(small) is cached
    assert cache.get_component(other) is not evicted


def test_the_current_component_is_cached_however_large() -> None:
    cache, large = ComponentCache(1), make_component_constraints(100)
    assert cache.get_component(large) is cache.get_component(large)
    cache.get_component(make_component_constraints(2))
    assert len(cache._components) == 1
