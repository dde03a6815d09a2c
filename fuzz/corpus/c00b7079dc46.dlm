
﻿dlm