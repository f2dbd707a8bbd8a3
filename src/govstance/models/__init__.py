"""Backbones, encoding, the stance model, baselines and calibration."""
