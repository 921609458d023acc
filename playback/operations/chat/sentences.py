"""What is told about removing chat: in plans, and where it did not come about."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "chat_taken": _("The vendor took it and rebuilds the recording, which takes minutes."),
    "chat_untold": _(
        "The vendor took it, but nothing shows whether the chat is gone by now: look at the recording there."
    ),
    "chat_rebuilds": _(
        "The vendor rebuilds the recording, which takes minutes. Its reference does not say whether the recording "
        "can be watched meanwhile. Chat that was removed cannot be brought back."
    ),
    "chat_waits": _("Chat of this recording is already being removed: this waits until that is over."),
    "chat_day_of_class": _(
        "Times of day are taken as of the class, which the vendor says ran from %(start)s to %(end)s Beijing time."
    ),
    "chat_day_guessed": _(
        "The vendor does not say when class was: times of day are taken as of %(day)s, the day of the recording."
    ),
    "chat_day_unknown": _("Nobody knows on which day this class was: give the times with their day."),
    "chat_counted_from_class": _(
        "Offsets are counted from %(time)s Beijing time, when class began as the vendor says. A recording may have "
        "begun some time before: compare the times below with the chat."
    ),
    "chat_counted_from": _("Offsets are counted from %(time)s Beijing time, as it was entered."),
    "chat_beginning_unknown": _(
        "The vendor does not say when this class began: give times of day, or say when the recording began."
    ),
    "chat_of_cut": _(
        "Version %(version)s was cut out: its offsets are not those of the class. Give times of day, or say when "
        "it began."
    ),
    "chat_outside": _(
        "%(count)s of the entries lie wholly outside of the class, from %(start)s to %(end)s Beijing time."
    ),
}
