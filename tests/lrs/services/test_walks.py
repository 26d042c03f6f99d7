from base64 import urlsafe_b64encode

import msgspec
import pytest

from lrs.errors import BadRequest
from lrs.services.principals import Principal
from lrs.services.walks import Walk, Walks

PRINCIPAL = Principal(credential="key", org=b"lachong1", scopes=frozenset({"all"}), authority=b"{}", authority_agent={})
WALK = Walk("key", 2**62, ((b"v",),), None, 5, False, 10, "exact", False, 3, (b"id",))


@pytest.fixture
def walks():
    return Walks("a pepper for tests, of 32 characters or more")


def test_a_link_brings_back_its_walk(walks):
    assert walks.read(walks.token(WALK), PRINCIPAL) == WALK


@pytest.mark.parametrize(
    "body", [msgspec.msgpack.encode(["key", 2**62]), b"\xc1", b""], ids=["shorter", "bytes", "none"]
)
def test_a_link_that_was_signed_in_another_shape_is_refused_like_any_bad_one(walks, body):
    token = urlsafe_b64encode(walks._sign(body) + body).decode().rstrip("=")
    with pytest.raises(BadRequest):
        walks.read(token, PRINCIPAL)
