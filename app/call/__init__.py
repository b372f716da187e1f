"""One call, from the UUID to the hang-up."""
