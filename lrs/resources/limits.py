"""Requests are counted before anything else is done for them: by their address, and by the guards for their caller.

The address is the peer's. Behind trusted proxies, it is the one that the outermost of them has added to
X-Forwarded-For; what stands left of it can be anybody's invention.
"""

from flask import Flask
from flask.globals import request_ctx
from werkzeug.middleware.proxy_fix import ProxyFix

from lrs.services.limits import RateLimits

_UNCOUNTED = "/health/"


def limit_addresses(app: Flask, limits: RateLimits, *, proxies: int) -> None:
    """Refuse what is too much from one address, whoever asks and for whatever; only health is never refused."""
    if proxies:
        trusting = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)
        app.wsgi_app = trusting  # type: ignore[method-assign]  # Flask's own way to wrap it

    @app.before_request
    def count() -> None:
        asked = request_ctx.request
        if not asked.path.startswith(_UNCOUNTED):
            limits.address(asked.remote_addr or "")
