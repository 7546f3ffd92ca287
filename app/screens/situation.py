"""A situation at a glance: what is recorded, what is verified, what waits, who speaks, where, and what is new."""

from app.boards import page

page.show()
