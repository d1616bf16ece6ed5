"""Compares the terminal's journal with the cloud's ledger: entry for entry, balance for balance."""

from __future__ import annotations

from typing import Any, TypeAlias

Book: TypeAlias = dict[str, Any]

FACTS = ("identity", "sequence", "cause", "account")


def compare(journal: Book, ledger: Book) -> bool:
    """Prints a table and every difference; whether there is none."""
    differences = [*entry_differences(journal, ledger), *balance_differences(journal, ledger)]
    entries, balances = len(journal["entries"]), len(journal["balances"])
    print(f"\nThe terminal's journal and the cloud's ledger: {entries} entries and {balances} balances compared")
    for entry in journal["entries"]:
        changes = ", ".join(f"{posting['purse']} {posting['delta']:+}" for posting in entry["postings"])
        print(f"  {entry['sequence']:>4}  {entry['cause']:<8} {entry['account'][:8]}…  {changes}")
    for one in journal["balances"]:
        print(f"        balance  {one['account'][:8]}…  {one['purse']} {one['balance']}")
    for difference in differences:
        print(f"  DIFFERENT: {difference}")
    if not entries or not balances:
        differences.append("nothing was compared")
    print("  they agree" if not differences else f"  {len(differences)} differences")
    return not differences


def entry_differences(journal: Book, ledger: Book) -> list[str]:
    """What is different between the terminal's entries and those of its identities in the cloud."""
    ours = {entry["id"]: entry for entry in journal["entries"]}
    identities = {entry["identity"] for entry in journal["entries"]}
    theirs = {entry["id"]: entry for entry in ledger["entries"] if entry["identity"] in identities}
    found = [f"entry {id} is not in the cloud" for id in ours if id not in theirs]
    found += [f"entry {id} is in the cloud alone" for id in theirs if id not in ours]
    for id in ours.keys() & theirs.keys():
        mine, cloud = ours[id], theirs[id]
        found += [f"entry {id}: {fact} {mine[fact]} here, {cloud[fact]} there" for fact in FACTS if mine[fact] != cloud[fact]]
        if _postings(mine, "delta") != _postings(cloud, "delta") or _postings(mine, "delta") != _postings(cloud, "posted"):
            found.append(f"entry {id}: postings {mine['postings']} here, {cloud['postings']} there")
    return found


def balance_differences(journal: Book, ledger: Book) -> list[str]:
    """What is different between the balances that the terminal shows and the cloud's."""
    theirs = {_purse(one): one["balance"] for one in ledger["balances"]}
    return [
        f"balance of {one['purse']} of {one['account'][:8]}…: {one['balance']} here, {theirs.get(_purse(one))} there"
        for one in journal["balances"]
        if one["balance"] != theirs.get(_purse(one), 0)
    ]


def _purse(one: Book) -> tuple[str, str, str]:
    return one["account"], one["purse"], one["instance"]


def _postings(entry: Book, amount: str) -> list[tuple[str, str, int, int]]:
    return sorted((one["purse"], one["instance"], one[amount], one["used"]) for one in entry["postings"])
