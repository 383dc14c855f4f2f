struct pair {
    long a, b;
};

long sum(struct pair *p)
{
    return p ? p->a + p->b : 0;
}

int less(int a, unsigned char b)
{
    return a - b;
}

int of_struct(struct pair p)
{
    return 1;
}
