"""Least violation of contradicting bounds where every two constraints are nested or disjoint.

The least sum of shortfall and excess, as a function of the people in one constraint, is convex and
piecewise linear with whole-number slopes. Constraints next to each other inside a larger one are
combined by infimal convolution, which merges the segments by slope. So one pass from the innermost
constraints out finds the least violation, and one pass back finds a price (dual) for each
constraint. By complementary slackness a world violates the bounds least exactly if it is
complementary to these prices, which again is a set of bounds on the same nested constraints: the
optimal face. All numbers are whole; nothing is rounded.

Sources: the slope trick for convex piecewise-linear dynamic programs; complementary slackness of
linear programs, for example A. Schrijver, Theory of Linear and Integer Programming (1986), 7.9.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

Segment = tuple[int, float]
"""A slope and the length on which the function has it; lengths may be infinite."""


@dataclass(frozen=True, slots=True)
class ConvexFunction:
    """A convex piecewise-linear function from ``start`` on; infinite outside its domain.

    ``segments`` have ascending slopes.
    """

    start: float
    segments: tuple[Segment, ...]

    @property
    def stop(self) -> float:
        return self.start + sum(length for _, length in self.segments)

    def restrict(self, low: float, high: float) -> "ConvexFunction":
        """Return the function between two values, of which one must be in its domain."""
        start, stop = max(self.start, low), min(self.stop, high)
        segments = []
        at = self.start
        for slope, length in self.segments:
            first, last = max(at, start), min(at + length, stop)
            if last > first:
                segments.append((slope, last - first))
            at += length
        return ConvexFunction(start, tuple(segments))

    def add_hinge(self, value: float, before: int, after: int) -> "ConvexFunction":
        """Return the function, ``before`` and ``after`` added to the slopes on the two sides."""
        segments: list[Segment] = []
        at = self.start
        for slope, length in self.segments:
            left = min(max(value - at, 0.0), length)
            if left:
                segments.append((slope + before, left))
            if length > left:
                segments.append((slope + after, length - left))
            at += length
        return ConvexFunction(self.start, _join(segments))

    def argmin(self, price: int) -> tuple[float, float]:
        """Return where ``price`` is a subgradient: the least and the greatest such value."""
        low = self.start + sum(length for slope, length in self.segments if slope < price)
        return low, low + sum(length for slope, length in self.segments if slope == price)


def _join(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    joined: list[Segment] = []
    for slope, length in segments:
        if joined and joined[-1][0] == slope:
            joined[-1] = (slope, joined[-1][1] + length)
        else:
            joined.append((slope, length))
    return tuple(joined)


def convolve(functions: Sequence[ConvexFunction], has_own: bool) -> ConvexFunction:
    """Return the least sum of the functions over all ways to divide their argument.

    ``has_own`` adds people of none of them, at no cost.
    """
    if len(functions) == 1 and not has_own:
        return functions[0]
    segments = [segment for function in functions for segment in function.segments]
    if has_own:
        segments.append((0, inf))
    return ConvexFunction(sum(function.start for function in functions), _join(sorted(segments)))


FREE = ConvexFunction(0.0, ((0, inf),))


@dataclass(frozen=True, slots=True)
class OptimalFace:
    """The worlds of least violation, as bounds on the same nested constraints.

    ``amount`` is the least sum of shortfall and excess. ``duals`` are above zero where more people
    in the constraint would cost more, below zero where fewer would, and zero where its bounds do
    not force the violation. ``prices`` are the sums of the duals of all constraints around each:
    constraints force one violation together only if there is a price all the way between them.
    ``has_own`` says whether people outside the constraints inside it are possible. ``least`` and
    ``most`` are the people in each over all these worlds.
    """

    amount: int
    lower: list[float]
    upper: list[float]
    has_own: list[bool]
    duals: list[int]
    prices: list[int]
    least: list[float]
    most: list[float]


def _penalty(lower: float, upper: float, soft_lower: bool, soft_upper: bool) -> ConvexFunction:
    """Return the violation of one constraint's bounds; hard bounds end the domain."""
    penalty = FREE
    if soft_lower:
        penalty = penalty.add_hinge(lower, -1, 0)
    if soft_upper and upper < inf:
        penalty = penalty.add_hinge(upper, 0, 1)
    return penalty.restrict(0.0 if soft_lower else lower, inf if soft_upper else upper)


