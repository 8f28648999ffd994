"""Text that is no language, for the class `zxx_Zzzz`: generated, or pieces of source code."""

import random
import string
from collections.abc import Callable, Sequence

# A well-known placeholder text (public domain), which pages show before their own text is written.
_LOREM_TEXT = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat "
    "duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur excepteur "
    "sint occaecat cupidatat non proident sunt in culpa qui officia deserunt mollit anim id est laborum"
)
LOREM = tuple(_LOREM_TEXT.split())

# UTF-8 read as one of these, or one of these read as Latin-1: the usual ways to break text.
_WRONG_CHARSETS = (
    "latin-1", "latin-1", "cp1252", "cp1252", "cp1251", "koi8-r", "mac-roman", "cp437", "gbk", "shift_jis", "cp1256",
    "euc-kr",
)  # fmt: skip
_CYRILLIC_CHARSETS = ("cp1251", "koi8-r", "cp1253", "cp1255", "gbk", "euc-kr")

# Ranges that random characters come from: Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Bengali, Thai, Georgian,
# kana, Han, Hangul, Ethiopic, and symbols.
_RANGES = (
    (0x21, 0x7E), (0xA1, 0x17F), (0x391, 0x3C9), (0x400, 0x4FF), (0x5D0, 0x5EA), (0x620, 0x6D3), (0x904, 0x970),
    (0x985, 0x9B9), (0xE01, 0xE3A), (0x10D0, 0x10F0), (0x3041, 0x30FA), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3),
    (0x1200, 0x1248), (0x2190, 0x257F), (0x1F300, 0x1F64F),
)  # fmt: skip
_ALPHABETS = (
    string.ascii_lowercase, string.ascii_letters + string.digits, "0123456789abcdef",
    string.ascii_letters + "0123456789+/",
    string.ascii_uppercase + string.digits, string.punctuation, string.digits,
)  # fmt: skip
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "Kč", "zł", "kr", "Rs.", "RUB", "US$")
_UNITS = ("mm", "cm", "kg", "GB", "MB", "px", "W", "V", "ml", "Hz", "mAh", "%", "x", "€", "$", "°C")


