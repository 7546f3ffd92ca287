"""Questions by their names: what each needs, what it may be told, and the one way in which it is answered."""

from casualty.asking.answering import answer, outcome, told
from casualty.asking.comparing import Compared, Effect, Pair, compared, effects
from casualty.asking.gathering import canonical, gathered, only
from casualty.asking.keeping import again, digest, keep
from casualty.asking.material import Chosen, Material, Question, flattened, of_group
from casualty.asking.questions import QUESTIONS, question

__all__ = [
    "QUESTIONS",
    "Chosen",
    "Compared",
    "Effect",
    "Material",
    "Pair",
    "Question",
    "again",
    "answer",
    "canonical",
    "compared",
    "digest",
    "effects",
    "flattened",
    "gathered",
    "keep",
    "of_group",
    "only",
    "outcome",
    "question",
    "told",
]
