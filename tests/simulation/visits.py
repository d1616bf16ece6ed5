"""What a customer of a story comes for: habits for `Scene.visit`."""

PAYS = "sum=5 enter card - wait -"
"""A bill of 5 euros, paid with 500 points."""
LOOKS = "sum=5 enter card - wait x x"
"""The same, but for the last press: the terminal has asked for a lease by then."""
BUYS = "sum=5 enter card +"
TAKES_BACK = "hold-x"
RETURNS = "hold-> + sum=5 enter card -"
