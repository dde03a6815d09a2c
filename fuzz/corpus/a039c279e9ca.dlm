optimizer|
    |}