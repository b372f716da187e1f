"""Ears, understanding and voice: three small Protocols and who fulfils them."""
