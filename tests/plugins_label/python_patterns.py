#!/usr/bin/env python3
"""Patterns and texts, and what Python's own re makes of them.

usage: python_patterns.py SEED COUNT

Writes a line of JSON for each pattern: {"pattern", "ignores_case"}, and either "error", the text of
re.error, or "texts" and "found", whether re.search() finds the pattern in each text. All of the
hand-written patterns come first, then COUNT that are drawn. Searches that take Python itself too
long are left out. So are drawn patterns with (?a:...): where a pattern begins with one, Python 3.11
looks for its first character by the flags outside, and misses what the flags inside would match.
"""
import json
import random
import re
import signal
import sys
import warnings

WRITTEN = r"""
|a|a|b|ab|a*|a+|a?|(a)|(?:a)|(?:a|b)+|[ab]|[^ab]|.|^a|a$|^$|^|$|\A|\Z|\Aa\Z
*a|+|?|a**|a+*|a{2}{3}|a*?|a*+|a*?+|a{2}+|a{2}?|a{,2}|a{2,}|a{,}|a{}|a{|a{x}|a{1|a{2,1}|{2}|x{,n}|(?:a{1,2}){2}
a{4294967295}|a{4294967294}|(*a)|(*ACCEPT)|(*UTF8)a|^*|$+|\b*|(?:^)*|(?=a)*|(|)|a)|(a|(a|b|((a)|(?:|(?|(?P|(?P<|(?P<n|(?P<n>|(?P<n>a
(?P<1>a)|(?P<n->a)|(?P<n>a)(?P<n>b)|(?P=n)|(?P<n>a(?P=n))|(?P<n>a)(?P=n)|(?P>n)|(?P<ñ>a)(?P=ñ)|(?P<漢>a)(?P=漢)|(?P=)|(?P<>a)
\1|(a)\1|(a\1)|(a)\2|\8|(a)\10|\100|\101|\07|\0|\018|\400|[\400]|[\1]|[\8]|\q|[\q]|\_|\é|\x4|\x41|\xg|\u0041|\u004|\U00000041|\U00110000|\ud800|[\ud800-\udfff]
\N{DIGIT ONE}|\N{digit one}|\N{LF}|\N{foo}|\N{|\N{}|\N|\N{EM DASH|[\N{EM DASH}]|\N{HANGUL SYLLABLE GA}|\N{hangul syllable ga}|\N{CJK UNIFIED IDEOGRAPH-4E00}|\N{VS17}|\N{KEYCAP DIGIT ONE}|\N{LATIN SMALL LETTER GHA}
(?<=a)b|(?<!a)b|(?<=a*)b|(?<=a|bc)b|(?<=ab|cd)e|(?<=(a))b|(?<=(a)\1)b|(a)(?<=\1)b|(?<=a{2})b|(?<=^)a|(?<=$)|(?<=\b)a|(?<!\Z)a|(?<a)|(?<|(?<=|(?=|(?!a|(?<=(?=ab)a)b|(?<=a(?!c))b
(?(1)a|b)|(a)?(?(1)b|c)|(a)?(?(1)b)|(a)?(?(1)b|c|d)|(?(0)a)|(?(n)a)|(?(-1)a)|(?(1a)b)|(?P<n>a)?(?(n)b|c)|(?(2)a|b)(x)|(?(2)a|b)(x)(y)|(?(+1)a)(b)|(?( 1 )a)(b)|(?(1_0)a)|(?(9999999999)a)|(?(1|(?(1)|(?()a)|(?<=(?(1)a|b))c|(a)(?<=(?(1)a|b))c|(?(1)|b)(a)|(x)?(?(1)|b)
(?i)A|(?i)a|a(?i)|(?i)(?m)^a|(?i:A)b|(?-i:A)b|(?i-i:a)|(?i-|(?-|(?i|(?z)|(?iz)|(?i-z:a)|(?-:a)|(?i-:a)|(?a)\w|(?u)\w|(?L)a|(?au)\w|(?a)(?u)\w|(?a:\w)|(?u:\w)|(?-a:\w)|(?s).|(?s:.)|(?-s:.)|(?m)^b$|(?m:^b$)|(?x) a b # c|(?x: a b )c|(?x)[ a]|(?x)a#b|(?t)a|(?t)a*|(?t:a)|(?-t:a)|(|(?i)a)|((?i)a)|(?i)|(?#c)a|(?#c|(?#c\)a|a(?#c)*|(?x)a *|(?x)(?i) A|(?i)a|(?m)b
(?>a)|(?>a*)a|(?>a|ab)c|(?>|(?:a+)+b|a++b|a*+a|a?+a|a{1,2}+a|(?>a+?)b|(?:ab)++a|(?:a|ab)++c
[|[]|[]]|[^]|[^]]|[]a]|[a|[a-|[a-]|[-a]|[b-a]|[a-\d]|[\d-a]|[\w-]|[a-b-c]|[[:alpha:]]|[[a]|[a[b]|[a&&b]|[a||b]|[a--b]|[a~~b]|[--a]|[&&]|[^&&a]|[\b]|[\A]|[\Z]|[.]|[\.]|[*]|[\]]|[\\]|[a\]|\|[\n]|[^\n]|[\s\S]|[^\s\S]|[\d\D]|[^\W\d]|[\W]|[^\w]
\w+|\W|\d+|\D|\s|\S|\b|\B|\ba|a\b|\Ba|\bé\b|\w\b|\b\B|(?a)\bé|(?a:\b)é|\w{3,}\b(?!x)|\b\w+\b\s+\b\w+\b
ß|ẞ|ſ|K|İ|ı|ς|σ|Σ|µ|μ|ΐ|ΐ|ﬅ|ﬆ|ᲀ|ᲈ|[a-z]+|[A-Z]|[^A-Z]|[k-s]|[ſ]|[İ]|[^s]|[Ā-ſ]|[𐐀x]|𐐀|[𐐀]|𐐀|[𐐀-𐐐]|[a-𐐐]|[^𐐀x]|Ⅷ|Ǆ|ǅ|[ǆ]|ͅ|ι
(a|ab)(c|bcd)(d*)|(a*)(ab)*(b)|((a)|b)*\2|(?:(a)|b)*\1|(?:(a)|(b))*\1\2|(a*)*|(a*)+|(?:a*)*b|(?:|a)+b|(?:a|)+b|(a|b)*?c|(?:a??)*b|(?:a*?)*?b|(?:)*|(?:){3}|(){2}\1|(a?)*?\1b|((?:a|b)\2?)*
我男友|(?<!不)女友(?!嗎)|男.{0,3}([一兩三]|[1-3])年|[一-龥]+|段考|期末考|(?<=我)女友|\w友|(?i)tom|\btom\b|tom$|(tom|女)\1
"""
# What holds the bar itself, spaces or line feeds.
PLAIN = ["a\nb", "(\na", "(?x)a\n# c\n b", "a\n*\n*", "\\", "a\\", "(\\", "[\\", "a|", "|", "(?x) \n (", "a \t",
         "(?P<n>a)\n(?P<n>b)", "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)\\11", "\\N{a'b}", "\\N{a\"b'}", "(?P<a b>x)",
         "(?(a b)x)", "(?P<\u3000>x)", "x{1,2", "x{1 ,2}", "(?#)", "(?x)(?#(a))b", "(?:a(?i:b)c)"]

