"""The cache of components serves later states of the record and keeps to its size."""

from service.bounds.component_cache import ComponentCache, estimate_component_bytes
from service.bounds.component_solver import Component
from service.bounds.constraints import Constraint, FigureScopes, Reclassifications
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure
from service.object_size import measure_bytes
from service.shared_cache import SharedCache
from tests.bounds.builders import GROUPS, PLACES, finish
from tests.bounds.test_laminar import make_running_totals


def make_component_constraints(count: int) -> tuple[Constraint, ...]:
    """Return the constraints of running totals over ``count`` days."""
    figures = make_running_totals(count)
    figures_by_id = {figure.id: figure for figure in figures}
    scopes = FigureScopes(figures, Reclassifications(figures, figures_by_id), PLACES, GROUPS)
    return tuple(finish(scopes.build_constraints()))


def test_small_components_are_cached() -> None:
    cache = ComponentCache()
    components = [make_component_constraints(count) for count in range(2, 7)]
    first = [cache.get_component(constraints) for constraints in components]
    assert [cache.get_component(constraints) for constraints in components] == first


def test_the_least_recently_used_component_makes_room_for_a_large_one() -> None:
    small, other, large = map(make_component_constraints, (2, 3, 300))
    cache = ComponentCache(SharedCache(sum(map(estimate_component_bytes, (small, large)))))
    cached = cache.get_component(small)
    evicted = measure_identity(cache.get_component(other))
    assert cache.get_component(small) is cached
    large_component = cache.get_component(large)
    assert cache.get_component(large) is large_component
    assert cache.get_component(small) is cached
    assert measure_identity(cache.get_component(other)) != evicted


def measure_identity(component: Component) -> object:
    """Return something that only this component has, without keeping the component alive."""
    component.mark = object()  # type: ignore[attr-defined]
    return component.mark  # type: ignore[attr-defined]


def test_a_component_that_is_in_use_is_found_however_small_the_cache() -> None:
    cache, large = ComponentCache(SharedCache(1)), make_component_constraints(100)
    component = cache.get_component(large)
    assert cache.get_component(large) is component


def test_the_estimate_is_of_the_size_of_a_solved_component() -> None:
    for count in (2, 20, 200):
        figures = make_running_totals(count)
        shared = SharedCache()
        engine = TotalsEngine(figures, PLACES, GROUPS, None, ComponentCache(shared))
        for figure in figures[: min(count, 10)]:
            engine.total(figure.scope, 60.0)
        constraints = make_component_constraints(count)
        component = engine._cache.get_component(constraints)
        real = measure_bytes(component, frozenset((Figure,)))
        assert real / 4 <= estimate_component_bytes(constraints) <= 10 * real
