"""Reports: figures of an organisation, put together from cells."""
