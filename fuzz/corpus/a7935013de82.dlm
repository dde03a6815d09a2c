data pairs{source()
source()
source()}