"""Attributes that are worked out when somebody asks, and then kept. No IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):
    """`functools.cached_property` as it is from Python 3.12 on: without a lock.

    The one of 3.11 holds a lock of all instances while it works a value out, so that two requests wait
    for each other, and takes three times as long: a request has a dozen of such attributes. Two threads
    that ask at once may both work the value out; the values must be as good as each other.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> once[T] | T:
        """Only the first time: from then on the instance has an attribute of this name."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value