TEXTS = ["", "a", "b", "ab", "ba", "aab", "abc", "aaaa", "abab", "aa\n", "a\n", "\n", "\na", "b\na\n", "a\n\n",
         "xay", "a b", "abcd", "cab", "bcabc", "é", "éa", "aé b", "1", "１", "²", "½", "Ⅷ", "ⅷ", "_", "-", "[a]", "a]", "{2}",
         "a{2}", "x{,n}", "我男友今天", "我女友今天", "不女友", "女友嗎", "我的女友\n", "tom", "tommy", "a tom b", "女女", "一段考",
         "男一年", "男abc3年", "男\n一年", "ß", "ss", "ſ", "k", "s", "i", "ı", "i̇", "ς", "σ", "µ", "μ", "ΐ", "ΐ", "ﬅ", "ﬆ", "в", "ᲀ", "ᲈ",
         "𐐨", "x", "𐐸", "ͅ", "ι", "ǆ", "\u3000", "\x1c", "\x85", "\xa0", "a\r\nb", "\x08", "\x00", "\U000e0100", "—", "가", "一", "a-b", "&", "~", "|", ".",
         "aabaabaab", "abcabc\n", "dcba", "tomtom", "ꙋ", "bb\nbb", "\x07", "\x40", "@", "\\", "^", "$"]

