"""Notebook and step run and compared, and the tests that keep what was recorded."""
