"""Scores and their uncertainty: arrays in, numbers out. Never imports models."""
