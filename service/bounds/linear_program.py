"""The linear program of one component: numbers of people as variables, figures' scopes as rows.

The program does not depend on the query, which only selects columns. So it is built once for all
queries on the same figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.boxes import Box, Region
from service.bounds.computation import Steps
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.laminar import LaminarFamily
from service.bounds.partition import NOWHERE, Partition, build_partition
from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import BoolArray, IntArray
from service.domain.vocabulary import OUTCOMES


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Columns are numbers of people; the people of a constraint are the sum of its columns.

    ``constraint_matrix`` is ``0/1[n_constraints, n_columns]``. ``coupling_matrix`` has the entries
    +1, 0 and -1, and each row times the columns must be at most 0. These coupling constraints link
    the columns of a cell in which two registers may name the same incident. ``column_cells`` and
    ``coupling_cells`` give the cell of each column and coupling constraint; -1 for a column without
    coupling.

    A person type is a cell with at most one chain of incidents. ``person_type_matrix``,
    ``0/1[n_constraints, n_person_types]``, gives the constraints that count such a person, and
    ``person_type_column`` the column in which a query counts such a person.
    """

    constraints: tuple[Constraint, ...]
    constraint_matrix: SparseMatrix
    coupling_matrix: SparseMatrix
    column_cells: IntArray
    coupling_cells: IntArray
    person_type_matrix: SparseMatrix
    person_type_column: IntArray
    laminar_family: LaminarFamily | None
    """The constraints as a forest; None if they are not laminar or if there is any coupling."""
    _partition: Partition
    _cell_columns: IntArray
    """``int[n_pairs, 2]``: a cell and one of the columns that add up to its people."""

    def classify_columns(self, region: Region) -> tuple[BoolArray, BoolArray]:
        """Return which columns can hold people inside the box, and which people outside it.

        Both arrays are ``bool[n_columns]``.
        """
        cell_in, cell_out = self._partition.classify(region.boxes)
        cell, column = self._cell_columns.T
        has_inside = np.zeros(self.constraint_matrix.shape[1], dtype=bool)
        has_outside = np.zeros(self.constraint_matrix.shape[1], dtype=bool)
        has_inside[column[cell_in[cell]]] = True
        has_outside[column[cell_out[cell]]] = True
        return has_inside, has_outside

    def locate_people(self, axis: str) -> IntArray:
        """Return a place and a day of people of each outcome in each column; ``NOWHERE`` for none.

        The array is ``int[n_columns, n_outcomes, 2]``; places are along one axis.
        """
        points = self._partition.find_points(axis)
        found = np.full((self.constraint_matrix.shape[1], len(OUTCOMES), 2), NOWHERE)
        for outcome in range(len(OUTCOMES)):
            cell, column = self._cell_columns[
                points[self._cell_columns[:, 0], outcome, 1] != NOWHERE
            ].T
            found[column, outcome] = points[cell, outcome]
        return found


def build_linear_program(
    constraints: Sequence[Constraint], windows: Sequence[Box] = ()
) -> Steps[LinearProgram]:
    """Return the program of the constraints, which may belong to several components.

    No column has people both inside and outside of one of the windows. Raises TooManyCellsError if
    the cells cannot be enumerated.
    """
    own_boxes = {part.box for constraint in constraints for part in constraint.parts}
    boxes = sorted(own_boxes.union(windows))
    box_numbers = {box: index for index, box in enumerate(boxes)}
    partition = yield from build_partition(boxes)
    if any(part.incident_path for constraint in constraints for part in constraint.parts):
        in_windows = partition.incidence[:, [box_numbers[each] for each in windows]]
        return (
            yield from _build_with_incidents(tuple(constraints), box_numbers, partition, in_windows)
        )
    in_constraint = [
        partition.incidence[:, [box_numbers[part.box] for part in constraint.parts]].any(axis=1)
        for constraint in constraints
    ]
    is_counted = np.any(in_constraint, axis=0)  # Cells of windows alone are not.
    constraint_matrix = SparseMatrix.from_dense(np.array(in_constraint)[:, is_counted])
    all_columns = np.arange(constraint_matrix.shape[1])
    coupling_matrix = SparseMatrix.from_dense(np.zeros((0, constraint_matrix.shape[1])))
    cell_columns = np.stack([np.flatnonzero(is_counted), all_columns], axis=1)
    uncoupled = np.full(constraint_matrix.shape[1], -1)
    laminar_family = LaminarFamily.from_matrix(constraint_matrix)
    return LinearProgram(
        tuple(constraints),
        constraint_matrix,
        coupling_matrix,
        uncoupled,
        all_columns[:0],
        constraint_matrix,
        all_columns,
        laminar_family,
        partition,
        cell_columns,
    )


