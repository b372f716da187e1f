"""Local servers that speak the three providers' wire protocols."""
