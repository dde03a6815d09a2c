data:hail
    |
0
    }