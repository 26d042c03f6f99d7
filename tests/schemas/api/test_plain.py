import pytest
from marshmallow import ValidationError

from schemas.api.plain import Flag


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_true_or_false(value):
    assert Flag().deserialize(value) is value


@pytest.mark.parametrize("value", [1, 0, 1.0, 0.0, "true", "false", "", None, [], {}])
def test_a_flag_is_no_number_and_no_word(value):
    with pytest.raises(ValidationError):
        Flag().deserialize(value)
