"""The notebook as it is read: its file, cells, names and flow of values, and how text in it is replaced."""
