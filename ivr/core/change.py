"""Making frozen values, and making them anew with something changed: most of a decision is made of it.

Rules: the same as `dataclasses` does, several times as fast. For each class a function is written once that fills a
value field by field, past the lock that `frozen` is; nobody else goes past it. Where there are more than a few fields
it is filled as a value of a twin, a class with the same slots and no lock, and becomes the real one by its class: that
costs the same for any number of fields, while to go past the lock is paid for each. A class that works something out
when it is made (`__post_init__`) is left alone, so that it does.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any

_SAME = object()
FEW = 4
"""With so many fields it is quicker to go past the lock for each."""


def _plain(cls: type) -> bool:
    """Every field is a slot that is given when a value is made."""
    slots = all(field.init and hasattr(getattr(cls, field.name, None), "__set__") for field in fields(cls))
    return slots and cls.__bases__ == (object,) and not hasattr(cls, "__post_init__")


def _setters(cls: type) -> dict[str, Any]:
    return {f"_set_{field.name}": getattr(cls, field.name).__set__ for field in fields(cls)}


def _twin(cls: type) -> type:
    return type(cls.__name__, (object,), {"__slots__": cls.__dict__["__slots__"]})


def _written(head: str, body: list[str], scope: dict[str, Any]) -> Any:
    exec(f"def written({head}):\n    " + "\n    ".join(body), scope)  # noqa: S102 - names of fields only
    return scope["written"]


def quicken(module: str) -> None:
    """Every frozen value of this module is made by a quicker `__init__`, which takes the same and does the same."""
    for cls in list(vars(sys.modules[module]).values()):
        if not (isinstance(cls, type) and is_dataclass(cls) and cls.__module__ == module and _plain(cls)):
            continue
        if all(field.default_factory is MISSING and not field.kw_only for field in fields(cls)):
            defaults = {f"_or_{field.name}": field.default for field in fields(cls) if field.default is not MISSING}
            names = [field.name for field in fields(cls)]
            wanted = [f"{name}=_or_{name}" if f"_or_{name}" in defaults else name for name in names]
            scope: dict[str, Any] = defaults
            if len(names) > FEW:
                scope |= {"_become": object.__dict__["__class__"].__set__, "_twin": _twin(cls), "_cls": cls}
                body = ["_become(self, _twin)", *(f"self.{name} = {name}" for name in names), "self.__class__ = _cls"]
            else:
                scope |= _setters(cls)
                body = [f"_set_{name}(self, {name})" for name in names] or ["pass"]
            cls.__init__ = _written(", ".join(["self", *wanted]), body, scope)  # type: ignore[method-assign]


if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    _KNOWN = {}
    """Per class: its own `replace`."""

    def _made_for(cls):
        names = [field.name for field in fields(cls) if field.init]
        values = {name: f"thing.{name} if {name} is _SAME else {name}" for name in names}
        scope = {"_SAME": _SAME, "_new": object.__new__, "_cls": cls}
        if _plain(cls):
            scope["_twin"] = _twin(cls)
            filled = (f"made.{name} = {values[name]}" for name in names)
            body = ["made = _new(_twin)", *filled, "made.__class__ = _cls", "return made"]
        else:
            body = [f"return _cls({', '.join(values.values())})"]
        found = _KNOWN[cls] = _written(", ".join(["thing", "/", *(f"{name}=_SAME" for name in names)]), body, scope)
        return found

    def replace(thing, /, **changes):
        cls = thing.__class__
        return (_KNOWN.get(cls) or _made_for(cls))(thing, **changes)
