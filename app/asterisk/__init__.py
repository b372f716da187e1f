"""Asterisk's other side: who is calling and where a call goes next, over its manager interface (AMI)."""
