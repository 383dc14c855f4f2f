struct before {
    int x;
};

struct wrong {
    no_such_type x;
};
