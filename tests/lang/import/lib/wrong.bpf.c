int wrong(int x)
{
    return y;
}
