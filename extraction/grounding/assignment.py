"""One-to-one assignment of the largest total: each row gets at most one column, each column at most one row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def assign(gains: npt.NDArray[np.float64]) -> list[int | None]:
    """For each row its column in the assignment with the largest total gain; None where it is better off without one.

    The Hungarian method with potentials, one row after the other (Jonker & Volgenant, "A shortest augmenting path
    algorithm for dense and sparse linear assignment problems", Computing 38, 1987).

    Args:
        gains: Shape (rows, columns). What is not above 0 is never assigned.
    """
    rows, columns = gains.shape
    if rows == 0:
        return []
    if columns < rows:  # the work grows with the rows: of two thousand equal values few have places
        chosen: list[int | None] = [None] * rows
        for column, row in enumerate(assign(gains.T)):
            if row is not None:
                chosen[row] = column
        return chosen
    # A column of its own for each row, of no gain, lets it go without.
    costs = -np.concatenate([np.maximum(gains, 0.0), np.zeros((rows, rows))], axis=1)
    count = columns + rows
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(count + 1)
    row_of = np.full(count + 1, -1)  # of each column; the last one stands for the row that is being placed
    for row in range(rows):
        row_of[count] = row
        column = count
        shortest = np.full(count, np.inf)
        previous = np.full(count, count)
        done = np.zeros(count + 1, dtype=bool)
        while row_of[column] != -1:
            done[column] = True
            at = row_of[column]
            reduced = costs[at] - row_potential[at] - column_potential[:count]
            open_columns = ~done[:count]
            better = open_columns & (reduced < shortest)
            shortest[better] = reduced[better]
            previous[better] = column
            waiting = np.where(open_columns, shortest, np.inf)
            following = int(waiting.argmin())
            delta = waiting[following]
            row_potential[row_of[done]] += delta
            column_potential[done] -= delta
            shortest[open_columns] -= delta
            column = following
        while column != count:
            row_of[column] = row_of[previous[column]]
            column = int(previous[column])
    chosen = [None] * rows
    for column in range(columns):
        row = int(row_of[column])
        if row >= 0 and gains[row, column] > 0:
            chosen[row] = column
    return chosen
