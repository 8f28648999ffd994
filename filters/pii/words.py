"""Words that say what the number after them is, in many languages: evidence where a number alone is none."""

import re
from collections.abc import Iterable

from filters.pii.numbers import Number

WINDOW = 48  # characters before a number in which its word stands: "Telefonnummer (Mo-Fr, Ortstarif): "


def _pattern(parts: Iterable[str], anywhere: Iterable[str] = ()) -> re.Pattern[str]:
    """Words that stand for themselves, and those that also end compounds or are of scripts without spaces."""
    return re.compile(
        rf"(?<![^\W\d_])(?:{'|'.join(parts)})(?![^\W\d_])|(?:{'|'.join(anywhere) or '(?!)'})", re.IGNORECASE
    )


PHONE = _pattern(
    (
        *("[tfmp](?=[.:])", "tel[eé]?", "tlf", "tfno", "tlfn", "fon", "fone", "ph", "phones?", "mob", "mobi?le?n?"),
        *("cell", "cel", "celular", "c[eé]llulaire", "cellulare", "m[oó]vil", "handy", "gsm", "fax", "telefax", "call"),
        *("dial", "hotline", "whats ?app", "viber", "telegram", "signal", "sms", "puh", "gsm", "sími", "sz[aá]m"),
        *("tél", "appel(?:ez|er)?", "llam[ae]r?", "ligue", "chiama(?:re)?", "anrufen?", "rufnummer", "durchwahl"),
        *(
            "тел",
            "моб",
            "факс",
            "т(?=[.:])",
            "τηλ",
            "κιν",
            "φαξ",
            "טל",
            "נייד",
            "פקס",
            "ت(?=[.:])",
            "تلفاكس",
            "هـ",
            "ठेल",
        ),
        *("đt", "sđt", "hp", "no\\.? ?hp", "telp", "wa", "tálib", "simu", "foni", "bel", "ring", "soita", "zadzwoń"),
    ),
    (
        *("telefon\\w*", "telephone", "téléphone", "teléfono\\w*", "telefoon\\w*", "telèfon", "teileafón", "ffôn"),
        *("puhelin\\w*", "телефон\\w*", "мобильн\\w*", "мобілн\\w*", "τηλέφων\\w*", "τηλεφων\\w*", "κινητό"),
        *("điện thoại", "di động", "telepon", "ponsel", "sıhhat hattı", "հեռախոս", "ტელეფონ", "ტელ", "հեռ"),
        *(
            "電話",
            "电话",
            "手機",
            "手机",
            "致电",
            "致電",
            "热线",
            "熱線",
            "传真",
            "傳真",
            "携帯",
            "ファックス",
            "連絡先",
        ),
        *("전화", "휴대폰", "핸드폰", "연락처", "팩스", "โทร", "มือถือ", "โทรสาร", "ໂທ", "ទូរស័ព្ទ", "ဖုန်း"),
        *("هاتف", "جوال", "موبايل", "اتصل", "الهاتف", "فاكس", "تلفن", "موبایل", "تماس", "فون", "טלפון", "נייד"),
        *("फ़ोन", "फोन", "मोबाइल", "दूरभाष", "ফোন", "মোবাইল", "தொலைபேசி", "ఫోన్", "ಫೋನ್", "ഫോൺ", "ફોન", "ਫ਼ੋਨ"),
        *("ስልክ", "දුරකථන", "☎", "☏", "📞", "📱", "✆", "🕿"),
    ),
)
CARD = _pattern(
    (
        *("visa", "master ?card", "amex", "american express", "maestro", "unionpay", "jcb", "discover", "rupay", "мир"),
        *("cards?", "cc", "carte", "tarjeta", "cart[aã]o", "carta", "карт[аыуе]", "картк[аи]", "kart[ay]?", "kartı"),
        *("kortti", "korttinumero", "kort", "k[aá]rtya", "κάρτα", "kartu", "thẻ"),
    ),
    (
        *(
            "kreditkart\\w*",
            "kartennummer",
            "creditcard\\w*",
            "kortnummer",
            "カード",
            "银行卡",
            "銀行卡",
            "信用卡",
            "卡号",
        ),
        *("카드", "בטاقة", "بطاقة", "کارت", "कार्ड", "কার্ড", "บัตร", "אשראי"),
    ),
)
# Numbers that look like telephone numbers and are named as something else.
OTHER = _pattern(
    (
        *("isbn", "issn", "doi", "pmid", "pmc", "ean", "gtin", "upc", "asin", "sku", "oclc", "lccn", "arxiv", "iban"),
        *("bic", "blz", "konto\\w*", "kto", "account", "order", "invoice", "rechnung\\w*", "patent", "bug", "issue"),
        *("id", "pid", "uid", "gid", "ticket", "ref", "serial", "imei", "version", "ver", "hrb", "hra", "ust-?id\\w*"),
        *("steuernummer", "siret", "siren", "rcs", "cnpj", "nif", "cif", "nip", "krs", "regon", "инн", "огрн", "кпп"),
        *("vat", "tva", "iva", "p\\.? ?iva", "kvk", "btw", "cvr", "orgnr", "abn", "acn", "postgiro", "bankgiro"),
        *("date", "datum", "year", "copyright", "postcode", "zip", "article", "art", "model"),
    ),
    ("nummer der", "登録番号", "许可证", "备案", "사업자", "등록번호"),
)


def before_says(words: re.Pattern[str], number: Number) -> bool:
    """Whether a word of a kind stands before a number, without another number between them.

    >>> from filters.pii.numbers import find_numbers
    >>> [before_says(PHONE, number) for number in find_numbers("Hotel 12345, Servicetelefon: 12345, 電話12345")]
    [False, True, True]
    """
    return words.search(near_before(number)) is not None


def near_before(number: Number) -> str:
    """The text before a number, back to the number before it, the second line end or WINDOW characters.

    >>> from filters.pii.numbers import find_numbers
    >>> near_before(find_numbers("Fax 98765\\nTelefon\\n12345")[1])
    'Telefon\\n'
    """
    before = number.before(WINDOW)
    lines = before.rsplit("\n", 2)
    before = "\n".join(lines[-2:])
    digits = [found.end() for found in re.finditer(r"\d{3,}", before)]
    return before[digits[-1] :].lstrip("\n") if digits else before
