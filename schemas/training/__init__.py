"""What statements say about training: the profile, the words of other vocabularies, the facts that are counted."""
