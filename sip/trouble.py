"""What can go wrong on the telephone side before any call, said to the person who started us."""


class SipTrouble(Exception):
    """One clear sentence that says what is wrong and what to do."""
