"""Labelled rows: reading and checking them, converting raw formats, splits."""
