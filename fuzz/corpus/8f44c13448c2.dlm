data springs{{}
} 