"""Settings and columns of the stage rights."""

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from filters.base import Column, Rule
from pipeline.rights.agents import AI_AGENTS

STATEMENTS = pa.list_(pa.string())

# Of stage curate, from the page itself.
ROBOTS_COLUMN = Column(
    "robots",
    STATEMENTS,
    "",
    "what page and HTTP headers say about its use: `meta:noai`, `header/gptbot:noindex`, `header:tdm-reservation=1`; "
    "null: nothing",
    "curate",
)
# Of stage rights, where there is something to look up.
RIGHTS_COLUMNS = (
    Column(
        "robots_txt",
        STATEMENTS,
        "",
        "what the site's robots.txt and tdmrep.json say about the address: `robots.txt/ccbot:disallow`, "
        "`robots.txt:ai-train=no`; empty: nothing against it; null: no such file in `rights.robots_txt`",
        "rights",
    ),
    Column("opted_out", pa.string(), "", "entry of `rights.opt_outs` that the address falls under", "rights"),
)

# Reservations against text and data mining, or against training, that name no crawler.
RESERVATIONS = ("*:noai", "*:noml", "*:tdm-reservation=1", "*:ai-train=no", "*:train-ai=n", "*:train-ai=no")
RIGHTS_RULES = {
    "robots": Rule(column="robots", none_of=RESERVATIONS),
    "robots_txt": Rule(column="robots_txt", none_of=("*:disallow", *RESERVATIONS)),
    "opted_out": Rule(column="opted_out", none_of=("*",)),
}


class RightsParameters(BaseModel):
    """Opt-outs outside the page: robots.txt records of the crawl, and a list of those who asked to be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    robots_txt: tuple[str, ...] = Field(
        default=(), description="WARC files with the crawl's robots.txt records: paths, globs, folders, *.paths lists"
    )
    agents: tuple[str, ...] = Field(
        default=AI_AGENTS, description="crawlers whose robots.txt rules are answered, beside those for everyone"
    )
    opt_outs: str | None = Field(
        default=None, description="file of hosts and beginnings of addresses that are left out, one a line"
    )

    @field_validator("agents")
    @classmethod
    def _names_are_lower_case(cls, agents: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(agent.strip().lower() for agent in agents))

    @property
    def enabled(self) -> bool:
        """Whether there is anything to look up."""
        return bool(self.robots_txt or self.opt_outs)
