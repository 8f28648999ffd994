"""What must be equal for the keys of two runs to be comparable.

An index outlives versions, so it does not hold a hash of source code, which any comment changes. It holds what that
code makes of known texts: words, shingles, signatures, digests and keys in many scripts.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from configs.model import Deduplication
from dedup.exact import payload_identity, text_digest, url_identity
from dedup.minhash import document_signature
from dedup.parameters import COMPARED
from filters.text import Text
from pipeline.clustering.keys import document_keys
from pipeline.errors import UsageError
from pipeline.fingerprints import digest
from pipeline.signatures import signature_bytes, signature_type

SCOPE_SETTINGS = ("exact", "scope", "snapshots")
# Scripts with and without spaces, marks that are letters and marks that are not, digits, case, and no words at all.
KNOWN_TEXTS = (
    ("deu_Latn", "Straße, Ärger & 1.234,56 €: GROSS und klein stehen hier nebeneinander."),
    ("vie_Latn", "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm."),
    ("tur_Latn", "İstanbul'da ışık ılık; bütün insanlar hür ve eşit doğarlar."),
    ("ell_Grek", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια."),
    ("rus_Cyrl", "Все люди рождаются свободными; ещё ёлка, 2026 год."),
    ("arb_Arab", "يُولَدُ جميعُ الناسِ أحراراً متساوين في الكرامة والحقوق ١٢٣."),
    ("heb_Hebr", "כל בני האדם נולדו בני חורין ושווים בערכם."),
    ("hin_Deva", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है। दिन दान"),
    ("tam_Taml", "மனிதப் பிறவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்."),
    ("tha_Thai", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"),
    ("khm_Khmr", "មនុស្សទាំងអស់កើតមកមានសេរីភាពនិងសមភាព"),
    ("mya_Mymr", "လူတိုင်းသည် တူညီလွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများဖြစ်သည်။"),
    ("cmn_Hani", "人人生而自由，在尊严和权利上一律平等。"),
    ("jpn_Jpan", "すべての人間は、生まれながらにして自由であり、尊厳と権利とについて平等である。"),
    ("kor_Hang", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
    ("bod_Tibt", "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌།"),
    ("amh_Ethi", "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።"),
    ("zxx_Zzzz", "👍🏽 — ‼ 2026-11-21"),
)
KNOWN_ADDRESS = "HTTP://Bücher.example:80/a/../b%7e?utm_source=feed&id=7#top"
KNOWN_DIGEST = "sha1:ZAIZKR6X6EOIYZNW3RYKEMFAMXIFSCH6"


def comparable(settings: Deduplication) -> dict[str, Any]:
    """What makes the keys of a run comparable, as plain data: settings, Unicode's version, and the known answers."""
    chosen = settings.model_dump(mode="json", include={*COMPARED, *SCOPE_SETTINGS})
    # The order of a list says nothing here.
    plain = {name: sorted(value) if isinstance(value, list) else value for name, value in chosen.items()}
    return plain | {"unicode": unicodedata.unidata_version, "known_answers": known_answers(settings)}


@cache
def known_answers(settings: Deduplication) -> str:
    """A hash of the signatures and keys of known texts with known addresses and digests."""
    signatures = [
        document_signature(text, Text(text, language, KNOWN_ADDRESS).words, language.rpartition("_")[2], settings)
        for language, text in KNOWN_TEXTS
    ]
    count = len(KNOWN_TEXTS)
    table = pa.table(
        {
            "language": [language for language, _ in KNOWN_TEXTS],
            "dump": ["CC-MAIN-2026-30"] * count,
            "signature": pa.array(map(signature_bytes, signatures), signature_type(settings.size)),
            "text_digest": pa.array([text_digest(text) for _, text in KNOWN_TEXTS], pa.binary(16)),
            "payload_identity": pa.array([payload_identity(KNOWN_DIGEST)] * count, pa.binary(16)),
            "url_identity": pa.array([url_identity(KNOWN_ADDRESS)] * count, pa.binary(16)),
        }
    )
    keys, exists = document_keys(table, settings)
    plain = [values.tolist() if values is not None else None for values in signatures]
    # The order of a document's keys is that of settings, and says nothing.
    return digest(plain, [sorted(row[known].tolist()) for row, known in zip(keys, exists, strict=True)])


def check_comparable(url: str, index: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Raise UsageError, which names each difference, where keys of a run and of an index mean different things."""
    differences = []
    for name in sorted(index.keys() | run.keys()):
        if index.get(name) == run.get(name):
            continue
        if name == "known_answers":
            differences.append("this version of glotmill makes other keys of the same texts")
        elif name == "unicode":
            differences.append(f"Unicode {run.get(name)} in this Python, {index.get(name)} in the index")
        else:
            differences.append(f"deduplication.{name}: {run.get(name)} in the run, {index.get(name)} in the index")
    if differences:
        raise UsageError(
            f"{url}: documents cannot be compared with this index: {'; '.join(differences)}. Use what the index was "
            "made with, or begin another index"
        )