def _build_with_incidents(
    constraints: tuple[Constraint, ...],
    box_numbers: Mapping[Box, int],
    partition: Partition,
    in_windows: BoolArray,
) -> Steps[LinearProgram]:
    """Return the program of constraints if some of them cover single incidents.

    ``in_windows``, bool[n_cells, n_windows], flags the windows of each cell. Cells in different
    ones have different columns.
    """
    holders_of_box: list[list[tuple[int, IncidentBox]]] = [[] for _ in box_numbers]
    for constraint_number, constraint in enumerate(constraints):
        for part in constraint.parts:
            holders_of_box[box_numbers[part.box]].append((constraint_number, part))
    builder = _ProgramBuilder(len(constraints))
    for cell, in_box in enumerate(partition.incidence):
        yield
        holders = [pair for box in np.flatnonzero(in_box) for pair in holders_of_box[box]]
        builder.add_cell(cell, holders, in_windows[cell].tobytes())
    return builder.build_program(constraints, partition)


class _ProgramBuilder:
    """Collects the columns of a program whose constraints cover incidents.

    Ids of two schemes may name the same incident, so a cell with two schemes would need a column
    for each pair of ids. It is sufficient to have, for each scheme, the number of the cell's people
    in each of its incidents. Such numbers are consistent if no scheme has more people than the cell
    and if, where no constraint covers the whole cell, all schemes together have at least as many.
    """

    def __init__(self, constraint_count: int) -> None:
        self._constraint_count = constraint_count
        self._unreached_columns: set[int] = set()
        self._column_constraints: list[frozenset[int]] = []
        self._merged_columns: dict[tuple[frozenset[int], bytes], int] = {}
        self._couplings: list[tuple[list[int], list[int]]] = []
        self._column_cells: list[int] = []
        self._coupling_cells: list[int] = []
        self._cell, self._windows = -1, b""
        self._person_types: set[tuple[frozenset[int], int]] = set()
        self._cell_columns: list[tuple[int, int]] = []

    def add_cell(self, cell: int, holders: list[tuple[int, IncidentBox]], windows: bytes) -> None:
        """Add the columns of a cell; each holder is a constraint with the path of its incident.

        Cells with other ``windows`` do not share columns with it.
        """
        self._cell, self._windows = cell, windows
        root = _Incident()
        for constraint, part in holders:
            root.add_constraint(constraint, part)
        columns = self._make_incident_columns(root, frozenset(), frozenset(), None, False)
        self._cell_columns.extend((cell, column) for column in columns)

    def _make_incident_columns(
        self,
        incident: "_Incident",
        carried: frozenset[int],
        enclosing: frozenset[int],
        shared_column: int | None,
        is_reached: bool,
    ) -> list[int]:
        """Return the columns that add up to the incident's people.

        ``enclosing`` are the constraints of all incidents around it. ``carried`` are those of them
        that the incident's own columns must count. Where several schemes share one column,
        ``shared_column``, that column counts the constraints of the incidents around it.
        """
        carried = carried | (incident.constraints - enclosing)
        enclosing = enclosing | incident.constraints
        is_reached = is_reached or incident.is_reached
        if len(incident.schemes) > 1:
            return [
                self._make_shared_column(incident, carried, enclosing, shared_column, is_reached)
            ]
        columns = [
            column
            for subincident in incident.iterate_subincidents()
            for column in self._make_incident_columns(
                subincident, carried, enclosing, shared_column, is_reached
            )
        ]
        if incident.is_union:
            return columns
        if incident.constraints and (is_reached or shared_column is not None):
            own_column = self._make_column(carried, is_coupled=shared_column is not None)
            columns.append(own_column)
            if is_reached:
                self._person_types.add(
                    (enclosing, own_column if shared_column is None else shared_column)
                )
            else:
                # A figure of another scheme must reach these people.
                self._unreached_columns.add(own_column)
        return columns

    def _make_shared_column(
        self,
        incident: "_Incident",
        carried: frozenset[int],
        enclosing: frozenset[int],
        shared_column: int | None,
        is_reached: bool,
    ) -> int:
        """Return the single column of an incident whose people are counted by several schemes."""
        total_column = self._make_column(carried, is_coupled=True)
        shared_column = total_column if shared_column is None else shared_column
        if is_reached and not incident.is_union:
            self._person_types.add((enclosing, shared_column))
        all_columns: list[int] = []
        for scheme in incident.schemes.values():
            scheme_columns = [
                column
                for subincident in scheme.values()
                for column in self._make_incident_columns(
                    subincident, frozenset(), enclosing, shared_column, is_reached
                )
            ]
            self._add_coupling(scheme_columns, [total_column])
            all_columns.extend(scheme_columns)
        if incident.is_union or not is_reached:
            reached_columns = [each for each in all_columns if each not in self._unreached_columns]
            self._add_coupling([total_column], reached_columns)
        return total_column

    def _add_coupling(self, smaller: list[int], larger: list[int]) -> None:
        """Require that the first columns hold at most as many people as the second ones."""
        self._couplings.append((smaller, larger))
        self._coupling_cells.append(self._cell)

    def _make_column(self, constraints: frozenset[int], is_coupled: bool) -> int:
        """Return the column of these constraints; a coupled one is not shared with other cells."""
        key = constraints, self._windows
        if not is_coupled and key in self._merged_columns:
            return self._merged_columns[key]
        self._column_constraints.append(constraints)
        self._column_cells.append(self._cell if is_coupled else -1)
        if not is_coupled:
            self._merged_columns[key] = len(self._column_constraints) - 1
        return len(self._column_constraints) - 1

    def build_program(
        self, constraints: tuple[Constraint, ...], partition: Partition
    ) -> LinearProgram:
        """Return the program of all cells that were added."""
        constraint_matrix = SparseMatrix.from_sets(self._column_constraints, self._constraint_count)
        person_types = sorted(
            self._person_types, key=lambda person_type: (sorted(person_type[0]), person_type[1])
        )
        person_type_matrix = SparseMatrix.from_sets(
            [constraint_set for constraint_set, _ in person_types], self._constraint_count
        )
        person_type_column = np.array([column for _, column in person_types], dtype=np.int64)
        cell_columns = np.array(sorted(set(self._cell_columns)), dtype=np.int64)
        column_cells = np.array(self._column_cells, dtype=np.int64)
        coupling_cells = np.array(self._coupling_cells, dtype=np.int64)
        laminar_family = None if self._couplings else LaminarFamily.from_matrix(constraint_matrix)
        return LinearProgram(
            constraints,
            constraint_matrix,
            self._build_coupling_matrix(),
            column_cells,
            coupling_cells,
            person_type_matrix,
            person_type_column,
            laminar_family,
            partition,
            cell_columns,
        )

    def _build_coupling_matrix(self) -> SparseMatrix:
        """Return the coupling constraints: +1 for the smaller side, -1 for the larger side."""
        entries = [
            (coupling, column, sign)
            for coupling, sides in enumerate(self._couplings)
            for columns, sign in zip(sides, (1, -1), strict=True)
            for column in columns
        ]
        table = np.array(entries, dtype=np.int64).reshape(-1, 3)
        return SparseMatrix((len(self._couplings), len(self._column_constraints)), *table.T)


class _Incident:
    """An incident in one cell: the constraints that cover it, and the incidents inside it."""

    def __init__(self) -> None:
        self.constraints: frozenset[int] = frozenset()
        self.is_reached = False
        self.is_union = False
        self.schemes: dict[str, dict[str, _Incident]] = {}

    def add_constraint(self, constraint: int, part: IncidentBox) -> None:
        """Register that the constraint covers the incident at the end of the path."""
        incident = self
        for scheme, incident_id in part.incident_path:
            incident = incident.schemes.setdefault(scheme, {}).setdefault(incident_id, _Incident())
        incident.constraints |= {constraint}
        incident.is_reached |= part.role == "scope"
        incident.is_union |= part.role == "reclassified"

    def iterate_subincidents(self) -> Iterator["_Incident"]:
        """Yield the incidents directly inside this one, of all schemes."""
        for scheme in self.schemes.values():
            yield from scheme.values()
