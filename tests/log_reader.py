"""The log of a whole house, read as the administrator of Kafka."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Message, TopicPartition

from deploy.house import topics
from deploy.local.instance import Instance
from tests.house import House

SECONDS = 60.0


class Reader:
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset of every partition and the one after its last."""
        places = [TopicPartition(one.name, number) for one in topics() for number in range(one.partitions)]
        return {place: self._consumer.get_watermark_offsets(place, timeout=30) for place in places}

    def records(self) -> Iterator[Message]:
        """Every record of every topic from the beginning to where it ends now, in order within a partition."""
        bounds = {place: limits for place, limits in self.bounds().items() if limits[0] < limits[1]}
        self._consumer.assign([TopicPartition(place.topic, place.partition, low) for place, (low, _) in bounds.items()])
        left = {(place.topic, place.partition): high for place, (_, high) in bounds.items()}
        deadline = time.monotonic() + SECONDS
        while left:
            assert time.monotonic() < deadline, f"the log could not be read to its end: {left}"
            for record in self._consumer.consume(1000, timeout=0.2):
                assert record.error() is None, record.error()
                place = (record.topic(), record.partition())
                if place in left:  # else it came after we began to look
                    yield record
                if record.offset() + 1 >= left.get(place, 0):
                    left.pop(place, None)


@contextmanager
def reading(house: House) -> Iterator[Reader]:
    instance = Instance(house.folder)
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{instance.ports_in_use()['kafka']}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": instance.passwords["admin"],
            "group.id": "torg-onlooker",
            "enable.auto.commit": False,
        }
    )
    try:
        yield Reader(consumer)
    finally:
        consumer.close()
