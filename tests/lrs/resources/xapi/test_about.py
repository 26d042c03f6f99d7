from lrs.config import Config
from lrs.resources.xapi.about import LIMITS


def test_about_tells_versions_and_limits_to_everybody(app, config: Config):
    found = app.test_client().get("/xapi/about")
    assert found.status_code == 200
    assert found.json["version"] == ["1.0.3", "2.0.0"]
    limits = found.json["extensions"][LIMITS]
    assert limits["documentBytes"] == config.max_document
    assert limits["statementsPerRequest"] == config.max_batch
    assert all(isinstance(limit, int) for limit in limits.values())
