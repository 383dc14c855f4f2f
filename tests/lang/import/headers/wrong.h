struct wrong { no_such_type x; };
