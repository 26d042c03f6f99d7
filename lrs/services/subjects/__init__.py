"""Rights of the people whom data is about, and what an organisation has decided about their data."""
