{({{
train C}}}