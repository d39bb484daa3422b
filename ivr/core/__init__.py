"""Decides. Pure: no clock, no files, no network, no Asterisk words, no caller's number."""