def _subgradient(function: ConvexFunction, value: float) -> tuple[float, float]:
    """Return the least and the greatest slope at the value; infinite at an end of the domain."""
    left, right = -inf, inf
    at = function.start
    for slope, length in function.segments:
        if at < value:
            left = slope
        if at + length > value:
            right = slope
            break
        at += length
    return left, right


def find_optimal_face(
    order: Sequence[int],
    parent: Sequence[int],
    has_own: Sequence[bool],
    lower: Sequence[float],
    upper: Sequence[float],
    soft_lower: bool,
    soft_upper: bool,
) -> OptimalFace:
    """Return the worlds that violate the soft bounds least and meet the others.

    ``order`` has each constraint before those inside it. At most one of the two kinds of bound may
    be hard.
    """
    count = len(order)
    children: list[list[int]] = [[] for _ in range(count)]
    for constraint in order:
        if parent[constraint] >= 0:
            children[parent[constraint]].append(constraint)
    penalties = [_penalty(lower[i], upper[i], soft_lower, soft_upper) for i in range(count)]
    inner: list[ConvexFunction] = [FREE] * count
    values: list[ConvexFunction] = [FREE] * count
    for constraint in reversed(order):
        inside = [values[child] for child in children[constraint]]
        inner[constraint] = convolve(inside, has_own[constraint])
        value = inner[constraint]
        if soft_lower:
            value = value.add_hinge(lower[constraint], -1, 0)
        if soft_upper and upper[constraint] < inf:
            value = value.add_hinge(upper[constraint], 0, 1)
        restricted = value.restrict(
            0.0 if soft_lower else lower[constraint], inf if soft_upper else upper[constraint]
        )
        values[constraint] = restricted

    face_lower, face_upper, face_own = [0.0] * count, [inf] * count, [False] * count
    duals = [0] * count
    prices = [0] * count
    amount = 0.0
    for constraint in order:
        price = prices[constraint]
        at, _ = values[constraint].argmin(price)
        inner_left, inner_right = _subgradient(inner[constraint], at)
        own_left, own_right = _subgradient(penalties[constraint], at)
        first, last = max(inner_left, price - own_right), min(inner_right, price - own_left)
        inner_price = int(min(max(0.0, first), last))
        dual = price - inner_price
        face_lower[constraint], face_upper[constraint] = penalties[constraint].argmin(dual)
        face_own[constraint] = has_own[constraint] and inner_price == 0
        duals[constraint] = dual
        low = face_lower[constraint]
        shortfall = max(lower[constraint] - low, 0.0) if soft_lower else 0.0
        excess = max(low - upper[constraint], 0.0) if soft_upper else 0.0
        amount += shortfall + excess - dual * low
        for child in children[constraint]:
            prices[child] = inner_price

    least, most = face_lower.copy(), face_upper.copy()
    for constraint in reversed(order):
        inside_nodes = children[constraint]
        least[constraint] = max(least[constraint], sum(least[child] for child in inside_nodes))
        if not face_own[constraint]:
            most[constraint] = min(most[constraint], sum(most[child] for child in inside_nodes))
    for constraint in order:
        inside_nodes = children[constraint]
        sum_least = sum(least[child] for child in inside_nodes)
        open_count = sum(most[child] == inf for child in inside_nodes)
        sum_most = sum(most[child] for child in inside_nodes if most[child] < inf)
        old_least, old_most = [least[c] for c in inside_nodes], [most[c] for c in inside_nodes]
        for child, child_least, child_most in zip(inside_nodes, old_least, old_most, strict=True):
            others_open = face_own[constraint] or open_count > (child_most == inf)
            if not others_open:
                others_most = sum_most - (child_most if child_most < inf else 0.0)
                least[child] = max(child_least, least[constraint] - others_most)
            if most[constraint] < inf:
                most[child] = min(child_most, most[constraint] - (sum_least - child_least))
    return OptimalFace(round(amount), face_lower, face_upper, face_own, duals, prices, least, most)
