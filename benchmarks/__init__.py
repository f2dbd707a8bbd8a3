"""Speed benchmarks: one command each, ratios of medians in one run, raw numbers to JSON. See README.md here."""