ATOMS = ["a", "b", "c", "ab", ".", "\\w", "\\W", "\\d", "\\s", "\\S", "\\b", "\\B", "^", "$", "\\A", "\\Z", "[ab]", "[^a]",
         "[a-c]", "[^\\w]", "[\\s\\d_]", "女", "友", "[一-龥]", "\\n", "é", "ſ", "k", "A", "\\x61", "\\u5973", "1", "_", "\n", " ",
         "[[:alpha:]]", "\\1", "\\2", "(?P=n)", "-", "\\.", "\\N{DIGIT ONE}"]
AROUND = ["({})", "(?:{})", "(?={})", "(?!{})", "(?<={})", "(?<!{})", "(?>{})", "(?i:{})", "(?-i:{})", "(?s:{})", "(?m:{})",
          "(?P<n>{})", "(?x: {} )"]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{,2}", "{2,}", "{1,2}?", "{1,2}+", "{0}", "{0,1}"]
NOISE = list("()[]{}*+?|^$\\.-,:<>=!#&~P0123iamsxuLt ab\nNx") + ["(?", "(?P<", "\\x", "\\u", "\\N{", "[^", "(?<=", "{1,", "(?(1)"]


def drawn(random, depth=0):
    """A pattern that is mostly right."""
    shape = random.random()
    if depth > 3 or shape < 0.35:
        return random.choice(ATOMS)
    if shape < 0.6:
        return "".join(drawn(random, depth + 1) for _ in range(random.randint(1, 4)))
    if shape < 0.7:
        return "|".join(drawn(random, depth + 1) for _ in range(random.randint(2, 3)))
    if shape < 0.85:
        return random.choice(AROUND).format(drawn(random, depth + 1))
    if shape < 0.88:
        return "(?(1)" + drawn(random, 3) + "|" + drawn(random, 3) + ")"
    inner = drawn(random, depth + 1)
    return ("(?:" + inner + ")" if random.random() < 0.7 else inner) + random.choice(REPEATS)


def broken(random, pattern):
    """The same with a few characters put in, taken out or changed."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(0, len(pattern))
        change = random.random()
        if change < 0.5:
            pattern = pattern[:at] + random.choice(NOISE) + pattern[at:]
        elif change < 0.8:
            pattern = pattern[:at] + pattern[at + 1:]
        else:
            pattern = pattern[:at] + random.choice(NOISE) + pattern[at + 1:]
    return pattern


def text(random):
    alphabet = "aabbcc ab12_女友我é\n-ſsk．"
    return "".join(random.choice(alphabet) for _ in range(random.randint(0, 14))).lower()


class Slow(Exception):
    pass


def give_up(*_):
    raise Slow


def answer(pattern, ignores_case, texts):
    line = {"pattern": pattern, "ignores_case": ignores_case}
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignores_case else 0)
    except (re.error, OverflowError, ValueError) as error:
        line["error"] = str(error)
        return line
    except (RecursionError, RuntimeError):
        return None
    line["texts"], line["found"] = [], []
    for one in texts:
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
            found = compiled.search(one) is not None
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except Slow:
            continue
        line["texts"].append(one)
        line["found"].append(found)
    return line


def write(line):
    if line:
        print(json.dumps(line))


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGVTALRM, give_up)
    draw = random.Random(seed)
    written = [pattern for row in WRITTEN.strip("\n").split("\n") for pattern in row.split("|")]
    written += WRITTEN.strip("\n").split("\n") + PLAIN
    for pattern in written:
        for ignores_case in (False, True):
            write(answer(pattern, ignores_case, TEXTS))
    for _ in range(count):
        pattern = drawn(draw)
        if draw.random() < 0.1:
            pattern = draw.choice(["(?a)", "(?i)", "(?m)", "(?s)", "(?ms)", "(?x)"]) + pattern
        if draw.random() < 0.3:
            pattern = broken(draw, pattern)
        texts = [text(draw) for _ in range(6)] + draw.sample(TEXTS, 6)
        write(answer(pattern, draw.random() < 0.4, texts))


if __name__ == "__main__":
    main()
