"""The daemon on the Pi: the conversation at the counter, and the wires to everything else."""
