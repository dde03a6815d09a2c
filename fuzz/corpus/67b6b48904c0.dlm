train{privacy{﻿
(