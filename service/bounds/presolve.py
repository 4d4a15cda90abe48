"""Presolve: drop bounds that cannot bind, and split the rest into independent blocks.

Compare the redundant constraints and dominated variables of Brearley, Mitra and Williams, "Analysis
of mathematical programming problems prior to applying the simplex algorithm" (1975).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.linear_program import LinearProgram
from service.bounds.sparse_matrix import find_connected_components, vstack
from service.columns.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ConstraintBounds:
    """The bounds of all constraints, ``float[n_constraints]`` each; 0 and infinity mean none.

    Instances compare by identity, so that results can be cached by them.
    """

    lower: FloatArray
    upper: FloatArray

    @property
    def has_upper(self) -> BoolArray:
        """Which constraints have an upper bound, ``bool[n_constraints]``."""
        return np.asarray(np.isfinite(self.upper), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Block:
    """Constraints, columns and coupling constraints that depend on each other and on nothing else.

    ``constraints``, ``columns`` and ``couplings`` are indices in the program. ``uses_lower`` and
    ``uses_upper``, ``bool[n_block_constraints]``, flag the bounds that were not dropped.
    """

    constraints: IntArray
    uses_lower: BoolArray
    uses_upper: BoolArray
    columns: IntArray
    couplings: IntArray


def make_whole_block(program: LinearProgram) -> Block:
    """Return a block of everything in the program."""
    constraint_count, column_count = program.constraint_matrix.shape
    every = np.ones(constraint_count, dtype=bool)
    couplings = np.arange(program.coupling_matrix.shape[0])
    return Block(np.arange(constraint_count), every, every, np.arange(column_count), couplings)


def find_blocks(
    program: LinearProgram,
    bounds: ConstraintBounds,
    free_types: BoolArray,
    needed_columns: BoolArray,
    query_columns: BoolArray,
) -> list[Block]:
    """Return the blocks of binding bounds and needed columns that contain a column of the query.

    A lower bound does not bind if it can be met by a person type in ``free_types`` (which costs
    nothing) that no upper bound counts. A column without a binding lower bound that is not needed
    is 0 in some optimum and is dropped. An upper bound is dropped if all its columns are, or if it
    is not below the greatest sum that its block can reach. Then further lower bounds may not bind.

    ``free_types`` is ``bool[n_person_types]``; the other arrays are ``bool[n_columns]``.
    """
    blocks: list[Block] = []
    pending = [(np.arange(len(program.constraints)), bounds.has_upper, needed_columns)]
    while pending:
        constraints, uses_upper, pending_columns = pending.pop()
        uses_lower = _flag_binding_lower(program, bounds, constraints, uses_upper, free_types)
        for block in _split_block(
            program,
            _make_block(program, constraints, uses_lower, uses_upper, pending_columns),
            query_columns,
        ):
            is_redundant = _flag_redundant_upper(program, bounds, block, needed_columns)
            if not is_redundant.any():
                blocks.append(block)
                continue
            block_needed = np.zeros(len(needed_columns), dtype=bool)
            block_needed[block.columns] = needed_columns[block.columns]
            pending.append((block.constraints, block.uses_upper & ~is_redundant, block_needed))
    return blocks


def _flag_binding_lower(
    program: LinearProgram,
    bounds: ConstraintBounds,
    constraints: IntArray,
    uses_upper: BoolArray,
    free_types: BoolArray,
) -> BoolArray:
    """Return which constraints have a lower bound that no free person type can meet."""
    uncounted_types = free_types & ~program.person_type_matrix.nonzero_columns(
        _to_flags(constraints[uses_upper], len(program.constraints))
    )
    is_binding: BoolArray = (
        bounds.lower[constraints] > 0
    ) & ~program.person_type_matrix.nonzero_rows(uncounted_types)[constraints]
    return is_binding


def _make_block(
    program: LinearProgram,
    constraints: IntArray,
    uses_lower: BoolArray,
    uses_upper: BoolArray,
    needed_columns: BoolArray,
) -> Block:
    """Return the binding lower bounds and needed columns, with all that constrains them."""
    lower_columns = program.constraint_matrix.nonzero_columns(
        _to_flags(constraints[uses_lower], len(program.constraints))
    )
    columns = lower_columns | needed_columns
    coupled_cells = np.setdiff1d(program.column_cells[columns], [-1])
    columns = columns | np.isin(program.column_cells, coupled_cells)
    couplings = np.isin(program.coupling_cells, coupled_cells)
    uses_upper = uses_upper & program.constraint_matrix.nonzero_rows(columns)[constraints]
    is_used = uses_lower | uses_upper
    return Block(
        constraints[is_used],
        uses_lower[is_used],
        uses_upper[is_used],
        np.flatnonzero(columns),
        np.flatnonzero(couplings),
    )


def _to_flags(indices: IntArray, count: int) -> BoolArray:
    """Return ``bool[count]`` with the given indices set."""
    flags: BoolArray = np.zeros(count, dtype=bool)
    flags[indices] = True
    return flags


def _flag_redundant_upper(
    program: LinearProgram, bounds: ConstraintBounds, block: Block, needed_columns: BoolArray
) -> BoolArray:
    """Return which upper bounds of the block are not below the greatest sum that it can reach.

    The people of the block are at most the sum of the lower bounds, plus those in needed columns.
    The latter are at most the sum of a few upper bounds that cover these columns, each exceeded by
    at most the sum of the lower bounds.
    """
    lower_sum = float(bounds.lower[block.constraints[block.uses_lower]].sum())
    largest_sum = lower_sum
    block_needed = block.columns[needed_columns[block.columns]]
    if not len(block_needed):
        return block.uses_upper & (bounds.upper[block.constraints] >= largest_sum)
    is_redundant = np.zeros(len(block.constraints), dtype=bool)
    with_upper = np.flatnonzero(block.uses_upper)
    with_upper = with_upper[np.argsort(bounds.upper[block.constraints[with_upper]], kind="stable")]
    upper_matrix = program.constraint_matrix.submatrix(block.constraints[with_upper], block_needed)
    uncovered = np.ones(len(block_needed), dtype=bool)
    for position, columns in zip(with_upper, upper_matrix.split_rows(), strict=True):
        if uncovered[columns].any():
            uncovered[columns] = False
            largest_sum += float(bounds.upper[block.constraints[position]]) + lower_sum
        else:
            is_redundant[position] = True
    if uncovered.any():
        return np.zeros(len(block.constraints), dtype=bool)
    return is_redundant & (bounds.upper[block.constraints] >= largest_sum)


def _split_block(program: LinearProgram, block: Block, query_columns: BoolArray) -> list[Block]:
    """Return the connected components of the block that contain a column of the query."""
    constraint_matrix = program.constraint_matrix.submatrix(block.constraints, block.columns)
    links = vstack(
        [constraint_matrix, program.coupling_matrix.submatrix(block.couplings, block.columns)]
    )
    blocks = []
    is_queried = query_columns[block.columns]
    for row_numbers, columns in find_connected_components(links):
        if not is_queried[columns].any():
            continue
        positions = row_numbers[row_numbers < len(block.constraints)]
        couplings = row_numbers[row_numbers >= len(block.constraints)] - len(block.constraints)
        blocks.append(
            Block(
                block.constraints[positions],
                block.uses_lower[positions],
                block.uses_upper[positions],
                block.columns[columns],
                block.couplings[couplings],
            )
        )
    return blocks


def merge_blocks(blocks: Sequence[Block]) -> Block:
    """Return the blocks as one."""
    return Block(
        np.concatenate([block.constraints for block in blocks]),
        np.concatenate([block.uses_lower for block in blocks]),
        np.concatenate([block.uses_upper for block in blocks]),
        np.concatenate([block.columns for block in blocks]),
        np.concatenate([block.couplings for block in blocks]),
    )
