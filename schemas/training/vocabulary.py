"""What the words of other vocabularies mean in ours: data, which an operator may add to."""


class Vocabulary:
    """Verbs, activity types and extensions by IRI, and our word for each."""
