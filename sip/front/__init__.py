"""The front: Kamailio before Asterisk, one door for everybody's SIP."""
