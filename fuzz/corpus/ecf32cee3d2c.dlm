model net # atNend
{}