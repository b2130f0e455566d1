"""Captures over time: what the register says now, and why. Pure functions on flat folders."""
