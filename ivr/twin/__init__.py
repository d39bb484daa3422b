"""The same core in virtual time, without Asterisk: see README.md."""
