"""Keeps the core going: the one writer, the lanes of commands, the deadlines. Decides nothing."""
