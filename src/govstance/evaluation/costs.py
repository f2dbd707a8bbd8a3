"""What training costs, as runs record it. Imports nothing, so that pages without a comparison can import it."""

# Cost -> whether less or more of it is better.
COSTS = {"seconds": "less", "rows_per_second": "more", "peak_memory_mib": "less"}
