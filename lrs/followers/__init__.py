"""Workers that read the feed in order and keep something derived."""
