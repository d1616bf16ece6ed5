"""Why the journal refuses to record: each says what to do, and leaves the journal as it was."""

from __future__ import annotations


class NotRecorded(Exception):
    """Nothing was recorded. Every refusal and failure of `journal.record` is one of these."""


class NotEnough(NotRecorded):
    """More was asked of a purse than this terminal may spend of it now."""

    def __init__(self, purse: str, wanted: int, spendable: int) -> None:
        super().__init__(
            f"Only {max(0, spendable)} of {purse} can be used here now, {wanted} would be needed."
            " Use less, or ask for more once online."
        )
        self.purse, self.wanted, self.spendable = purse, wanted, spendable


class AlreadyUndone(NotRecorded):
    """The entry was undone, or taken back by a return."""

    def __init__(self) -> None:
        super().__init__("This was taken back before; it is not taken back twice. Look at the account's balance.")


class NothingToUndo(NotRecorded):
    """There is no such entry of this terminal, or it is not of the kind that is undone."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This cannot be undone here: {why}. Ask a manager to correct it in the cloud.")


class TooMuchReturned(NotRecorded):
    """Returns of one award together would exceed it."""

    def __init__(self, purse: str, wanted: int, left: int) -> None:
        super().__init__(f"Only {left} of {purse} are left to return of that purchase, not {wanted}. Enter a smaller amount.")
        self.purse, self.wanted, self.left = purse, wanted, left


class SpendingStopped(NotRecorded):
    """The cloud found this terminal to be a copy, or the merchant wrote it off: it may award, but not spend, undo or return."""

    def __init__(self, standing: str) -> None:
        super().__init__(f"This terminal may not spend or take back ({standing}). Pair it anew from the staff menu.")
        self.standing = standing
