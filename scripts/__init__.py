"""What `make` runs. Standard library alone, because it runs before any package is there."""
