"""What a family of figures tells of those of it that are hidden, by its parent less what is shown."""


def tells(rest: int, lost: list[int], left: int, k: int) -> bool:
    """Tell whether a family says too much.

    Its parent less what is shown is ``rest``, ``lost`` are the figures of what is hidden, ``left`` is the least shown.
    """
    if 0 < abs(rest) < k:
        return True
    if not lost:
        return False
    if len(lost) == 1 or sum(lost) < k:
        return True
    small = sum(size < k for size in lost)
    # Among those below k there may be points of nobody, as far as readers know; or they know that there are none.
    return bool(small) and any(_certain(rest, small, len(lost) - small, left, range(least, k)) for least in (0, 1))


def _certain(rest: int, small: int, others: int, left: int, below: range) -> bool:
    """Tell whether a small one can have one value only, the ``others`` being at least as many as a figure needs.

    And maybe ``left`` at most, the least that is shown. A rest that fits no values at all says nothing: then people are
    in several points of the family.
    """
    most = min(below[-1], rest - others * below.stop - (small - 1) * below[0])
    loosely = below[0] if others else max(below[0], rest - (small - 1) * below[-1])
    strictly = max(below[0], rest - others * left - (small - 1) * below[-1])
    return most in {loosely, strictly}
