"""The reference cloud: API, ledger, portal."""
