mod scalars;
