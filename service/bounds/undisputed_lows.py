"""The lows that no contradiction can set aside, found without solving anything."""

import numpy as np

from service.bounds.linear_program import LinearProgram
from service.bounds.presolve import Block, ConstraintBounds
from service.bounds.sparse_matrix import SparseMatrix
from service.columns.arrays import FloatArray, IntArray

MAX_TRIED_TYPES = 8
"""How many person types are tried for one constraint; most need one."""


def find_undisputed_lows(
    program: LinearProgram, block: Block, bounds: ConstraintBounds
) -> FloatArray:
    """Return the people that each constraint has in every world of least shortfall, or fewer.

    The result, ``float[n_block_constraints]``, may be too low and is never too high: a low up to it
    is not set aside, whatever the block's contradictions turn out to be.

    Suppose that a constraint has fewer than L people in a world that meets all upper bounds, where
    L is at most its lower bound. Take one of its person types. If every upper bound that counts
    such a person is on a part of the constraint and is at least L, none of them is reached, because
    a part has no more people than the whole. So another such person could be added, and the world
    is not one of least shortfall. Hence in every such world the constraint has at least L people.
    """
    lower, upper = bounds.lower[block.constraints], bounds.upper[block.constraints]
    guaranteed = np.where(block.uses_lower, 0.0, lower)
    columns_of = program.constraint_matrix.submatrix(block.constraints, block.columns).split_rows()
    types = program.person_type_matrix.submatrix(
        block.constraints, np.arange(program.person_type_matrix.shape[1])
    )
    sizes = np.array([len(columns) for columns in columns_of])
    caps = _select_rows(types, np.flatnonzero(block.uses_upper))
    least_upper = np.full(types.shape[1], np.inf)
    np.minimum.at(least_upper, caps.column, upper[caps.row])
    largest_size = np.zeros(types.shape[1], dtype=np.int64)
    np.maximum.at(largest_size, caps.column, sizes[caps.row])
    order = np.argsort(caps.column, kind="stable")
    cap_starts = np.searchsorted(caps.column[order], np.arange(types.shape[1] + 1))
    cap_rows = caps.row[order]
    types_of = types.split_rows()
    for position in np.flatnonzero(block.uses_lower).tolist():
        own_types = types_of[position]
        candidates = own_types[largest_size[own_types] <= sizes[position]]
        best_first = candidates[np.argsort(-least_upper[candidates], kind="stable")]
        for person_type in best_first[:MAX_TRIED_TYPES].tolist():
            counting = cap_rows[cap_starts[person_type] : cap_starts[person_type + 1]]
            if all(_is_part(columns_of[cap], columns_of[position]) for cap in counting.tolist()):
                guaranteed[position] = min(least_upper[person_type], lower[position])
                break
    return guaranteed


def _select_rows(matrix: SparseMatrix, rows: IntArray) -> SparseMatrix:
    """Return the matrix with the entries of these rows only."""
    is_kept = np.isin(matrix.row, rows)
    return SparseMatrix(
        matrix.shape, matrix.row[is_kept], matrix.column[is_kept], matrix.value[is_kept]
    )


def _is_part(columns: IntArray, whole: IntArray) -> bool:
    """Whether all columns of one constraint are columns of the other."""
    return columns is whole or bool(np.isin(columns, whole).all())
