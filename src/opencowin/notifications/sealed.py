"""What the room's sealed columns are sealed for."""

RECIPIENT = "message.recipient"
TEXT = "message.text"
