"""What points are: purses, entries, accounts, the programme's rules, number schemes, tokens. No I/O."""
