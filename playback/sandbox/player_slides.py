"""What stands on the board while a recording plays: one slide a chapter, or a lesson's usual parts."""

from __future__ import annotations

from typing import Any

_PARTS = ("导入与回顾", "新知讲解", "例题精讲", "课堂练习", "小结与作业")
_LINES: dict[str, tuple[str, ...]] = {
    "maths": (
        "f′(x₀) = lim Δy / Δx （Δx → 0）",
        "切线方程：y − y₀ = f′(x₀)(x − x₀)",
        "先求定义域，再讨论单调性",
        "分类讨论：a > 0，a = 0，a < 0",
        "数形结合：零点即图像交点",
        "换元后别忘了新变量的范围",
        "证明：由已知条件逐步推出",
        "易错：端点能否取到？",
    ),
    "physics": (
        "受力分析：重力 → 弹力 → 摩擦力",
        "ΣF = ma，方向与加速度一致",
        "动能定理：W = ΔEₖ",
        "选取研究对象，画示意图",
        "v = v₀ + at，x = v₀t + ½at²",
        "机械能守恒的条件是什么？",
        "单位换算：1 km/h = 1/3.6 m/s",
        "实验：控制变量，多次测量",
    ),
    "chemistry": (
        "化合价升高 → 失电子 → 被氧化",
        "2H₂ + O₂ → 2H₂O",
        "n = m / M，c = n / V",
        "配平：原子守恒、电荷守恒",
        "观察现象：颜色、气泡、沉淀",
        "勒夏特列原理：平衡向减弱方向移动",
        "注意：浓硫酸稀释的顺序",
        "官能团决定性质",
    ),
    "biology": (
        "DNA → RNA → 蛋白质",
        "A–T，G–C 碱基互补配对",
        "细胞膜：流动镶嵌模型",
        "光反应与暗反应的场所",
        "显性 3 : 1 隐性",
        "稳态：神经—体液—免疫调节",
        "对照实验只改变一个变量",
        "能量流动：逐级递减",
    ),
    "english": (
        "Read for the main idea first",
        "Who / When / Where / Why",
        "which 引导非限制性定语从句",
        "have done vs. did",
        "Topic sentence + supporting details",
        "猜词：看上下文与构词法",
        "Linking words: however, therefore",
        "Rewrite the sentence in the passive",
    ),
    "chinese": (
        "通读全文，圈点关键词",
        "作者在何种处境下写作？",
        "意象 → 意境 → 情感",
        "“之”字的三种用法",
        "修辞：比喻、拟人、对偶",
        "结构：起、承、转、合",
        "审题：抓住限制词与核心词",
        "结合文本，谈谈你的理解",
    ),
    "geography": (
        "纬度、海陆、地形、洋流",
        "热胀冷缩 → 气压差 → 风",
        "读图：先看图例与比例尺",
        "河流：流量、汛期、含沙量",
        "区位因素：自然与人文",
        "等高线越密，坡度越陡",
    ),
    "history": (
        "背景 → 经过 → 影响",
        "史料互证，孤证不立",
        "时间轴：把事件放回年代",
        "经济基础与上层建筑",
        "比较两次改革的异同",
        "论从史出",
    ),
    "civics": (
        "是什么、为什么、怎么做",
        "权利与义务相统一",
        "材料一：找关键句",
        "矛盾的普遍性与特殊性",
        "联系生活，举一个例子",
        "法律面前人人平等",
    ),
    "code": (
        "for i in range(1, n + 1):",
        "先写输入、输出和样例",
        "时间复杂度 O(n log n)",
        "边界：空列表、单个元素",
        "用字典统计出现次数",
        "调试：打印中间变量",
    ),
}
_COMMON = (
    "本节学习目标",
    "先独立思考两分钟",
    "同桌讨论，再上台讲解",
    "记录疑问，课后答疑",
    "完成练习册对应内容",
    "预习下一讲",
)


def chapters_of(points: list[tuple[int, str]], length: int) -> list[dict[str, Any]]:
    """Chapters as the page wants them: mark points within the recording, in their order."""
    return [{"at": seconds, "title": words} for seconds, words in sorted(points) if 0 <= seconds <= length]


def slides_of(chapters: list[dict[str, Any]], subject: str, length: int, video_id: int) -> list[dict[str, Any]]:
    """Slides with three or four lines each; the first one starts at 0. The same for the same video."""
    starts = chapters or [{"at": length * n // len(_PARTS), "title": part} for n, part in enumerate(_PARTS)]
    if starts[0]["at"] > 0:
        starts = [{"at": 0, "title": _PARTS[0]}, *starts]
    bank = _LINES.get(subject, _COMMON)
    step = 3 if len(bank) % 3 else 5  # shares no factor with the bank's size: walks through all of it
    slides = []
    for number, start in enumerate(starts):
        first = video_id + number * 3
        lines = [bank[(first + row * step) % len(bank)] for row in range(3 + (video_id + number) % 2)]
        slides.append({"at": start["at"], "title": start["title"], "lines": lines})
    return slides
