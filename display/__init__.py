"""A screen is a small frozen value; drawing makes it a 1-bit image; the panel sends what changed."""
