table{[
|