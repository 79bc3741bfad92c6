"""An invented house, and a day in it, told through the same interfaces as everybody else's. Demodata – oppdiktet."""
