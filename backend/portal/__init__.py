"""The merchant's view in a browser: plain pages made on the server, without scripts."""
