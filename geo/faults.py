"""What a question of place and time cannot be asked of: one word for too little, one for what cannot be used."""


class Unusable(ValueError):
    """Values that no statistic can be made of: not finite, off the globe, outside the study period, of unlike length."""


class TooLittle(ValueError):
    """Sound values, but not enough of them for the question; the message says what is missing and what would mend it."""
