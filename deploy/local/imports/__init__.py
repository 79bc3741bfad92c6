"""Real input: each module takes one kind of folder through the same interface as everybody else."""
