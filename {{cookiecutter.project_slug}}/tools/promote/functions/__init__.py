"""Functions that leave the notebook for a module, with the state they need as arguments."""
