"""What staff type to find people: a name, the school's number, a user id, several of them as pasted, a phone, a mail.

Who may not see phone numbers and addresses must not find them out by asking either: they find somebody by the last
four digits or the whole number, and by the whole address. Whole numbers and addresses do not become part of a web
address, which stands in logs and histories (``contact_words``).
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_

from django.db.models import Q

from .. import people

MOST = 500  # words of one search; what is beyond is ignored
TAIL = 4
_WHOLE = 7  # digits of the shortest whole phone number
_NUMBER = re.compile(rf"[0-9]{{{_WHOLE}}}")
_ID = re.compile(r"[0-9A-Za-z_\-]*[0-9][0-9A-Za-z_\-]*")


def condition(term: str, *, may_see_contacts: bool) -> Q:
    words = [word for word in people.SEPARATORS.split(people.plain(term)) if word][:MOST]
    if not words:
        return Q()
    if len(words) > 1 and all(_ID.fullmatch(word) for word in words):
        ids = [number for word in words if (number := people.number(word)) is not None]
        return Q(pk__in=ids) | Q(user_sn__in=words) | Q(phone_number__in=[w for w in words if len(w) >= _WHOLE])
    if len(words) > 1 and all("@" in word for word in words):
        return reduce(or_, [Q(email__iexact=word) for word in words])
    found = Q()
    for word in words:
        found &= _word(word, may_see_contacts)
    return found


def _word(word: str, may_see_contacts: bool) -> Q:
    either = Q(name__icontains=word) | Q(user_sn__icontains=word)
    if word.isdecimal():
        if (number := people.number(word)) is not None:
            either |= Q(pk=number)
        if len(word) >= _WHOLE:
            either |= Q(phone_number=word)
        if len(word) == TAIL or (len(word) > TAIL and may_see_contacts):
            either |= Q(phone_number__endswith=word)
    if "@" in word:
        either |= Q(email__iexact=word)
    if may_see_contacts and not word.isdecimal():
        either |= Q(email__icontains=word)
    return either


def contact_words(term: str) -> bool:
    """May it hold a phone number or an address?"""
    return "@" in term or _NUMBER.search(people.plain(term)) is not None
