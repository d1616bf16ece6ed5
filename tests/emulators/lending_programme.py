"""A programme of points and stamps that says how much of a purse stays with the usual terminal over night."""

PROGRAMME = """
[programme]
key = "p"
version = 1
name = "P"
[points]
per_unit = "1"
[[stamps]]
purse = "coffee"
name = "Coffee"
goal = 10
reward = "Coffee"
[lending]
overnight_share = "{share}"
"""
