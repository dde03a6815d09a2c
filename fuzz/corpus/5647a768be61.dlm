{
use""{brick  x}