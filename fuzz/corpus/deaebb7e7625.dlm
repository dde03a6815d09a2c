admtable
#
    |}