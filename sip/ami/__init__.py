"""Asterisk's manager interface: what only it can do (variables at any time, queues, reloads) and who is registered."""

from sip.ami.client import Ami, AmiAddress
from sip.ami.phones import Phones

__all__ = ["Ami", "AmiAddress", "Phones"]
