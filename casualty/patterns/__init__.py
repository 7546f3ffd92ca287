"""Patterns of violence against groups: what was documented, against what the people's numbers would lead to.

Pure: tables in, frozen results out; no clock, no session, randomness only from the generator that is handed in.
"""

from casualty.patterns.disparity import disparity
from casualty.patterns.results import Disparity, Row, Stratified, Tier, Verdict
from casualty.patterns.votes import LeftOut

__all__ = ["Disparity", "LeftOut", "Row", "Stratified", "Tier", "Verdict", "disparity"]
