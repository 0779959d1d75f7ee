"""A Bento service with one API: POST /keywords takes a text and answers with the words that say most about it."""

import re

import bentoml

# What is only needed to answer, and not to build the Bento: the job that builds it does without.
with bentoml.importing():
    import numpy as np

SAMPLE = "Bees are small. Bees pollinate most of the crops that people eat. Without bees, crops would yield far less."
SHORTEST = 4
"""Shorter words carry little meaning."""


@bentoml.service(traffic={"timeout": 30})
class Keywords:
    @bentoml.api
    def keywords(self, text: str = SAMPLE, count: int = 3) -> list[str]:
        """The most frequent words of the text; of words that are equally frequent, the first in the alphabet."""
        words = [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) >= SHORTEST]
        if not words:
            return []
        found, frequency = np.unique(words, return_counts=True)
        return found[np.argsort(-frequency, kind="stable")][:count].tolist()
