long undeclared(void)
{
    return no_such_function();
}
