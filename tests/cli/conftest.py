"""Commands in this process: of the same hours the same table is made once."""

from tests.callflow.conftest import hours_are_compiled_once

__all__ = ["hours_are_compiled_once"]
