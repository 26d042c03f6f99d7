import threading

import pytest

from lrs.errors import NotFound, Unavailable
from lrs.services.keyring import LONGEST, REFRESH, Keyring
from lrs.services.seals import Seals, WrongPepper
from lrs.services.setup import first_credential

PEPPER = "a pepper of thirty-two characters!"
DAY = 24 * 3600


@pytest.fixture
def keyring(bare_store):
    first_credential(bare_store, PEPPER, "key", "secret")
    return Keyring(bare_store, PEPPER)


def kids(store):
    return [key.kid for key in store.signing_keys.all()]


def test_the_first_key_is_made_when_it_is_needed_and_no_second_one(bare_store, keyring):
    assert keyring.public() == {}
    kid = keyring.signer().kid
    assert [kid] == kids(bare_store) == list(Keyring(bare_store, PEPPER).public())
    assert Keyring(bare_store, PEPPER).signer().kid == kid


@pytest.mark.parametrize("has_host", [True, False])
def test_of_processes_that_begin_at_once_all_sign_with_the_same_key(bare_store, has_host):
    if has_host:
        first_credential(bare_store, PEPPER, "key", "secret")
    keyrings = [Keyring(bare_store, PEPPER) for _ in range(8)]
    barrier = threading.Barrier(len(keyrings))
    found = []

    def sign(keyring):
        barrier.wait()
        found.append(keyring.signer().kid)

    threads = [threading.Thread(target=sign, args=[keyring]) for keyring in keyrings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == set(kids(bare_store))
    assert (len(found), len(kids(bare_store))) == (8, 1)


def test_what_is_stored_shows_no_key(bare_store, keyring):
    private = keyring.signer().key.private_bytes_raw()
    assert private not in b"".join(row["sealed"] for row in bare_store.database["signing_keys"].find())


def test_under_another_pepper_nothing_is_signed_and_the_reason_is_said(bare_store, keyring):
    keyring.signer()
    stranger = Keyring(bare_store, PEPPER[::-1])
    with pytest.raises(WrongPepper, match=r"LRS_PEPPER.*keys rotate"):
        stranger.signer()
    assert stranger.public() == {}


def test_that_no_key_opens_is_said_at_the_start_and_refused_as_what_the_operator_ends(bare_store, keyring, caplog):
    keyring.tell_state()
    keyring.signer()
    keyring.tell_state()
    assert caplog.messages == []
    stranger = Keyring(bare_store, PEPPER[::-1])
    stranger.tell_state()
    (said,) = caplog.messages
    assert "LRS_PEPPER" in said
    with pytest.raises(Unavailable):
        stranger.signer()


def test_a_process_with_another_pepper_never_puts_its_own_key_first(bare_store, keyring, later):
    kid = keyring.signer().kid
    later(91 * DAY)
    with pytest.raises(WrongPepper):
        Keyring(bare_store, PEPPER[::-1]).signer()
    assert kids(bare_store) == [kid]


def test_a_key_that_somebody_put_into_the_database_counts_for_nothing(bare_store, keyring):
    kid = keyring.signer().kid
    planted = {"_id": 2, "kid": "planted", "sealed": Seals("x" * 32, "signing keys").seal(bytes(32), "planted")}
    bare_store.database["signing_keys"].insert_one(planted | {"created": 0})
    again = Keyring(bare_store, PEPPER)
    assert list(again.public()) == [again.signer().kid] == [kid]


def test_nor_does_a_sealed_key_under_the_name_of_another(bare_store, keyring):
    keyring.signer()
    bare_store.database["signing_keys"].update_one({"_id": 1}, {"$set": {"kid": "other"}})
    assert Keyring(bare_store, PEPPER).find("other") is None


def test_a_new_key_signs_at_once_and_the_old_one_stays_good_until_its_last_token_ends(keyring, later):
    old = keyring.signer().kid
    new = keyring.rotate("cli")
    assert keyring.signer().kid == new != old
    assert list(keyring.public()) == [new, old]
    later(LONGEST)
    assert keyring.find(old) is not None
    later(400)
    assert keyring.find(old) is None
    assert list(keyring.public()) == [new]


def test_another_process_knows_a_new_key_when_it_meets_it_and_signs_with_it_within_a_minute(bare_store, keyring, later):
    other = Keyring(bare_store, PEPPER)
    old = other.signer().kid
    new = keyring.rotate("cli")
    later(3.5)
    assert other.signer().kid == old
    assert other.find(new) is not None
    third = keyring.rotate("cli")
    later(REFRESH + 1)
    assert REFRESH < 60
    assert other.signer().kid == third


def test_unknown_names_do_not_keep_the_database_busy(bare_store, keyring, monkeypatch):
    keyring.signer()
    asked = []
    real = bare_store.signing_keys.all
    monkeypatch.setattr(bare_store.signing_keys, "all", lambda *given: asked.append(1) or real(*given))
    for number in range(500):
        assert keyring.find(f"unknown {number}") is None
    assert len(asked) <= 2


def test_after_ninety_days_a_new_key_is_made_by_itself_and_ended_ones_are_removed(bare_store, keyring, later):
    found = []
    for _ in range(3):
        found.append(keyring.signer().kid)
        later(91 * DAY)
    assert len(set(found)) == 3
    last = keyring.signer().kid
    # The one before was signing until just now.
    assert kids(bare_store) == [last, found[-1]]


def test_forgetting_ends_the_old_keys_everywhere(bare_store, keyring, later):
    other = Keyring(bare_store, PEPPER)
    old = other.signer().kid
    new = keyring.rotate("cli", forget=True)
    assert (keyring.find(old), kids(bare_store)) == (None, [new])
    later(REFRESH + 1)
    assert other.find(old) is None


def test_a_rotation_mends_a_changed_pepper(bare_store, keyring):
    keyring.signer()
    changed = Keyring(bare_store, PEPPER[::-1])
    kid = changed.rotate("cli")
    assert changed.signer().kid == kid


def test_a_rotation_is_audited(bare_store, keyring):
    kid = keyring.rotate("cli", forget=True)
    (row,) = bare_store.database["audit"].find({"action": "keys.rotated"})
    assert (row["actor"], row["target"]) == ("cli", kid)


def test_a_key_that_was_made_by_itself_is_audited_too_once(bare_store, keyring, later):
    other = Keyring(bare_store, PEPPER)
    first = keyring.signer().kid
    other.signer()
    later(91 * DAY)
    second = other.signer().kid
    keyring.signer()
    rows = bare_store.database["audit"].find({"action": "keys.rotated"}).sort("seq")
    assert [(row["actor"], row["target"]) for row in rows] == [("server", first), ("server", second)]


def test_without_an_organisation_there_is_nobody_to_rotate_for(bare_store):
    with pytest.raises(NotFound):
        Keyring(bare_store, PEPPER).rotate("cli")
