from lrs.services.scopes import ROLES, SCOPES
from schemas.api import members
from schemas.api.scopes import SCOPES as NAMED


def test_what_can_be_asked_for_is_what_there_is():
    assert len(NAMED) == len(set(NAMED))
    assert set(NAMED) == SCOPES
    assert set(members.ROLES) == ROLES.keys()
