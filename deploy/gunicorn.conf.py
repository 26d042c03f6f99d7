"""gunicorn -c deploy/gunicorn.conf.py: the same server as `lrs serve`, for those who start gunicorn themselves."""

from lrs.config import Config
from lrs.serving import settings

globals().update(settings(Config.from_env()))
