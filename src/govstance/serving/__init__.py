"""The HTTP door: requests in, the answers of predict out, from one model in one process."""
