"""Torg on one machine: a real Kafka, a real PostgreSQL and every service as a process of its own."""
