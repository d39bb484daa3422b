"""`replace` for frozen values, as `dataclasses.replace` and three times as fast: most of a decision is made of it."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    _KNOWN = {}
    """Per class: its fields' values, and where each stands among them."""

    def _known(cls):
        names = [field.name for field in fields(cls) if field.init]
        getter = attrgetter(*names)
        values = getter if len(names) > 1 else lambda thing: (getter(thing),)
        found = _KNOWN[cls] = (values, {name: place for place, name in enumerate(names)})
        return found

    def replace(thing, /, **changes):
        cls = thing.__class__
        values, places = _KNOWN.get(cls) or _known(cls)
        made = list(values(thing))
        for name, value in changes.items():
            made[places[name]] = value
        return cls(*made)
