"""Examples of what each kind of unit says beside its programme: `events(unit_id)` in a module called as the unit is."""
