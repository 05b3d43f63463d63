"""Makes texts and cuts them with jieba: jieba_oracle.py COUNT SEED FOLDER [ROWS].

Writes FOLDER/texts, and FOLDER/full and FOLDER/accurate with the tokens of each: texts end with a zero byte, tokens with a
byte 1. ROWS is a file of tab-separated rows whose last but one column is taken as text instead of made ones.
"""
import logging
import random
import sys

import jieba

jieba.setLogLevel(logging.ERROR)
count, seed, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
draw = random.Random(seed)
jieba.initialize()
words = list(jieba.dt.FREQ)
latin = [word for word in words if any(ord(c) < 128 for c in word)]
blanks = [" ", "\n", "\r\n", "\t", "  ", "\u3000", "\xa0", "\x85", "\r", "\x1c", "\u2028", "\x0b"]
others = ["，", "。", "！", "「", "😀", "é", "ünï", "한국어", "カナ", "\u9fd6", "\ufeff", "İ", "①", "(", ")", "'", '"']


def piece():
    kind = draw.randrange(12)
    if kind < 3:
        return draw.choice(words)
    if kind == 3:
        return "".join(draw.choice(words)[:draw.randrange(1, 3)] for _ in range(draw.randrange(1, 5)))
    if kind == 4:
        return "".join(chr(draw.randrange(0x4E00, 0x9FD6)) for _ in range(draw.randrange(1, 6)))
    if kind == 5:
        return draw.choice(latin)
    if kind == 6:
        return "".join(draw.choice("aBcT019.%+-#&_c") for _ in range(draw.randrange(1, 9)))
    if kind == 7:
        return draw.choice(blanks) * draw.randrange(1, 3)
    if kind == 8:
        return draw.choice(others)
    if kind == 9:
        return str(draw.random() * 10 ** draw.randrange(6))[:draw.randrange(1, 9)] + draw.choice(["", "%", "年", "."])
    if kind == 10:
        return chr(draw.choice([draw.randrange(0x20, 0x3000), draw.randrange(0xE000, 0x110000)]))
    return draw.choice(["的", "了", "我", "在", "T恤", "C", "c++", "B超"]) * draw.randrange(1, 4)


if len(sys.argv) > 4:
    with open(sys.argv[4], encoding="utf-8", newline="\n") as rows:
        texts = [row.split("\t")[-2] for _, row in zip(range(count), rows)]
else:
    texts = ["".join(piece() for _ in range(draw.randrange(30))) for _ in range(count)]
texts = [text.replace("\0", "").replace("\1", "") for text in texts]
with open(folder + "/texts", "wb") as file:
    file.write("".join(text + "\0" for text in texts).encode())
for name, cut_all in (("full", True), ("accurate", False)):
    with open(folder + "/" + name, "wb") as file:
        for text in texts:
            file.write("".join(token + "\1" for token in jieba.cut(text, cut_all=cut_all)).encode() + b"\0")
