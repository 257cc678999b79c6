"""Prompts, examples and descriptions: found, named, written to files, and looked up in their place."""
