"""The stories that the scripts tell, from files in to files out: the one floor that knows all others."""
