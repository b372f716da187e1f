"""The AudioSocket wire, both sides of it."""
