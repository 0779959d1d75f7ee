"""Which distribution has a module: by the project's requirements, else by a table. No name is made up from a module's."""

import re

# Where the two names differ: the first is installed where the project lists none of them.
DIFFERENT = """
    Crypto pycryptodome pycryptodomex
    Levenshtein levenshtein python-levenshtein
    MySQLdb mysqlclient
    OpenSSL pyopenssl
    PIL pillow pillow-simd
    TTS coqui-tts tts
    attr attrs
    bs4 beautifulsoup4
    cairo pycairo
    cattr cattrs
    ChatTTS chattts
    comet_ml comet-ml
    cpuinfo py-cpuinfo
    cv2 opencv-python-headless opencv-python opencv-contrib-python opencv-contrib-python-headless
    dateutil python-dateutil
    decouple python-decouple
    discord discord.py
    docx python-docx
    dotenv python-dotenv
    faiss faiss-cpu faiss-gpu
    fitz pymupdf
    git gitpython
    github pygithub
    google.protobuf protobuf
    grpc grpcio
    hydra hydra-core
    imblearn imbalanced-learn
    jose python-jose
    jwt pyjwt
    kafka kafka-python
    llama_cpp llama-cpp-python
    magic python-magic
    memcache python-memcached
    multipart python-multipart
    nacl pynacl
    onnxruntime onnxruntime onnxruntime-gpu
    paddle paddlepaddle paddlepaddle-gpu
    pinecone pinecone pinecone-client
    pkg_resources setuptools
    pptx python-pptx
    psycopg psycopg
    psycopg2 psycopg2-binary psycopg2
    pynvml nvidia-ml-py pynvml
    pythonjsonlogger python-json-logger
    rest_framework djangorestframework
    ruamel ruamel.yaml
    serial pyserial
    skimage scikit-image
    sklearn scikit-learn scikit-learn-intelex
    slugify python-slugify
    socketio python-socketio
    speech_recognition speechrecognition
    telegram python-telegram-bot
    tensorflow tensorflow tensorflow-cpu tensorflow-gpu tensorflow-macos
    umap umap-learn
    weaviate weaviate-client
    websocket websocket-client
    whisper openai-whisper
    yaml pyyaml
    zmq pyzmq
"""
# Where the two names are the same, and the distribution is known to be the one that people mean.
SAME = """
    accelerate aenum aiofiles aiohttp annotated_types anthropic anyio attrs bitsandbytes boto3 botocore catboost cattrs
    chromadb click cloudpickle cohere crewai cupy datasets dask dataclasses_json diffusers dill dynaconf easyocr einops
    email_validator emoji environs evaluate fastai fastapi faster_whisper flask flax ftfy gensim gradio groq gunicorn httpx
    huggingface_hub imageio instructor jax jieba joblib keras kornia langchain langchain_community langchain_core
    langchain_openai langgraph librosa lightgbm litellm llama_index llama_index_core loguru marshmallow matplotlib mistralai
    mlflow modelscope networkx nltk numba numpy omegaconf onnx openai openvino optimum optuna orjson outlines paddleocr pandas
    pdf2image pdfplumber peft plotly polars prometheus_client psutil pyarrow pydantic pydantic_core pydantic_extra_types
    pydantic_settings pydub pymilvus pymongo pymysql pypdf PyPDF2 pyspark pytesseract pytorch_lightning pytz qdrant_client ray
    redis regex requests rich safetensors scipy seaborn sentence_transformers sentencepiece sentry_sdk setuptools sglang shap
    simplejson soundfile spacy sqlalchemy sqlmodel starlette statsmodels streamlit strenum structlog supervision tabulate
    tenacity tensorflow_hub tf_keras tiktoken timm tokenizers toml tomli tomlkit torch torchaudio torchmetrics torchvision
    tqdm transformers tritonclient trl typer typing_extensions ujson ultralytics unstructured uvicorn vllm wandb whisperx
    xformers xgboost
"""
# Never stood in for. BentoML itself works with the first; the others are read while a service is imported, for settings and
# the types of its APIs.
REAL = """
    PIL annotated_types attr attrs cattr cattrs click fastapi huggingface_hub numpy pandas pyarrow pydantic pydantic_core
    starlette typing_extensions yaml

    aenum decouple dotenv dynaconf email_validator environs hydra omegaconf pydantic_extra_types pydantic_settings pytz
    sqlmodel strenum toml tomli tomlkit
"""
NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
# An address says the name, or ends with that of a repository.
URL = re.compile(r"#egg=([A-Za-z0-9._-]+)")
REPOSITORY = re.compile(r"^git\+\S+/([A-Za-z0-9._-]+?)(?:\.git)?(?:[@#]\S*)?$")
# A whole version, as the package would say it: neither `==4.40.*` nor `==4`.
EXACT = re.compile(r"==\s*([0-9][A-Za-z0-9!]*\.[A-Za-z0-9.!+_-]*)(?![\w.*!+-])")

different = {row.split()[0]: row.split()[1:] for row in DIFFERENT.strip().splitlines()}
real = set(REAL.split())


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def applies(line):
    """Is the line for this Python? One that cannot be read is."""
    _, _, marker = line.partition(";" if "://" not in line else " ;")
    if not marker.strip():
        return True
    try:
        from packaging.markers import Marker

        return Marker(marker.strip()).evaluate()
    except Exception:
        return True


known = {**{name: [normal(name)] for name in SAME.split()}, **{name: list(map(normal, found)) for name, found in different.items()}}
modules = {distribution: module for module, found in known.items() for distribution in found}


class Distributions:
    """The requirements of a project, by the modules that they bring."""

    def __init__(self, requirements):
        self.lines, others = {}, {}
        for line in requirements:
            text = line.split(" #")[0].split(" --hash")[0].strip().rstrip("\\").strip()
            found = URL.search(line) or REPOSITORY.match(text)
            if found is None:
                found = None if text.startswith("-") else NAME.match(text)
                if found is None or text[found.end():].lstrip().startswith(("/", ":", "+")):
                    continue
            (self.lines if applies(text) else others).setdefault(normal(found.group(1)), text)
        # A package that this machine does not get is still one that the project means.
        self.lines = {**others, **self.lines}

    def names(self, module):
        """The distributions that may have the module, the likeliest first; those of a shared name (`google`) by their start."""
        own = normal(module)
        found = known.get(module) or known.get(module.split(".")[0], [])
        shared = [name for name in self.lines if name.startswith(own + "-")] if own in ("google", "azure", "opentelemetry", "llama-index") or "." in module else []
        listed = [name for name in [own] + found + shared if name in self.lines]
        return listed or found

    def listed(self, module):
        return any(name in self.lines for name in self.names(module))

    def known(self, module):
        return module in known or self.listed(module)

    def always_real(self, module):
        return module.split(".")[0] in real

    def requirement(self, module):
        """What to install for the module: a line of the project, else a name of the table; nothing where neither has it."""
        names = self.names(module)
        return self.lines.get(names[0], names[0]) if names else None

    def version(self, module):
        """The version that the project fixes."""
        names = self.names(module)
        found = EXACT.search(self.lines.get(names[0], "")) if names else None
        return found.group(1) if found else None

    def module(self, distribution):
        name = normal(distribution)
        return modules.get(name, name.replace("-", "_"))
