"""Rights of the people whom data is about: when requests are due, what an organisation has decided. Pure."""