class Noise:
    """A reproducible generator of text that is no language."""

    def __init__(self, code: Sequence[str], texts: Sequence[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._code = code
        self._texts = [text for text in texts if not text.isascii()]
        kinds: dict[Callable[[], str], int] = {
            self._snippet: 34,
            self._mojibake: 14,
            self._items: 9,
            self._tokens: 8,
            self._addresses: 6,
            self._mixture: 6,
            self._placeholder: 6,
            self._json: 4,
            self._css: 4,
            self._html: 4,
            self._log: 2,
            self._repeated: 2,
        }
        self._kinds, self._weights = zip(*kinds.items(), strict=True)

    def line(self) -> str:
        """One line."""
        (kind,) = self._random.choices(self._kinds, self._weights)
        return " ".join(kind().split())

    def _word(self, low: int = 2, high: int = 9) -> str:
        return "".join(self._random.choices(string.ascii_lowercase, k=self._random.randint(low, high)))

    def _snippet(self) -> str:
        if not self._code:
            return self._json()
        text = self._random.choice(self._code)
        start = text.rfind("\n", 0, self._random.randint(0, max(0, len(text) - 50))) + 1
        return text[start : start + self._random.choice((20, 30, 60, 100, 150, 300, 600))]

    def _tokens(self) -> str:
        alphabet = self._random.choice(_ALPHABETS)
        words = [
            "".join(self._random.choices(alphabet, k=self._random.randint(3, 30)))
            for _ in range(self._random.randint(1, 8))
        ]
        return self._random.choice((" ", "-", "_", ":", "")).join(words)

    def _number(self) -> str:
        r = self._random
        return r.choice((
            str(r.randint(0, 10 ** r.randint(1, 9))),
            f"{r.uniform(0, 10_000):.{r.randint(1, 4)}f}",
            f"{r.choice('$€£¥₹+-#')}{r.randint(1, 9999):,}",
            f"{r.randint(1, 999)}{r.choice(('', ' '))}{r.choice(_UNITS)}",
            f"{r.choice(_CURRENCIES)} {r.randint(1, 999)}{r.choice('.,')}{r.randint(0, 99):02}",
            f"{r.randint(1, 9)} x {r.randint(1, 999)}{r.choice(('', ' '))}{r.choice(_UNITS)}",
            f"{r.randint(1990, 2030)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
            f"{r.randint(1, 31)}.{r.randint(1, 12)}.{r.randint(1990, 2030)}",
            f"{r.randint(0, 23):02}:{r.randint(0, 59):02}",
            f"+{r.randint(1, 99)} {r.randint(100, 999)} {r.randint(1000, 9999)}",
            f"v{r.randint(0, 9)}.{r.randint(0, 20)}.{r.randint(0, 30)}",
            f"{r.randint(10, 4000)}x{r.randint(10, 4000)}",
        ))  # fmt: skip

    def _items(self) -> str:
        """Prices, dates, telephone numbers, product codes."""
        r = self._random
        codes = (
            self._number,
            self._number,
            lambda: f"{self._word(2, 4).upper()}{r.choice(('', '-'))}{r.randint(1, 9999)}",
        )
        return r.choice((" ", " ", " / ", " | ", ", ")).join(r.choice(codes)() for _ in range(r.randint(1, 14)))

    def _addresses(self) -> str:
        r = self._random
        starts = ("https://www.", "http://", "https://", "www.", "")
        domains = (".com", ".org", ".de", ".cn", ".ru", ".net", ".io", ".co.uk")
        paths = ("", f"/{self._word()}", f"/{self._word()}/{self._word()}.html", f"/?id={r.randint(1, 99999)}")
        return " ".join(
            f"{r.choice(starts)}{self._word(3, 12)}{r.choice(domains)}{r.choice(paths)}" for _ in range(r.randint(1, 4))
        )

    def _mixture(self) -> str:
        """Characters of many scripts."""
        r = self._random
        ranges = r.sample(_RANGES, r.randint(3, len(_RANGES)))
        return "".join(
            chr(r.randint(*r.choice(ranges))) + (" " if r.random() < 0.12 else "") for _ in range(r.randint(6, 80))
        )

    def _mojibake(self) -> str:
        """Text whose bytes were read with a wrong charset."""
        r = self._random
        if not self._texts:
            return self._tokens()
        text = r.choice(self._texts)
        start = r.randint(0, max(0, len(text) - 20))
        text = text[start : start + r.choice((15, 30, 60, 120))]
        if r.random() < 0.2:
            return text.encode(r.choice(_CYRILLIC_CHARSETS), "ignore").decode("latin-1")
        return text.encode("utf-8").decode(r.choice(_WRONG_CHARSETS), r.choice(("ignore", "replace")))

    def _placeholder(self) -> str:
        r = self._random
        start = r.randint(0, len(LOREM) - 4)
        words = LOREM[start : start + r.randint(3, 30)] if r.random() < 0.6 else r.choices(LOREM, k=r.randint(3, 30))
        return " ".join(words).capitalize() + r.choice((".", "", ",", "…"))

    def _value(self) -> str:
        return self._random.choice(
            (self._number(), f'"{self._word()}"', f'"{self._tokens()[:24]}"', "null", "true", "[]", "{}")
        )

    def _json(self) -> str:
        fields = ", ".join(f'"{self._word()}": {self._value()}' for _ in range(self._random.randint(1, 8)))
        return f"{{{fields}{self._random.choice(('}', ''))}"

    def _css(self) -> str:
        r = self._random
        rules = (
            lambda: f"color:#{r.randint(0, 0xFFFFFF):06x}",
            lambda: f"padding:{r.randint(0, 20)}px {r.randint(0, 20)}px",
            lambda: f"display:{r.choice(('flex', 'block', 'none', 'grid', 'inline-block'))}",
            lambda: f"width:{r.randint(1, 100)}%",
            lambda: f"position:{r.choice(('absolute', 'relative', 'fixed'))}",
            lambda: f"font-size:{r.randint(8, 40)}px",
            lambda: f"{self._word()}:{self._number()}",
        )
        blocks = (";".join(r.choice(rules)() for _ in range(r.randint(1, 6))) for _ in range(r.randint(1, 4)))
        return "".join(f"{r.choice('.#')}{self._word()}{{{block}}}" for block in blocks)

    def _html(self) -> str:
        r = self._random
        tags = r.choices(("div", "span", "li", "a", "p", "td", "tr", "img", "script", "option"), k=r.randint(1, 5))
        return " ".join(
            f'<{tag} class="{self._word()}-{self._word()}" id="{self._word()}">{r.choice(("", self._number()))}</{tag}>'
            for tag in tags
        )

    def _log(self) -> str:
        level = self._random.choice(("INFO", "WARN", "ERROR", "DEBUG"))
        place = f"{self._word()}.{self._word()}"
        return f"{self._number()} {self._number()} [{level}] {place}:{self._number()} {self._tokens()[:40]}"

    def _repeated(self) -> str:
        return self._random.choice("-=*#~_.axAo0|•") * self._random.randint(4, 60)
