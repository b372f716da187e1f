"""What is shown, one module a page; each has `show`."""
