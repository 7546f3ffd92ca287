"""The parts of the patterns pages: what can be asked, whether it can be answered, the work, the answers, the files."""
