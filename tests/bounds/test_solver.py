"""The solver's whole-number optima are right, and it prints nothing."""

import subprocess
import sys

import numpy as np

from service.bounds.solver import Deadline, Model
from service.bounds.sparse_matrix import SparseMatrix
from tests.bounds.builders import AMPLE_SECONDS


def test_a_whole_number_optimum_is_right_where_rows_are_there_twice() -> None:
    """With its presolve, HiGHS 1.15.1 proves -8 to be the least; -9 is feasible."""
    three = [[1, 0, 1, 0, 0], [0, 0, 1, 1, 1], [0, 1, 0, 0, 1]]
    matrix = np.array([*three, *three])
    lower = np.array([13, 8, 1, -np.inf, -np.inf, -np.inf])
    upper = np.array([np.inf, np.inf, np.inf, 14, 9, 5])
    costs = np.array([0.0, 0, -1, 0, 0])
    model = Model(SparseMatrix.from_dense(matrix), lower, upper)
    none_fixed = np.zeros(5, dtype=bool)
    solution = model.minimise_integer(costs, np.zeros(5), none_fixed, Deadline(AMPLE_SECONDS))
    assert solution.value == -9
    feasible = np.array([4, 1, 9, 0, 0])
    assert ((matrix @ feasible >= lower) & (matrix @ feasible <= upper)).all()
    assert costs @ feasible == -9


def test_a_process_that_solves_prints_nothing() -> None:
    code = (
        "import numpy as np\n"
        "from service.bounds.solver import Deadline, Model\n"
        "from service.bounds.sparse_matrix import SparseMatrix\n"
        "matrix = SparseMatrix.from_dense(np.array([[1, 1]]))\n"
        "model = Model(matrix, np.array([3.0]), np.array([np.inf]))\n"
        "assert model.minimise(np.array([1.0, 2.0]), Deadline(60)).value == 3\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
