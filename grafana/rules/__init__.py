"""Rules for Prometheus: what is worth a telephone ringing, and what the conditions are made of."""
