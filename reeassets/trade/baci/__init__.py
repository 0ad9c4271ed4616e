"""CEPII BACI as a user downloads it: the archive of one nomenclature, its unpacked folder, or single year files."""
