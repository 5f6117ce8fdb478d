"""Laws of attributes that are worked out once."""

from __future__ import annotations

from msgspec import Struct

from gateway.once import once


class Asked:
    """Counts how often it is asked."""

    times = 0

    @once
    def answer(self) -> int:
        """The number of the question."""
        self.times += 1
        return self.times


def test_it_is_worked_out_for_each_instance_when_somebody_asks() -> None:
    """And then it is kept."""
    one, other = Asked(), Asked()
    assert (one.times, one.answer, one.answer, other.times) == (0, 1, 1, 0)
    assert isinstance(Asked.answer, once)
    assert Asked.answer.__doc__ == "The number of the question."


def test_a_frozen_struct_can_have_one() -> None:
    """It is no field: equal structs stay equal."""

    class Sum(Struct, frozen=True, dict=True):
        parts: tuple[int, ...]

        @once
        def total(self) -> int:
            return sum(self.parts)

    one, other = Sum((1, 2)), Sum((1, 2))
    assert one.total == 3
    assert (one, hash(one)) == (other, hash(other))
