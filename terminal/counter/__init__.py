"""The counter page: the terminal's devices in a browser, for the demo, for training and for trying a programme."""
