"""Input that means harm, or is merely broken: none of it crashes, none of it is lost without a word."""
