"""What a data root holds, what is due, what is missing, what to ask for, and how damage is repaired."""
