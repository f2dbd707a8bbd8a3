"""Metrics and predictions -> what people read. Never imports models."""
