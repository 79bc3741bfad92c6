"""What services say on Kafka: one module per publisher. Golden schemas in schemas/, examples in examples/.

Within a version only optional fields are added; anything else is a new version with an upcast function beside it.
No field may hold a person: tests walk every field against an allow-list of kinds.
"""
