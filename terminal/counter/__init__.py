"""The counter page: a counter in a browser, as a front end to the virtual devices. It runs inside the daemon, in demos."""
