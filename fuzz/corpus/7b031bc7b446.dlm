(""
fn x=where(0x*(x))}("
fn x=10x*(x  }("
