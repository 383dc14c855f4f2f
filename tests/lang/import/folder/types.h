struct from_folder { int x; };
