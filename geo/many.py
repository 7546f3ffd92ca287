"""Many questions asked at once: p-values corrected for their number, and replications run in blocks by many workers."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, as_completed
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Result = TypeVar("Result")


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Return p-values corrected for their number so that the false discovery rate is held (Benjamini, Hochberg 1995).

    `p` of any shape; NaN stands for a question that could not be asked, stays NaN and is not counted. Holds for
    independent and for positively dependent questions. Does not show which of the discoveries are the false ones.
    """
    return _stepped(p, lambda m: 1.0)


def benjamini_yekutieli(p: ArrayLike) -> Floats:
    """Return p-values corrected as by Benjamini and Hochberg, but under any dependence (Benjamini, Yekutieli 2001).

    `p` of any shape, NaN as there. About log(number of questions) times stricter.
    """
    return _stepped(p, lambda m: float((1 / np.arange(1, m + 1)).sum()))


def _stepped(p: ArrayLike, price: Callable[[int], float]) -> Floats:
    values = np.asarray(p, dtype=float)
    adjusted, asked = np.full(values.shape, np.nan), ~np.isnan(values)
    known = values[asked]
    order = np.argsort(known, kind="stable")[::-1]
    ranks = np.arange(known.size, 0, -1)
    stepped = np.empty(known.size)
    stepped[order] = np.minimum.accumulate(known[order] * known.size * price(known.size) / ranks)
    adjusted[asked] = np.minimum(stepped, 1.0)
    return adjusted


def in_blocks(
    work: Callable[..., Result],
    blocks: Sequence[tuple[Any, ...]],
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Return `work(*block)` of every block in order, each carrying its own generator, so that workers change nothing.

    `executor` any of `concurrent.futures` (None: here and now); for processes `work` must be a function of a module.
    `progress(done, blocks)` is told after each. Whatever stops the wait (Ctrl-C too) cancels what has not begun.
    """
    told = progress or (lambda done, of: None)
    if executor is None:
        results = []
        for block in blocks:
            results.append(work(*block))
            told(len(results), len(blocks))
        return results
    waiting: list[Future[Result]] = [executor.submit(work, *block) for block in blocks]
    try:
        for done, _ in enumerate(as_completed(waiting), start=1):
            told(done, len(blocks))
        return [future.result() for future in waiting]
    except BaseException:
        for future in waiting:
            future.cancel()
        raise
