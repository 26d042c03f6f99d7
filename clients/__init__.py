"""The partner's side: standard library only."""
