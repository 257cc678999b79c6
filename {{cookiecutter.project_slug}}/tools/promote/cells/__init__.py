"""What a cell does besides Python: magics, installs, host libraries, files it writes."""
