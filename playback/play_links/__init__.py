"""Play links: addresses of the vendor's player made for others, and the ledger of who made which for whom and when.

The decision: **a token is stored nowhere but as its SHA-256 hash.** An operation stores what it did with its items and
does it in a worker, so a token would have to pass through the database and the broker. Making links is therefore no
kind of operation but an action of its own, with an operation's promises:

* what will be made is shown, recording by recording, before anything is asked of the vendor;
* the right is asked for again when the links are made, and a form makes its links once, however often it is sent;
* each recording says made or refused, and why, with the vendor's words;
* the ledger's rows are committed before a link is given out, so that no link is out that the ledger does not know.

There is no undo: the vendor has no call that takes a token back. A token that was made but whose answer was lost needs
no settling, for a token that nobody has opens nothing.

``terms`` says for whom and for how long, ``making`` asks the vendor, ``ledger`` remembers.
"""
