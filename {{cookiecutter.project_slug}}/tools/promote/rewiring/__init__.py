"""Clients pointed at the gateway's door, by constructor, module or environment."""
