line
    {}