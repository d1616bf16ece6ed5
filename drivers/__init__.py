"""One file per kind of device: hardware becomes a few events, commands become hardware."""
