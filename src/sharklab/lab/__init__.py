"""A lab as its author wrote it, seats, and plans."""
