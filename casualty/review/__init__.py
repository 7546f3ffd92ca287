"""Review: what waits, who judges it, what all sources say, what repeats what, and whether two coders see the same.

The moves of status themselves are `Store.review`, by the table in `rules.MOVES`. Reviewers judge; they do not edit.
"""

from casualty.review.agreeing import Kappa, kappa
from casualty.review.coding import Agreement, Sample, Uncoded, agreement, code, draw, next_uncoded, sample, samples
from casualty.review.comparing import Comparison, Line, Told, assess, compare, rate_source, side_by_side
from casualty.review.correcting import Request, answer, ask, corrections
from casualty.review.merging import Merged, found, judge_pair, judged_pairs, merge, redirect, unmerge
from casualty.review.queueing import ME, NOBODY, Item, Page, assign, queue, viewers, viewing

__all__ = [
    "ME", "NOBODY", "Agreement", "Comparison", "Item", "Kappa", "Line", "Merged", "Page", "Request", "Sample", "Told", "Uncoded",
    "agreement", "answer", "ask", "assess", "assign", "code", "compare", "corrections", "draw", "found", "judge_pair", "judged_pairs",
    "kappa", "merge", "next_uncoded", "queue", "rate_source", "redirect", "sample", "samples", "side_by_side",
    "unmerge", "viewers", "viewing",
]  # fmt: skip
