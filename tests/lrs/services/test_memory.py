import pytest

from lrs.services.memory import Memory


@pytest.fixture
def now(monkeypatch):
    """Set the clock."""

    def go(seconds):
        monkeypatch.setattr("lrs.services.clocks.passed", lambda: seconds)

    go(0.0)
    return go


def test_what_is_put_is_there_for_a_while_and_no_longer(now):
    memory = Memory(5.0)
    memory.put(b"one", "first")
    now(5.0)
    assert memory.get(b"one") == "first"
    now(5.1)
    assert memory.get(b"one") is None


def test_what_is_over_goes_by_itself(now):
    memory = Memory(5.0)
    for number in range(100):
        memory.put(b"%d" % number, number)
    now(6.0)
    memory.put(b"late", "late")
    assert len(memory) == 1


def test_the_oldest_give_way_and_what_was_put_again_is_new(now):
    del now
    memory = Memory(5.0, 3)
    for key in (b"one", b"two", b"three", b"one", b"four"):
        memory.put(key, key)
    assert [memory.get(key) for key in (b"one", b"two", b"three", b"four")] == [b"one", None, b"three", b"four"]


def test_what_is_forgotten_is_gone(now):
    del now
    memory = Memory(5.0)
    memory.put(b"one", "first")
    memory.forget(b"one")
    memory.forget(b"two")
    assert memory.get(b"one") is None
