"""The stage rights: what site files and opt-outs say, whatever the blocks, the parts, the memory and the runner."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from protego import Protego
from rich.console import Console
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from configs.load import load_configuration
from pipeline.clustering.nodes import ClusterJob, number_nodes
from pipeline.clustering.steps import is_finished
from pipeline.errors import ConfigurationError, InputError, ShardError
from pipeline.fingerprints import Fingerprints
from pipeline.rights import stage
from pipeline.rights.parameters import RightsParameters
from pipeline.rights.stage import RIGHTS, look_up_rights, rights_job
from pipeline.runner import InlineRunner, RayRunner
from pipeline.shards import Job, read_commits, read_table, write_table
from pipeline.storage import Folder

QUIET = Console(quiet=True)
HOSTS = [f"https://host{number}.example" for number in range(40)]
AGENTS = ("ccbot", "gptbot")


def make_robots(seed):
    """Site files of the hosts, some with several of different dates, as (address, date, status, body)."""
    random = np.random.default_rng(seed)
    records = []
    for number, host in enumerate(HOSTS):
        if number % 5 == 4:
            continue  # never fetched
        for fetched in range(random.integers(1, 4)):
            agent = random.choice(["*", "CCBot", "GPTBot"])
            text = f"User-agent: {agent}\nDisallow: /{random.choice(['', 'a', 'b'])}\n"
            records.append((f"{host}/robots.txt", f"2026-10-{10 + fetched:02d}T00:00:00Z", "200 OK", text))
    records.append((f"{HOSTS[0]}/robots.txt", "2026-10-30T00:00:00Z", "503 Unavailable", "User-agent: *\nDisallow: /"))
    records.append((f"{HOSTS[4]}/robots.txt", "2026-10-01T00:00:00Z", "404 Not Found", "User-agent: *\nDisallow: /"))
    html = "<!doctype html><html>User-agent: *\nDisallow: /</html>"
    records.append((f"{HOSTS[9]}/robots.txt", "2026-10-01T00:00:00Z", "200 OK", html))
    records.append((f"{HOSTS[0]}/page", "2026-10-30T00:00:00Z", "200 OK", "<html>"))
    return records


def write_warc(path, records):
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    for url, date, status, body in records:
        headers = StatusAndHeaders(status, [("Content-Type", "text/plain")], protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(body.encode()),
            http_headers=headers,
            warc_headers_dict={"WARC-Date": date},
        )
        writer.write_record(record)
    path.write_bytes(stream.getvalue())
    return str(path)


def make_documents(seed, count):
    random = np.random.default_rng(seed)
    urls = [f"{random.choice(HOSTS)}/{random.choice(['', 'a1', 'b1', 'c1'])}" for _ in range(count)]
    urls[3], urls[5] = None, "no address"
    return [{"key": hashlib.md5(f"{seed}.{n}".encode()).digest(), "url": url} for n, url in enumerate(urls)]


def expected_rows(documents, records, opted_out=()):
    """The oracle: the newest file of each host, asked one address at a time."""
    newest = {}
    for url, _, status, body in sorted(records, key=lambda record: record[1]):
        if url.endswith("/robots.txt") and status[:3] in ("200", "404"):
            newest[url.removesuffix("/robots.txt")] = body if status[0] == "2" and body[0] != "<" else ""
    for document in documents:
        url = document["url"]
        host = url.rpartition("/")[0] if url else None
        said = None
        if host in newest:
            rules = Protego.parse(newest[host])
            names = {"*": "robots.txt", **{agent: f"robots.txt/{agent}" for agent in AGENTS}}
            said = [f"{name}:disallow" for agent, name in names.items() if not rules.can_fetch(url, agent)]
        left_out = next((name for name in opted_out if host == f"https://{name}"), None)
        yield {"key": document["key"], "robots_txt": said, "opted_out": left_out}


def write_run(folder, documents, shards, memory=1):
    folder = Folder(str(folder))
    sizes = {}
    schema = pa.schema([("key", pa.binary(16)), ("url", pa.string())])
    for number, rows in enumerate(np.array_split(np.arange(len(documents)), shards)):
        name = f"shard-{number:03d}"
        table = pa.Table.from_pylist([documents[row] for row in rows], schema=schema)
        write_table(folder, f"documents/{name}.parquet", table)
        sizes[name] = (len(rows), name)
    configuration = load_configuration("default", [f"deduplication.memory_megabytes={memory}"])
    job = Job(folder, configuration, Fingerprints.of(configuration, [], {}))
    return ClusterJob(job, number_nodes(sizes, 0, memory * 10**6), "clustering")


def in_small_blocks(work):
    shards = {shard.name: (shard.count, shard.content) for block in work.nodes.blocks for shard in block.shards}
    return replace(work, nodes=number_nodes(shards, 0, 1))


def found(work):
    names = work.job.folder.names("rights", ".parquet")
    return [row for name in names for row in read_table(work.job.folder, name).to_pylist()]


def file_bytes(work):
    folder = work.job.folder
    return {name: folder.open(name).read() for name in folder.names("rights", ".parquet")}


@pytest.fixture(scope="module")
def records():
    return make_robots(1)


@pytest.fixture(scope="module")
def documents():
    return make_documents(2, 400)


@pytest.fixture(scope="module")
def parameters(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("robots")
    write_warc(folder / "one.warc.gz", records[::2])
    write_warc(folder / "two.warc.gz", records[1::2])
    return RightsParameters(robots_txt=(str(folder),), agents=AGENTS)


@pytest.mark.parametrize("shards", [1, 6])
def test_answers_agree_with_one_address_at_a_time(tmp_path, documents, records, parameters, shards):
    work = write_run(tmp_path, documents, shards)
    look_up_rights(rights_job(work, parameters), InlineRunner(), QUIET)
    expected = list(expected_rows(documents, records))
    assert found(work) == expected
    answers = [row["robots_txt"] for row in expected]
    assert None in answers
    assert [] in answers
    assert any("robots.txt/ccbot:disallow" in said for said in answers if said)
    assert read_table(work.job.folder, "rights/shard-000.parquet").schema.equals(RIGHTS)
    assert not work.job.folder.names("work"), "nothing of the steps between is left"


def test_the_commits_count_what_was_found(tmp_path, documents, records, parameters):
    work = write_run(tmp_path, documents, 2)
    job = rights_job(work, parameters)
    look_up_rights(job, InlineRunner(), QUIET)
    commits = read_commits(work.job.folder, "rights", dict.fromkeys(("shard-000", "shard-001"), job.fingerprint))
    said = [row["robots_txt"] or [] for row in expected_rows(documents, records)]
    counted = sum(facts["statements"].get("robots.txt/gptbot:disallow", 0) for facts in commits.values())
    assert counted == sum("robots.txt/gptbot:disallow" in statements for statements in said) > 0


def test_blocks_parts_and_full_memory_change_nothing(tmp_path, documents, parameters, monkeypatch):
    whole = write_run(tmp_path / "whole", documents, 6)
    look_up_rights(rights_job(whole, parameters), InlineRunner(), QUIET)
    small = in_small_blocks(write_run(tmp_path / "small", documents, 6))
    assert len(small.nodes.blocks) == 6
    sent = []
    send = stage.send
    monkeypatch.setattr(stage, "send", lambda folder, name, *rest: (sent.append(name), send(folder, name, *rest)))
    batches = stage.batches
    monkeypatch.setattr(stage, "batches", lambda rows, size: batches(rows, 1000))
    look_up_rights(rights_job(small, parameters), InlineRunner(), QUIET)
    assert any(name.endswith("-00001.parquet") for name in sent if "site_files" in name), "splits wrote in pieces"
    assert file_bytes(small) == file_bytes(whole)


def test_the_order_of_inputs_changes_nothing(tmp_path, documents, records):
    same_date = [
        (f"{HOSTS[1]}/robots.txt", "2027-01-01T00:00:00Z", "200 OK", f"User-agent: *\nDisallow: /{path}")
        for path in "ab"
    ]
    bytes_of = []
    for name, order in (("1", [*records, *same_date]), ("2", [*records, *same_date][::-1])):
        (tmp_path / name).mkdir()
        warc = write_warc(tmp_path / name / "robots.warc.gz", order)
        work = write_run(tmp_path / name / "run", documents, 3)
        look_up_rights(rights_job(work, RightsParameters(robots_txt=(warc,))), InlineRunner(), QUIET)
        bytes_of.append(file_bytes(work))
    assert bytes_of[0] == bytes_of[1]


def test_reservations_of_a_site_come_with_its_robots_txt(tmp_path):
    site = HOSTS[0]
    tdm = '[{"location": "/", "tdm-reservation": 1}]'
    records = [
        (f"{site}/.well-known/tdmrep.json", "2026-01-01T00:00:00Z", "200 OK", tdm),
        (f"{site}/robots.txt", "2026-01-01T00:00:00Z", "200 OK", "User-agent: *\nContent-Signal: ai-train=no"),
    ]
    work = write_run(tmp_path, [{"key": bytes(16), "url": f"{site}/"}], 1)
    parameters = RightsParameters(robots_txt=(write_warc(tmp_path / "x.warc.gz", records),))
    look_up_rights(rights_job(work, parameters), InlineRunner(), QUIET)
    assert found(work)[0]["robots_txt"] == ["robots.txt:ai-train=no", "tdmrep.json:tdm-reservation=1"]


def test_a_list_alone(tmp_path, documents):
    (tmp_path / "list.txt").write_text("host1.example\n# none\nhost2.example\n", encoding="utf-8")
    work = write_run(tmp_path / "run", documents, 2)
    look_up_rights(rights_job(work, RightsParameters(opt_outs=str(tmp_path / "list.txt"))), InlineRunner(), QUIET)
    assert found(work) == list(expected_rows(documents, [], ["host1.example", "host2.example"]))


def test_a_longer_list_looks_up_anew(tmp_path, documents, parameters):
    file = tmp_path / "list.txt"
    file.write_text("host1.example\n", encoding="utf-8")
    work = write_run(tmp_path / "run", documents, 2)
    job = rights_job(work, RightsParameters(opt_outs=str(file)))
    look_up_rights(job, InlineRunner(), QUIET)
    assert is_finished("rights", job)
    file.write_text("host1.example\nhost2.example\n", encoding="utf-8")
    again = rights_job(work, RightsParameters(opt_outs=str(file)))
    assert not is_finished("rights", again)
    look_up_rights(again, InlineRunner(), QUIET)
    assert {row["opted_out"] for row in found(work)} == {None, "host1.example", "host2.example"}


def test_bad_input(tmp_path, documents):
    work = write_run(tmp_path / "run", documents, 2)
    with pytest.raises(InputError, match="nowhere"):
        rights_job(work, RightsParameters(robots_txt=(str(tmp_path / "nowhere"),)))
    (tmp_path / "list.txt").write_text("what is this\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 1"):
        look_up_rights(rights_job(work, RightsParameters(opt_outs=str(tmp_path / "list.txt"))), InlineRunner(), QUIET)
    assert not work.job.folder.names("rights")


def test_damaged_files_are_errors(tmp_path, documents, parameters):
    work = in_small_blocks(write_run(tmp_path, documents, 3))
    name = work.job.folder.path("documents/shard-001.parquet")
    with open(name, "r+b") as stream:
        stream.truncate(100)
    with pytest.raises(ShardError, match="shard-001"):
        look_up_rights(rights_job(work, parameters), InlineRunner(), QUIET)


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_ray_writes_the_same_bytes(tmp_path, documents, parameters):
    works = [in_small_blocks(write_run(tmp_path / name, documents, 4)) for name in ("inline", "ray")]
    for work, runner in zip(works, (InlineRunner(), RayRunner()), strict=True):
        look_up_rights(rights_job(work, parameters), runner, QUIET)
    assert file_bytes(works[0]) == file_bytes(works[1])


class KilledError(Exception):
    """In place of a kill: nothing after it happens."""


class DyingRunner(InlineRunner):
    """Dies before its n-th task."""

    def __init__(self, tasks):
        self.left = tasks

    def map(self, function, tasks, shared):
        for task in tasks:
            if self.left == 0:
                raise KilledError
            self.left -= 1
            yield from super().map(function, [task], shared)


@pytest.mark.parametrize("tasks", [0, 1, 3, 6, 9, 12])
def test_a_killed_run_continues_with_what_is_left(tmp_path, documents, records, parameters, tasks):
    work = in_small_blocks(write_run(tmp_path, documents, 4))
    with pytest.raises(KilledError):
        look_up_rights(rights_job(work, parameters), DyingRunner(tasks), QUIET)
    look_up_rights(rights_job(work, parameters), InlineRunner(), QUIET)
    assert found(work) == list(expected_rows(documents, records))
