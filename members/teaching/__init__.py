"""The teachers' own pages under ``/teach/``: their rooms' recordings on a phone, and nothing else.

The decision: **what a teacher reaches is decided by ``RoomTeacher`` alone, and in one place** (:mod:`.rights`). Every
view takes its rows from there and answers 404 for all others, so that somebody else's recording and one that never
was look the same. Groups and permissions of the admin open nothing here, and nothing here opens the admin: the right to
preview and to make a link holds for one recording at a time. A superuser without a room sees an empty page too.

It is no part of the admin. The theme, the tables and the operations stay there; these pages have a frame, a style
sheet and a script of their own, made for one thumb.
"""
