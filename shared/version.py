"""The version of this checkout, as /version and the contracts report it."""

VERSION = "0.1.0"
