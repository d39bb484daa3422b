"""The machine room: gets an Asterisk, writes its configuration, starts it, finds it again, stops it."""
