"""A Bento service with one API: POST /summarize takes a text and answers with its most telling sentences."""

import bentoml

import summarizer

SAMPLE = (
    "Bees are small. Bees pollinate most of the crops that people eat. Without bees, crops such as almonds and apples "
    "would yield far less. Some people keep bees as a hobby."
)


@bentoml.service(
    # The code needs nothing but BentoML, so there is nothing to lock. With packages of your own leave locking on.
    image=bentoml.images.Image(python_version="3.11", lock_python_packages=False),
    traffic={"timeout": 30},
)
class Summarization:
    @bentoml.api
    def summarize(self, text: str = SAMPLE) -> str:
        """The sentences that say most, in the order of the text."""
        return summarizer.summarize(text)
