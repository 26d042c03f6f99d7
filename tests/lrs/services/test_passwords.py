import threading
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher

from lrs.errors import Unavailable
from lrs.services import passwords
from lrs.services.passwords import AT_ONCE, LEAST, MOST, Passwords, require_good
from schemas.faults import Refused

WORDS = "mật khẩu của Lan ở Huế"


def test_a_password_opens_and_any_other_does_not():
    kept = Passwords().hash(WORDS)
    assert "mật" not in kept
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert Passwords().verify(kept, WORDS)
    for other in (WORDS.upper(), WORDS + " ", WORDS[:-1], ""):
        assert not Passwords().verify(kept, other)


def test_the_same_letters_are_the_same_password_however_they_are_composed():
    composed, decomposed = normalize("NFC", WORDS), normalize("NFD", WORDS)
    assert composed != decomposed
    assert Passwords().verify(Passwords().hash(decomposed), composed)


def test_what_there_is_no_password_for_is_checked_under_the_same_parameters_and_never_right():
    assert not Passwords().is_outdated(passwords._NOBODY)
    assert not Passwords().verify(None, WORDS)


def test_a_hash_of_other_parameters_is_outdated_and_still_opens():
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(normalize("NFC", WORDS).encode())
    assert Passwords().is_outdated(weak)
    assert Passwords().verify(weak, WORDS)


def test_what_is_no_hash_opens_nothing():
    assert not Passwords().verify("plain", "plain")


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("x" * (LEAST - 1), "length"),
        ("x" * (MOST + 1), "length"),
        (normalize("NFD", "ế" * (LEAST - 1)), "length"),
        ("Lan.Pham@hoc.example.vn", "email"),
    ],
)
def test_bad_passwords_are_refused_without_being_repeated(password, rule):
    with pytest.raises(Refused) as refused:
        require_good(password, "lan.pham@hoc.example.vn")
    assert refused.value.faults[0].rule == rule
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", ["x" * LEAST, "x" * MOST, normalize("NFD", "ế" * MOST), "lan.pham@hoc.example.v"])
def test_good_passwords_pass(password):
    require_good(password, "lan.pham@hoc.example.vn")


def test_few_are_checked_at_once_and_more_are_turned_away():
    checking = Passwords()
    kept = checking.hash(WORDS)
    start = threading.Barrier(3 * AT_ONCE)
    outcomes = []

    def check():
        start.wait()
        try:
            outcomes.append(checking.verify(kept, WORDS))
        except Unavailable as error:
            outcomes.append(error.retry_after)

    threads = [threading.Thread(target=check) for _ in range(3 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 3 * AT_ONCE
    assert outcomes.count(True) >= AT_ONCE
    assert checking.verify(kept, WORDS)
    none_free = Passwords(at_once=1)
    with none_free._turn(), pytest.raises(Unavailable):
        none_free.verify(kept, WORDS)
