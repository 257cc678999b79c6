"""What libraries have renamed or taken away since a notebook was written."""
