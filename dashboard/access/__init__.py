"""Who gets in: from which address, with which password, for how long, and as what."""
