data springs{source:table{|.1|}
}