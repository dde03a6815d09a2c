 source 
}