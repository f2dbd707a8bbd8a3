"""Fitting the stance model, and the folder and provenance of a run."""
