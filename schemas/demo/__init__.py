"""A demonstration data set: made-up training of made-up people in the units of a registry, the same for one seed."""
