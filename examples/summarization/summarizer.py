"""Extractive summaries in plain Python: a sentence is as important as the words in it are frequent in the text."""

import re
from collections import Counter

SHARE = 1 / 3
"""How much of the sentences a summary keeps."""

LONGEST = 5
"""Sentences in a summary, at most."""

STOP_WORDS = frozenset(
    "a about after all also an and are as at be been but by can could did do does for from had has have he her his how if "
    "in into is it its just many may more most much no not of on one only or other our out over said she should so some "
    "such than that the their them then there these they this those to up was we were what when which who will with would "
    "you your".split()
)


def summarize(text: str) -> str:
    """The most important sentences, in the order of the text. A text of one sentence is its own summary."""
    sentences = split(text)
    keep = min(LONGEST, max(1, round(len(sentences) * SHARE)))
    frequency = Counter(word for sentence in sentences for word in words(sentence))
    by_score = sorted(range(len(sentences)), key=lambda index: score(sentences[index], frequency), reverse=True)
    return " ".join(sentences[index] for index in sorted(by_score[:keep]))


def split(text: str) -> list[str]:
    """Sentences end at `.`, `!` or `?` before white space, and at empty lines."""
    parts = re.split(r"(?<=[.!?])\s+|\n\s*\n", text.strip())
    return [" ".join(part.split()) for part in parts if part.strip()]


def words(sentence: str) -> list[str]:
    """The words that carry meaning, in lower case."""
    return [word for word in re.findall(r"[^\W\d_]+", sentence.lower()) if word not in STOP_WORDS]


def score(sentence: str, frequency: Counter[str]) -> float:
    """Frequencies summed; divided by the root of the length, so that long sentences gain little by length alone."""
    found = words(sentence)
    return sum(frequency[word] for word in found) / max(1, len(found)) ** 0.5
