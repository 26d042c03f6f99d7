"""Workers that read the feed in order and keep something derived."""

from lrs.followers.worker import run_worker

__all__ = ["run_worker"]
