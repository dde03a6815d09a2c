data
{}