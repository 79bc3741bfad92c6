"""The programme every unit mounts: activities, their occurrences with rooms, and head counts."""
