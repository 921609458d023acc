"""The demo school's members: pupils with a school number, a telephone number and an address, and some teachers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import names
from .seed_school import Room
from .state import State

_GRADES = ("高一", "高二", "高三", "初一", "初二", "初三", "四年级", "五年级", "六年级")
_PHONES = (
    "130",
    "131",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "152",
    "158",
    "159",
    "176",
    "180",
    "186",
    "188",
    "199",
)


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    user_sn: str
    name: str
    email: str
    phone_number: str
    remark: str
    role: str
    grade: str
    created: datetime

    @property
    def row(self) -> tuple[object, ...]:
        return (
            self.user_id,
            self.user_sn,
            self.email,
            self.name,
            self.remark,
            self.phone_number,
            self.role,
            int(self.created.timestamp()),
        )


def people(dice: random.Random, now: datetime, count: int, first_id: int) -> list[Person]:
    """``count`` members; numbers, telephones and addresses are unique, names may repeat as they do."""
    found: list[Person] = []
    phones: set[str] = set()
    for number in range(count):
        surname, latin = dice.choice(names.SURNAMES)
        given = dice.choice(names.GIVEN)
        grade = _GRADES[number * len(_GRADES) // count]
        teacher = number % 40 == 39
        phone = ""
        while not phone or phone in phones:
            phone = dice.choice(_PHONES) + f"{dice.randrange(10**8):08d}"
        phones.add(phone)
        email = dice.choice(
            (f"{latin}{number + 100}@qq.com", f"{latin}.{number + 100}@163.com", f"{phone}@139.com", "")
        )
        found.append(
            Person(
                user_id=first_id + number,
                user_sn=f"{'9' if teacher else ''}{(now.year - 1) % 100 + 2000}{number + 1:04d}",
                name=surname + given,
                email=email,
                phone_number=phone,
                remark="任课老师" if teacher else f"{grade}({dice.randrange(1, 9)})班" if dice.random() < 0.8 else "",
                role="1" if teacher else "0",
                grade=grade,
                created=now - timedelta(days=dice.randrange(5, 700), seconds=dice.randrange(86_400)),
            )
        )
    return found


def class_of(dice: random.Random, room: Room, everybody: list[Person]) -> list[Person]:
    """Who may watch a room: some of its grade, or a mixture where it is for all."""
    fitting = [person for person in everybody if person.grade == room.grade] or everybody
    return dice.sample(fitting, min(len(fitting), dice.randrange(18, 56)))


def write(state: State, everybody: list[Person]) -> None:
    state.execute_many(
        "INSERT INTO members (user_id, user_sn, email, name, remark, phone_number, role, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (person.row for person in everybody),
    )
