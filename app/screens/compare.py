"""Two sides of the record beside each other, on the same scales."""

from app.boards import comparison

comparison.show()
