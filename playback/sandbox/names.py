"""The words of a believable Chinese school: people, courses and their topics, what is said in class.

Only words stand here; ``seed_*`` decides who teaches what and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_ASSETS = Path(__file__).parent / "assets"


def _read_people() -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    surnames, given = (_ASSETS / "people.txt").read_text(encoding="utf-8").splitlines()
    return tuple((word[0], word[1:]) for word in surnames.split()), tuple(given.split())


SURNAMES, GIVEN = _read_people()  # surnames with their spelling in Latin letters

AREAS: tuple[tuple[str, str], ...] = (
    ("北京市", "123.112"),
    ("上海市", "116.224"),
    ("广东省", "113.87"),
    ("江苏省", "121.229"),
    ("浙江省", "115.204"),
    ("安徽省", "60.174"),
    ("湖北省", "122.190"),
    ("四川省", "118.113"),
    ("山东省", "112.224"),
    ("河南省", "115.52"),
    ("湖南省", "118.249"),
    ("陕西省", "113.132"),
    ("福建省", "120.35"),
    ("辽宁省", "113.224"),
)


@dataclass(frozen=True, slots=True)
class Course:
    """``title``: grade, subject and theme. ``minutes``: how long a class is. ``topics``: in teaching order."""

    title: str
    minutes: int
    topics: tuple[str, ...]

    @property
    def grade(self) -> str:
        """``高一``, ``五年级``; empty where a course is for all ages."""
        if self.title[1:3] == "年级":
            return self.title[:3]
        return self.title[:2] if self.title[0] in "高初" else ""

    @property
    def is_primary(self) -> bool:
        return self.title[1:3] == "年级"


def _read_courses() -> tuple[Course, ...]:
    lines = (_ASSETS / "courses.txt").read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ") for line in lines if not line.startswith("#")]
    return tuple(Course(title, int(minutes), tuple(topics.split("、"))) for title, minutes, topics in cells)


COURSES = _read_courses()

THEMES: tuple[str, ...] = ("", "", "", "周末班", "提高班", "培优班", "秋季班", "春季班", "暑假班", "小班课")

# One-off rooms: title, name of the recording, minutes, product type.
EVENTS: tuple[tuple[str, str, int, int], ...] = (
    ("高一年级新生家长会", "高一年级新生家长会（全程）", 95, 4),
    ("高考志愿填报公益讲座", "志愿填报：位次、院校与专业怎么选", 120, 4),
    ("名师讲堂：走进《红楼梦》", "名师讲堂｜从一场雪看大观园", 85, 1),
    ("开学第一课：时间管理", "开学第一课：把时间还给自己", 50, 1),
    ("青年教师培训：互动课堂设计", "教师培训①互动课堂设计", 110, 4),
    ("考前心理减压讲座", "高考前三十天：如何与焦虑相处", 70, 1),
    ("校园科技节开幕式", "校园科技节开幕式暨机器人展示", 64, 4),
    ("期末教研总结会", "数学组期末教研总结会", 75, 4),
    ("双师课堂观摩课：光的折射", "双师观摩课：光的折射", 45, 3),
    ("小升初衔接说明会", "小升初衔接：三件要提前准备的事", 60, 1),
    ("校友分享：我的大学专业", "校友分享会：在实验室的一天", 80, 1),
    ("安全教育主题班会", "防溺水与网络安全主题班会", 42, 2),
)

SPECIALS: tuple[str, ...] = (
    "阶段复习与答疑",
    "单元测评讲评",
    "月考试卷讲评",
    "期中复习（一）",
    "期中复习（二）",
    "期末串讲",
    "错题专场答疑",
    "学习方法分享课",
)
POINTS: tuple[str, ...] = (
    "课前回顾",
    "知识点梳理",
    "概念辨析",
    "例题精讲 1",
    "例题精讲 2",
    "互动答题",
    "课间休息",
    "易错点提醒",
    "变式训练",
    "课堂小测",
    "答疑环节",
    "小结与作业",
)
CHAT: tuple[str, ...] = (
    "老师好！",
    "听得清楚",
    "这一步为什么要分类讨论？",
    "懂了懂了",
    "可以再讲一遍吗",
    "答案是 C",
    "我选 B",
    "作业在哪里交？",
    "老师声音有点小",
    "哈哈哈",
    "明白了，谢谢老师",
    "截图啦",
    "这里是不是应该取等号？",
    "已打卡",
    "PPT 能发一下吗",
    "网络卡了一下",
    "666",
    "原来是这样",
    "老师辛苦了",
    "下课啦～",
)
CROPS: tuple[str, ...] = ("{}（精华版）", "{}（去课间）", "{}·重点片段", "{}·例题合集", "{}（上半场）", "{}（下半场）")
VIDEOS: tuple[str, ...] = ("学校宣传片", "新生入学指南", "网课平台使用说明", "实验室安全须知", "家长课堂：陪伴的方式")
