"""What may be done where: pure evaluation of policies. Nothing is stored, asked or sent here."""
